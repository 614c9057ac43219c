/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox: what a child gives up before it looks at the first byte from outside. */
#ifndef APP_SANDBOX_H
#define APP_SANDBOX_H

#include <stddef.h>

#include "base/err.h"

/* Becomes `user` (or `fallback` when there is none of this name), without capabilities, for good. */
int sandbox_drop(const char *user, unsigned fallback, struct err *err);

/* System calls of the sensor: no files, no sockets, no processes. Threads that exist are included. */
int sandbox_sensor(struct err *err);

/*
 * The keeper's: system calls of the store, the outputs to files and the web server; files only below `writable` (n
 * folders) and, to read, what the system needs (Landlock, where the kernel has it). Before threads start.
 */
int sandbox_keeper(const char *const *writable, size_t n, struct err *err);

/* User and group that sandbox_drop() will take, for owning files. */
void sandbox_user(const char *user, unsigned fallback, unsigned *ret_uid, unsigned *ret_gid);

#endif
