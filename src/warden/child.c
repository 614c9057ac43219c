/* SPDX-License-Identifier: Apache-2.0 */
/* Children: fork, hand over descriptors, execute anew; tell, wait. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "warden/warden.h"

enum { FIRST_FD = 4, CONTROL_FD = 3, PARK = 64 };

/* In the child: descriptors to their fixed numbers, everything else closed. Only safe calls. */
static void
become(const struct child_spec *spec, int control)
{
    (void)setsid(); /* signals of the terminal are for the warden alone */
    /* First out of the way, then to their places: the numbers may overlap. */
    int parked[CHILD_MAX_FDS];
    int parked_control = fcntl(control, F_DUPFD, PARK);
    for (int i = 0; i < spec->n_fds; i++)
        parked[i] = spec->fds[i] < 0 ? -1 : fcntl(spec->fds[i], F_DUPFD, PARK);
    (void)dup2(parked_control, CONTROL_FD);
    for (int i = 0; i < spec->n_fds; i++) {
        if (parked[i] < 0)
            (void)close(FIRST_FD + i);
        else
            (void)dup2(parked[i], FIRST_FD + i);
    }
    (void)syscall(SYS_close_range, (unsigned)(FIRST_FD + spec->n_fds), ~0u, 0);
    (void)execv(spec->path, (char *const *)(uintptr_t)spec->argv);
    _exit(127);
}

int
child_start(const struct child_spec *spec, struct child *c, struct err *err)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return err_sys(err, ERR_IO, errno, "cannot make a control socket");
    pid_t pid = fork();
    if (pid < 0) {
        int why = errno;
        close(pair[0]);
        close(pair[1]);
        return err_sys(err, ERR_IO, why, "cannot start %s", spec->path);
    }
    if (pid == 0)
        become(spec, pair[1]);
    close(pair[1]);
    c->pid = pid;
    c->control = pair[0];
    return 0;
}

void
child_tell(struct child *c, char word)
{
    struct child_message body = {.word = word};

    if (c->pid > 0 && send(c->control, &body, sizeof(body), MSG_NOSIGNAL) < 0)
        return; /* it is gone: its end is seen elsewhere */
}

void
child_send(struct child *c, char word, int fd, uint64_t len)
{
    struct child_message body = {.len = len, .word = word};
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec iov = {&body, sizeof(body)};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};

    control.head.cmsg_level = SOL_SOCKET;
    control.head.cmsg_type = SCM_RIGHTS;
    control.head.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
    if (c->pid > 0 && sendmsg(c->control, &message, MSG_NOSIGNAL) < 0)
        return; /* it is gone, and its successor gets the new settings anyway */
}

void
child_gone(struct child *c)
{
    if (c->control >= 0)
        close(c->control);
    c->control = -1;
    c->pid = 0;
}

bool
child_wait(struct child *c, int timeout_ms)
{
    for (int waited = 0; c->pid > 0; waited += 5) {
        int status;
        if (waitpid(c->pid, &status, WNOHANG) == c->pid) {
            child_gone(c);
            return true;
        }
        if (waited >= timeout_ms)
            return false;
        (void)poll(NULL, 0, 5);
    }
    return true;
}
