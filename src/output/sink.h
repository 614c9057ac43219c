/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink: lines on their way to a descriptor, in few large writes. What a write did not take stays,
 * in order and without a break inside a line, until the next try.
 */
#ifndef OUTPUT_SINK_H
#define OUTPUT_SINK_H

#include "base/buf.h"
#include "base/err.h"

enum {
    SINK_WRITE = 256 << 10, /* bytes gathered before a write */
    SINK_MAX = 64 << 20     /* bound of what waits: a batch of 4 MiB may grow as text */
};

struct sink {
    struct buf buf;
    size_t at;          /* bytes of buf that are written */
    uint64_t n_written; /* in all */
    int fd;             /* borrowed */
};

void sink_init(struct sink *s, int fd);
void sink_fini(struct sink *s);

static inline size_t
sink_waiting(const struct sink *s)
{
    return s->buf.len - s->at;
}

/*
 * Writes all that waits. 0, or ERR_FULL (no space), ERR_STOPPED (the reader of the pipe is gone) or
 * ERR_IO with the text of the system in err; the rest waits for the next call.
 */
int sink_drain(struct sink *s, struct err *err);

#endif
