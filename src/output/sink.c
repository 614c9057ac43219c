/* SPDX-License-Identifier: Apache-2.0 */
/* Large writes with a memory of what was not taken. */
#include "output/sink.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

void
sink_init(struct sink *s, int fd)
{
    *s = (struct sink){.fd = fd};
    buf_init(&s->buf, SINK_MAX);
}

void
sink_fini(struct sink *s)
{
    buf_fini(&s->buf);
}

static int
sink_error(int errnum, struct err *err)
{
    if (errnum == ENOSPC || errnum == EDQUOT)
        return err_sys(err, ERR_FULL, errnum, "no room");
    if (errnum == EPIPE)
        return err_sys(err, ERR_STOPPED, errnum, "nobody reads any more");
    return err_sys(err, ERR_IO, errnum, "cannot write");
}

int
sink_drain(struct sink *s, struct err *err)
{
    while (s->at < s->buf.len) {
        ssize_t n = write(s->fd, s->buf.p + s->at, s->buf.len - s->at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            struct pollfd p = {.fd = s->fd, .events = POLLOUT};
            (void)poll(&p, 1, 1000);
            continue;
        }
        if (n < 0)
            return sink_error(errno, err);
        s->at += (size_t)n;
        s->n_written += (uint64_t)n;
    }
    buf_clear(&s->buf);
    s->at = 0;
    return 0;
}
