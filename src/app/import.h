/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import: capture files into the embedded store. `read` parses them itself, as the caller; a keeper
 * of its own takes the batches out of a ring, stores them, and serves the page when that is asked for.
 */
#ifndef APP_IMPORT_H
#define APP_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct config;
struct import;

struct import_options {
    const struct config *config; /* borrowed until import_close() */
    const char *const *files;
    size_t n_files;
    const char *data;   /* data directory; NULL: one of its own, removed at the end (with `serve` only) */
    const char *listen; /* NULL: the setting's address, or the next free port */
    bool serve;         /* the page, until SIGINT or SIGTERM */
};

int import_open(const struct import_options *options, struct import **ret, struct err *err);

/* A place in the ring; waits while it is full. NULL: the import is over. */
void *import_place(struct import *im, uint32_t want, uint32_t *ret_cap);
void import_publish(struct import *im, uint32_t len);
void import_progress(struct import *im, uint64_t bytes_done, uint64_t packets);
/* Was it interrupted, or did the keeper end? */
bool import_is_over(struct import *im);

/* Waits until all is stored, says so, serves if asked to. Returns the exit status. */
int import_finish(struct import *im);
/* Ends the keeper and removes a data directory of its own. NULL is legal. */
void import_close(struct import *im);

#endif
