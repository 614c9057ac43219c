/* SPDX-License-Identifier: Apache-2.0 */
/* What the targets share that feed a worker: its settings, and a place for batches that nobody reads. */
#ifndef FUZZ_WORKER_FEED_H
#define FUZZ_WORKER_FEED_H

#include <stdlib.h>

#include "worker/worker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { FEED_SECTIONS = 40 };

static inline const struct config *
feed_config(const char *const *overrides, size_t n)
{
    static struct section sections[FEED_SECTIONS];
    struct config_source source = {.overrides = overrides, .n_overrides = n};
    struct config *config = NULL;
    struct err err = {0};

    (void)worker_sections(sections, FEED_SECTIONS - 1);
    if (config_load(sections, &source, &config, &err) < 0)
        abort();
    return config;
}

static inline void *
feed_place(void *ctx, uint32_t want, uint32_t *ret_cap)
{
    static _Alignas(64) uint8_t mem[BATCH_MAX];

    (void)ctx;
    *ret_cap = want < sizeof(mem) ? sizeof(mem) : 0;
    return *ret_cap ? mem : NULL;
}

/* A batch that a worker made is one: every record and cell of it passes the keeper's check. */
static inline void
feed_publish(void *ctx, uint32_t len)
{
    struct batch_walk walk;
    struct cell_walk cells;
    struct record r;
    struct cell c;
    uint32_t cap;

    if (!batch_open(&walk, slice_of(feed_place(NULL, 1, &cap), len), ctx))
        abort();
    while (batch_next(&walk, &r)) {
        record_cells(&r, &walk, &cells);
        while (cell_next(&cells, &c))
            ;
    }
    if (walk.bad)
        abort();
}

static inline struct worker *
feed_worker(const struct config *config, struct schema *schema)
{
    struct err err = {0};
    struct worker_options options = {.config = config, .schema = schema, .is_replay = true, .file_id = 1,
                                     .sink = {.place = feed_place, .publish = feed_publish, .ctx = schema}};
    struct worker *w = worker_new(&options, &err);

    if (!w)
        abort();
    return w;
}

#endif
