/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream: TCP of one connection: ordered bytes of both sides, gaps, ends, and what the flow report
 * tells of it. In-order data goes up where it lies; only what comes too early is copied, in bounded
 * memory. Overlaps: the bytes seen first win. Sequence numbers wrap (RFC 9293 3.4).
 */
#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H

#include "base/slice.h"
#include "decode/decode.h"

enum { STREAM_MAX_EARLY = 1 << 20, STREAM_MAX_SEGMENTS = 1024 };

enum stream_finish { STREAM_FIN, STREAM_RST };

struct stream_ops {
    void (*bytes)(void *ctx, unsigned dir, struct slice bytes, size_t cut);
    void (*lost)(void *ctx, unsigned dir, uint64_t lost);
    void (*end)(void *ctx, unsigned dir, enum stream_finish how);
};

struct segment;

struct stream_side {
    uint32_t next;          /* sequence number of the next byte */
    uint32_t isn;
    uint32_t acked;         /* what the other side acknowledged of this one's */
    uint32_t fin;           /* sequence number of FIN */
    bool is_synced, has_syn, has_ack, has_fin, is_over;
    struct segment *early;  /* by sequence number */
    uint32_t n_early, early_bytes;
    uint32_t hole_packets;  /* packets since the hole in front of `early` was seen */
    uint64_t hole_ns;
    uint64_t retransmissions, lost;
};

struct stream {
    struct stream_side side[2];
    uint64_t syn_ns, rtt_ns;
    bool is_midstream, has_rst;
    uint8_t syn_dir;        /* direction of the SYN, when there was one */
};

/* One packet of direction `dir`. */
void stream_packet(struct stream *s, const struct stream_ops *ops, void *ctx, unsigned dir, const struct layers *l, uint64_t now_ns);
/* Hands up what still waits, holes as lost. */
void stream_finish(struct stream *s, const struct stream_ops *ops, void *ctx);
void stream_fini(struct stream *s);
/* Is this SYN the beginning of another connection on the same ports? */
bool stream_is_reuse(const struct stream *s, unsigned dir, const struct layers *l);

#endif
