/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream: TCP of one connection: ordered bytes of both sides, gaps, ends, and what the flow report
 * tells of it. In-order data goes up where it lies; only what has to wait is copied, in bounded
 * memory. Overlaps: the bytes seen first win. Sequence numbers wrap (RFC 9293 3.4).
 *
 * Order between directions: a segment waits while the other side has a hole below what the segment
 * acknowledges, so that a response never comes before its request. A side that is joined without
 * its SYN waits too, since what came before its first packet may be on the way. A hole is lost when
 * the receiver acknowledged past it and 10 ms of packet time or 64 packets of the connection went
 * by, at a bound of memory, or at the end.
 */
#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H

#include "base/slice.h"
#include "decode/decode.h"

enum { STREAM_MAX_EARLY = 1 << 20, STREAM_MAX_SEGMENTS = 1024, STREAM_MAX_HELD = 64 << 20 };

enum stream_finish { STREAM_FIN, STREAM_RST };

/* When a packet was seen: packet time and its number in the capture. */
struct stream_stamp {
    uint64_t ns, packet;
};

struct stream_ops {
    /* `seen`: when the packet with these bytes was captured, which may be before now. */
    void (*bytes)(void *ctx, unsigned dir, struct slice bytes, struct stream_stamp seen);
    void (*lost)(void *ctx, unsigned dir, uint64_t lost);
    void (*end)(void *ctx, unsigned dir, enum stream_finish how);
};

struct stream_stats {
    uint64_t held_bytes, held_peak; /* memory of segments that wait: now, greatest */
    uint64_t held_total;            /* segments that had to wait */
    uint64_t given_up;              /* holes given up at a bound of memory */
};

/* All streams of a worker: those that wait, the next to be looked at first. */
struct stream_table {
    const struct stream_ops *ops;
    uint64_t max_held; /* bytes; 0: STREAM_MAX_HELD. Then the one that waits longest gives up its holes */
    struct stream *first, *last;
    struct stream_stats stats;
};

enum stream_state { STREAM_UNSEEN, STREAM_PENDING, STREAM_SYNCED };

struct segment;

/* A moment in the life of a stream. */
struct stream_since {
    uint64_t ns, packets;
};

struct stream_side {
    enum stream_state state;
    uint32_t next;         /* sequence number of the next byte; pending: the lowest seen */
    uint32_t isn;
    uint32_t acked;        /* what the other side acknowledged of this one's */
    bool has_syn, has_ack, has_fin, is_over;
    bool is_absent;        /* unseen, and the other side waits for it no longer */
    struct segment *early, *early_last; /* by sequence number, without overlaps */
    uint32_t n_early, early_bytes;
    struct stream_since pending; /* its first packet */
    uint64_t retransmissions, lost;
};

struct stream {
    struct stream_table *table;
    void *ctx;
    struct stream *wait_next, *wait_prev;
    uint64_t due_ns;
    bool is_waiting, is_midstream, has_rst, is_reset; /* is_reset: the ends of the RST were told */
    bool has_client;
    uint8_t client;        /* direction of the SYN, or that which got the SYN-ACK; when has_client */
    uint8_t syn_dir;
    uint64_t packets;
    uint64_t syn_ns, rtt_ns;
    struct stream_since rst;
    struct stream_side side[2];
};

void stream_init(struct stream *s, struct stream_table *table, void *ctx);
/* One packet of direction `dir`. */
void stream_packet(struct stream *s, unsigned dir, const struct layers *l, struct stream_stamp now);
/* Time passes: holes of streams without packets are given up when they are due. */
void stream_time(struct stream_table *t, uint64_t now_ns);
/* Hands up what still waits, holes as lost, and the ends that a RST made. */
void stream_finish(struct stream *s);
/* Frees without a word. */
void stream_fini(struct stream *s);
/* Is this packet, its SYN or one that came before it, of another connection on the same ports? */
bool stream_is_reuse(const struct stream *s, unsigned dir, const struct layers *l);

#endif
