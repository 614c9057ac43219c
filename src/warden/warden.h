/* SPDX-License-Identifier: Apache-2.0 */
/* warden: starts children with just the descriptors that they need, and sees them end. */
#ifndef WARDEN_WARDEN_H
#define WARDEN_WARDEN_H

#include <sys/types.h>

#include "base/err.h"
#include "base/slice.h"

enum { CHILD_MAX_FDS = 24 };

/* What a child gets: descriptor fds[i] under the number 4 + i (3 is its control socket); -1: none. */
struct child_spec {
    const char *path;
    const char *const *argv; /* ends with NULL */
    int fds[CHILD_MAX_FDS];
    int n_fds;
};

struct child {
    pid_t pid;    /* 0: does not run */
    int control;  /* the warden's end; -1: none */
    unsigned restarts;
};

/* Executes it anew in a session of its own. */
int child_start(const struct child_spec *spec, struct child *c, struct err *err);

/* One byte over its control socket. */
void child_tell(struct child *c, char word);

/* The same with a descriptor and how many bytes are behind it. */
void child_send(struct child *c, char word, int fd, uint64_t len);

/* What children receive: one word, sometimes with a descriptor. */
struct child_message {
    uint64_t len;
    char word;
};

/* It has been waited for. */
void child_gone(struct child *c);

/* Waits at most so long for its end; false: it still runs. */
bool child_wait(struct child *c, int timeout_ms);

/* A sealed memfd with these bytes; ERR_IO. */
int warden_memfd(const char *name, struct slice bytes, int *ret_fd, struct err *err);

/* Listens on "ADDR:PORT". When `may_move`, a busy port is passed over (at most 20). *ret_port: what it became. */
int warden_listen(const char *address, bool may_move, int *ret_fd, unsigned *ret_port, struct err *err);

/* Listens on a unix socket at `path`, in place of one that a predecessor left there. */
int warden_listen_unix(const char *path, int *ret_fd, struct err *err);

#endif
