/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of worker. */
#ifndef WORKER_WORKER_PRIV_H
#define WORKER_WORKER_PRIV_H

#include "flow/flow.h"
#include "proto/core.h"
#include "stream/stream.h"
#include "worker/worker.h"

/* What hangs on a flow: its conversation and, for TCP, its stream. */
struct talk {
    struct worker *worker;
    struct flow *flow;
    struct conv *conv;    /* NULL: no bytes yet */
    struct stream stream; /* TCP */
    bool is_tcp;
    uint8_t client_dir;   /* direction of the flow that is the client's */
};

struct worker_counts {
    uint64_t packets, bytes, events, lost_events, batches, clamped, foreign;
    uint64_t copies, own, legs, joined;
};

/* The SYN of a connection whose other leg may follow. */
struct leg {
    struct flow_key key;
    uint32_t seq;
    uint64_t time_ns, first_packet; /* time 0: empty */
};

enum { LEG_SLOTS = 1024 };

struct worker {
    struct worker_options options;
    const struct flow_conf *flow_conf;
    struct decoder *decoder;
    struct flow_table *flows;
    struct core *core;
    struct stream_table streams;
    struct batch_writer writer;
    bool is_open;             /* a batch is being written */
    uint64_t lost;            /* events given up since the last batch */
    uint64_t now_ns, packet;
    uint64_t position;        /* live: of the packet in hand */
    struct worker_counts counts;
    bool takes_all;           /* capture.copies: all */
    struct leg legs[LEG_SLOTS]; /* by sequence number */
    uint8_t scratch[4096] __attribute__((aligned(8)));
};

/* A finished event into the open batch. */
void worker_emit(void *ctx, const struct record_head *head, const struct cells *a, const struct cells *b);

/* What hangs on a flow goes without a word; its flow has the other leg's address now. */
void worker_forget(struct flow *f);
void worker_show_nat(const struct flow *f);

/* flow_event.c: the report of a flow. */
void flow_event(struct worker *w, const struct flow *f, bool is_final, uint64_t now_ns);
void flow_community_id(const struct worker *w, const struct flow *f, char ret[48]);

#endif
