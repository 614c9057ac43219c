/* SPDX-License-Identifier: Apache-2.0 */
/* TCP reassembly (RFC 9293): order, overlap, gaps, wrap, midstream. */
#include "stream/stream.h"

#include <stdlib.h>

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };
enum { HOLE_PACKETS = 64, HOLE_NS = 10000000, BLIND_NS = 100000000 };

struct segment {
    struct segment *next;
    uint32_t seq, len;
    size_t cut;
    uint8_t bytes[];
};

static int32_t
distance(uint32_t from, uint32_t to)
{
    return (int32_t)(to - from);
}

static void
deliver(struct stream_side *s, const struct stream_ops *ops, void *ctx, unsigned dir, struct slice bytes, size_t cut)
{
    s->next += (uint32_t)bytes.len;
    if (bytes.len > 0)
        ops->bytes(ctx, dir, bytes, 0);
    if (cut > 0) { /* snapped off: a hole that no later packet fills */
        s->next += (uint32_t)cut;
        s->lost += cut;
        ops->lost(ctx, dir, cut);
    }
}

static void
check_fin(struct stream_side *s, const struct stream_ops *ops, void *ctx, unsigned dir)
{
    if (!s->has_fin || s->is_over || distance(s->next, s->fin) > 0)
        return;
    s->is_over = true;
    ops->end(ctx, dir, STREAM_FIN);
}

/* Hands up early segments that are in order now. */
static void
drain(struct stream_side *s, const struct stream_ops *ops, void *ctx, unsigned dir)
{
    while (s->early && distance(s->next, s->early->seq) <= 0) {
        struct segment *g = s->early;
        uint32_t known = (uint32_t)-distance(s->next, g->seq);
        s->early = g->next;
        s->n_early--;
        s->early_bytes -= g->len;
        if (known < g->len + g->cut)
            deliver(s, ops, ctx, dir, slice_from(slice_of(g->bytes, g->len), known), known <= g->len ? g->cut : 0);
        free(g);
    }
    s->hole_packets = 0;
}

static void
give_up_hole(struct stream_side *s, const struct stream_ops *ops, void *ctx, unsigned dir)
{
    uint32_t lost = (uint32_t)distance(s->next, s->early->seq);

    s->next += lost;
    s->lost += lost;
    ops->lost(ctx, dir, lost);
    drain(s, ops, ctx, dir);
}

static void
keep_early(struct stream_side *s, const struct stream_ops *ops, void *ctx, unsigned dir, uint32_t seq, const struct layers *l,
           uint64_t now_ns)
{
    struct segment *g = malloc(sizeof(*g) + l->payload.len), **at = &s->early;

    if (!g)
        return;
    *g = (struct segment){.seq = seq, .len = (uint32_t)l->payload.len, .cut = l->cut};
    memcpy(g->bytes, l->payload.p, l->payload.len);
    if (!s->early) {
        s->hole_ns = now_ns;
        s->hole_packets = 0;
    }
    while (*at && distance((*at)->seq, seq) >= 0) {
        if ((*at)->seq == seq && (*at)->len >= g->len) {
            s->retransmissions++;
            free(g);
            return;
        }
        at = &(*at)->next;
    }
    g->next = *at;
    *at = g;
    s->n_early++;
    s->early_bytes += g->len;
    while (s->early && (s->early_bytes > STREAM_MAX_EARLY || s->n_early > STREAM_MAX_SEGMENTS))
        give_up_hole(s, ops, ctx, dir);
}

static void
take_data(struct stream_side *s, const struct stream_ops *ops, void *ctx, unsigned dir, const struct layers *l, uint64_t now_ns)
{
    uint32_t seq = l->tcp.seq + ((l->tcp.flags & TCP_SYN) != 0);
    int32_t ahead = distance(s->next, seq);
    size_t len = l->payload.len + l->cut;

    if (len == 0)
        return;
    if (ahead > 0) {
        keep_early(s, ops, ctx, dir, seq, l, now_ns);
        return;
    }
    if ((size_t)-(int64_t)ahead >= len) {
        s->retransmissions += len > 1; /* one old byte is a keep-alive */
        return;
    }
    size_t known = (size_t)-(int64_t)ahead;
    s->retransmissions += known > 0;
    deliver(s, ops, ctx, dir, slice_from(l->payload, known), l->cut);
    if (s->early)
        drain(s, ops, ctx, dir);
}

/* A hole is lost when the receiver has what was behind it, some time or packets later. */
static void
check_hole(struct stream *st, const struct stream_ops *ops, void *ctx, unsigned dir, uint64_t now_ns)
{
    struct stream_side *s = &st->side[dir];

    if (!s->early)
        return;
    s->hole_packets++;
    bool is_late = s->hole_packets >= HOLE_PACKETS || now_ns - s->hole_ns >= HOLE_NS;
    bool is_acked = s->has_ack && distance(s->next, s->acked) > 0;
    bool is_blind = !st->side[1 - dir].is_synced && (s->hole_packets >= HOLE_PACKETS || now_ns - s->hole_ns >= BLIND_NS);
    if ((is_late && is_acked) || is_blind)
        give_up_hole(s, ops, ctx, dir);
}

static void
take_syn(struct stream *st, unsigned dir, const struct layers *l, uint64_t now_ns)
{
    struct stream_side *s = &st->side[dir];

    if (s->has_syn)
        return;
    s->has_syn = s->is_synced = true;
    s->isn = l->tcp.seq;
    s->next = l->tcp.seq + 1;
    if (!(l->tcp.flags & TCP_ACK)) {
        st->syn_ns = now_ns;
        st->syn_dir = (uint8_t)dir;
    }
}

bool
stream_is_reuse(const struct stream *s, unsigned dir, const struct layers *l)
{
    const struct stream_side *a = &s->side[dir];

    if ((l->tcp.flags & (TCP_SYN | TCP_ACK)) != TCP_SYN || !a->is_synced)
        return false;
    return (a->has_syn ? a->isn != l->tcp.seq : true) && (a->is_over || s->has_rst || s->side[1 - dir].is_synced);
}

void
stream_packet(struct stream *st, const struct stream_ops *ops, void *ctx, unsigned dir, const struct layers *l, uint64_t now_ns)
{
    struct stream_side *s = &st->side[dir], *other = &st->side[1 - dir];

    if (l->tcp.flags & TCP_SYN)
        take_syn(st, dir, l, now_ns);
    else if (!s->is_synced && !(l->tcp.flags & TCP_RST)) {
        s->is_synced = true;
        s->next = l->tcp.seq;
        /* The other side may have told where this one stands: what lies between was not seen. */
        st->is_midstream |= !other->has_syn;
    }
    if (l->tcp.flags & TCP_ACK) {
        if (!other->has_ack || distance(other->acked, l->tcp.ack) > 0)
            other->acked = l->tcp.ack;
        other->has_ack = true;
        if (st->syn_ns && !st->rtt_ns && dir == st->syn_dir && other->has_syn)
            st->rtt_ns = now_ns - st->syn_ns;
    }
    if (s->is_synced)
        take_data(s, ops, ctx, dir, l, now_ns);
    if (l->tcp.flags & TCP_FIN && !s->has_fin) {
        s->has_fin = true;
        s->fin = l->tcp.seq + (uint32_t)(l->payload.len + l->cut) + ((l->tcp.flags & TCP_SYN) != 0);
    }
    check_hole(st, ops, ctx, 0, now_ns);
    check_hole(st, ops, ctx, 1, now_ns);
    check_fin(s, ops, ctx, dir);
    if (l->tcp.flags & TCP_RST && !st->has_rst) {
        st->has_rst = true;
        stream_finish(st, ops, ctx);
        for (unsigned d = 0; d < 2; d++) {
            if (!st->side[d].is_over)
                ops->end(ctx, d, STREAM_RST);
            st->side[d].is_over = true;
        }
    }
}

void
stream_finish(struct stream *s, const struct stream_ops *ops, void *ctx)
{
    for (unsigned dir = 0; dir < 2; dir++) {
        while (s->side[dir].early)
            give_up_hole(&s->side[dir], ops, ctx, dir);
        check_fin(&s->side[dir], ops, ctx, dir);
    }
}

void
stream_fini(struct stream *s)
{
    for (unsigned dir = 0; dir < 2; dir++) {
        while (s->side[dir].early) {
            struct segment *next = s->side[dir].early->next;
            free(s->side[dir].early);
            s->side[dir].early = next;
        }
    }
}
