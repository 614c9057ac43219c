/* SPDX-License-Identifier: Apache-2.0 */
/* program: what the commands that start a keeper share. */
#ifndef APP_PROGRAM_H
#define APP_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct config;

/* Path of this program with `suffix` behind it ("-keeper"); ERR_IO when there is none to execute. */
int program_find(const char *suffix, char *out, size_t size, struct err *err);

/* Gives a data directory to the user that the keeper becomes (root only; else nothing to do). */
int program_give(const char *dir, struct err *err);

/* The settings as a sealed memfd, for children. */
int program_snapshot(const struct config *config, uint32_t generation, int *ret_fd, struct err *err);

#endif
