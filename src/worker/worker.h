/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker: one thread's share of the pipeline: decode, flow, stream, protocols, batches. It owns all
 * its tables; nothing is shared. The same worker serves live capture (sensor), files (read), the
 * test harness and the fuzzers.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "capture/capture.h"
#include "config/config.h"
#include "event/record.h"

struct worker;
struct layers;

/* Where finished batches go. Called on the worker's thread only. */
struct batch_sink {
    /* A place for a batch of at least `want` bytes: its address and size. NULL: no room now; the
     * worker gives up the events of the open batch and counts them in the next head (lost). */
    void *(*place)(void *ctx, uint32_t want, uint32_t *ret_cap);
    void (*publish)(void *ctx, uint32_t len); /* the batch in the last place is complete */
    void *ctx;
};

/* The note page: what is in hand, for the successor of a crashed sensor. All fields are written
 * with relaxed stores by the worker, read by others. */
struct worker_notes {
    uint64_t packet;       /* position of the packet in hand (capture.h); 0: none */
    uint64_t published;    /* what packets up to this position led to is published */
    uint64_t publishing;   /* the same, of the batch that goes to the sink now */
    uint32_t parser;       /* index in the registry + 1 while its code runs; 0: none */
    uint32_t turns;        /* counts turns: a hung worker's stand still */
    uint32_t disabled;     /* bit mask of parsers that are switched off after crashes (by registry index) */
    uint32_t reserved;
};

struct worker_options {
    const struct config *config;
    const struct schema *schema;
    struct batch_sink sink;
    struct worker_notes *notes;  /* NULL: none */
    uint16_t number;             /* of this worker */
    bool is_replay;              /* file time rules everything; events are published in full batches */
    uint64_t file_id;            /* replay: identity of the file, for event.id */
    /* What is known about this host, for taking each packet once; NULL: nothing. With links_ctx. */
    bool (*is_bridge)(void *ctx, uint32_t ifindex);
    bool (*is_own)(void *ctx, const struct layers *l); /* first packet of a TCP flow: is it this program's own? */
    void *links_ctx;
    /* Replay with several workers: each reads the whole file and takes the address pairs that fall to
     * it, so that all see the same time and nothing is shared. 0 or 1: everything. */
    uint16_t share_index, share_count;
};

/* The sections of settings that a worker reads; fills at most `max`. */
size_t worker_sections(struct section *ret, size_t max);

/* Fails only for memory or a setting that cannot be had: err says which. */
struct worker *worker_new(const struct worker_options *options, struct err *err);
void worker_free(struct worker *w);

/* One batch of packets through everything. */
void worker_turn(struct worker *w, const struct packet_batch *packets);

/* Time passes without packets (live: a ring time-out): timers fire. Never backwards. */
void worker_time(struct worker *w, uint64_t now_ns);

/* Publishes the open batch if it has records. */
void worker_flush(struct worker *w);

/* End of the capture: open transactions and flows end (END_FILE), everything is published. */
void worker_finish(struct worker *w);

/* New settings (reload): live ones hold from the next turn on. */
void worker_config(struct worker *w, const struct config *config);

/* Counters for /metrics, health events and the page: name, value. */
size_t worker_n_counters(const struct worker *w);
void worker_counter(const struct worker *w, size_t i, const char **ret_name, const char **ret_help,
                    uint64_t *ret_value);

#endif
