/* SPDX-License-Identifier: Apache-2.0 */
/* TCP reassembly (RFC 9293): order within and between directions, overlap, gaps, wrap, midstream. */
#include "stream/stream.h"

#include <stdlib.h>

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };
enum { HOLE_PACKETS = 64, HOLE_NS = 10000000, BLIND_NS = 100000000, MAX_WINDOW = 1 << 30, OLD_BYTES = 16 << 20 };

struct segment {
    struct segment *next;
    struct stream_stamp seen;
    struct stream_since since;
    size_t cut;
    uint32_t seq, len, ack;
    bool has_ack, is_fin;
    uint8_t bytes[];
};

static int32_t
distance(uint32_t from, uint32_t to)
{
    return (int32_t)(to - from);
}

static uint32_t
segment_end(const struct segment *g)
{
    return g->seq + g->len + (uint32_t)g->cut;
}

static bool
is_late(const struct stream *st, struct stream_since since, uint64_t now_ns)
{
    return st->packets - since.packets >= HOLE_PACKETS || now_ns >= since.ns + HOLE_NS;
}

/* Sequence number of the first byte of a packet. */
static uint32_t
first_seq(const struct layers *l)
{
    return l->tcp.seq + ((l->tcp.flags & TCP_SYN) != 0);
}

/* Does `other` still owe bytes below `ack`, which the one who acknowledged has read? */
static bool
is_owed(const struct stream_side *other, bool has_ack, uint32_t ack)
{
    if (!has_ack)
        return false;
    if (other->state == STREAM_SYNCED) {
        int32_t n = distance(other->next, ack);
        return n > 0 && n <= MAX_WINDOW;
    }
    return other->state == STREAM_PENDING || !other->is_absent;
}

static void
lose(struct stream *st, unsigned dir, uint32_t n)
{
    struct stream_side *s = &st->side[dir];

    if (n == 0)
        return;
    s->next += n;
    s->lost += n;
    st->table->ops->lost(st->ctx, dir, n);
}

static void
deliver(struct stream *st, unsigned dir, struct slice bytes, size_t cut, struct stream_stamp seen)
{
    st->side[dir].next += (uint32_t)bytes.len;
    if (bytes.len > 0)
        st->table->ops->bytes(st->ctx, dir, bytes, seen);
    lose(st, dir, (uint32_t)cut); /* snapped off: a hole that no later packet fills */
}

static void
deliver_fin(struct stream *st, unsigned dir, uint32_t seq)
{
    struct stream_side *s = &st->side[dir];

    if (s->is_over)
        return;
    s->next += s->next == seq;
    s->is_over = true;
    st->table->ops->end(st->ctx, dir, STREAM_FIN);
}

static size_t
segment_size(const struct segment *g)
{
    return sizeof(*g) + g->len;
}

static struct segment *
pop_head(struct stream *st, unsigned dir)
{
    struct stream_side *s = &st->side[dir];
    struct segment *g = s->early;

    s->early = g->next;
    if (!s->early)
        s->early_last = NULL;
    s->n_early--;
    s->early_bytes -= g->len;
    st->table->stats.held_bytes -= segment_size(g);
    return g;
}

static void
deliver_head(struct stream *st, unsigned dir)
{
    struct stream_side *s = &st->side[dir];
    struct segment *g = pop_head(st, dir);
    uint32_t known = (uint32_t)-distance(s->next, g->seq);

    if (known < g->len + g->cut)
        deliver(st, dir, slice_from(slice_of(g->bytes, g->len), known), known <= g->len ? g->cut : g->len + g->cut - known, g->seen);
    if (g->is_fin)
        deliver_fin(st, dir, g->seq);
    free(g);
}

static bool
is_ready(const struct stream *st, unsigned dir)
{
    const struct stream_side *s = &st->side[dir];

    return s->early && s->state == STREAM_SYNCED && distance(s->next, s->early->seq) <= 0 &&
           !is_owed(&st->side[1 - dir], s->early->has_ack, s->early->ack);
}

/* Hands up what waits for nothing any more, what came first first. */
static void
pump(struct stream *st)
{
    for (;;) {
        bool ready[2] = {is_ready(st, 0), is_ready(st, 1)};
        if (!ready[0] && !ready[1])
            return;
        bool second = !ready[0] || (ready[1] && st->side[1].early->since.packets < st->side[0].early->since.packets);
        deliver_head(st, second);
    }
}

/* A side without SYN begins at the lowest byte seen of it. */
static void
begin_midstream(struct stream *st, unsigned dir)
{
    st->side[dir].state = STREAM_SYNCED;
    st->is_midstream |= !st->side[1 - dir].has_syn;
}

/* Takes away the one thing that the first segment of this side waits for. */
static void
force(struct stream *st, unsigned dir)
{
    struct stream_side *s = &st->side[dir], *other = &st->side[1 - dir];

    if (s->state != STREAM_SYNCED)
        begin_midstream(st, dir);
    const struct segment *g = s->early;
    if (!g)
        return;
    if (distance(s->next, g->seq) > 0) {
        lose(st, dir, (uint32_t)distance(s->next, g->seq));
    } else if (other->state == STREAM_UNSEEN) {
        other->is_absent = true;
    } else if (other->state == STREAM_PENDING) {
        begin_midstream(st, 1 - dir);
    } else if (other->early && distance(other->next, other->early->seq) <= 0) {
        deliver_head(st, dir); /* each waits for the other: one of the acknowledgements lies */
    } else if (is_owed(other, g->has_ack, g->ack)) {
        bool is_before = other->early && distance(other->early->seq, g->ack) > 0;
        lose(st, 1 - dir, (uint32_t)distance(other->next, is_before ? other->early->seq : g->ack));
    }
    pump(st);
}

/* Is it certain by now that what the first segment waits for will not come? */
static bool
is_hopeless(const struct stream *st, unsigned dir, uint64_t now_ns)
{
    const struct stream_side *s = &st->side[dir], *other = &st->side[1 - dir];
    const struct segment *g = s->early;

    if (!g || s->state != STREAM_SYNCED || !is_late(st, g->since, now_ns))
        return false;
    if (distance(s->next, g->seq) <= 0)
        return other->state != STREAM_PENDING;
    if (s->has_ack)
        return distance(g->seq, s->acked) >= 0;
    return other->state == STREAM_UNSEEN &&
           (st->packets - g->since.packets >= HOLE_PACKETS || now_ns >= g->since.ns + BLIND_NS);
}

static void
check(struct stream *st, uint64_t now_ns)
{
    bool again = true;

    for (unsigned dir = 0; dir < 2; dir++)
        if (st->side[dir].state == STREAM_PENDING && is_late(st, st->side[dir].pending, now_ns))
            begin_midstream(st, dir);
    pump(st);
    while (again) {
        again = false;
        for (unsigned dir = 0; dir < 2; dir++) {
            if (!is_hopeless(st, dir, now_ns))
                continue;
            force(st, dir);
            again = true;
        }
    }
    if (st->has_rst && !st->is_reset && is_late(st, st->rst, now_ns))
        stream_finish(st);
}

static void
wait_unlink(struct stream *st)
{
    struct stream_table *t = st->table;

    *(st->wait_prev ? &st->wait_prev->wait_next : &t->first) = st->wait_next;
    *(st->wait_next ? &st->wait_next->wait_prev : &t->last) = st->wait_prev;
    st->is_waiting = false;
}

/* In or out of the list of those that wait. */
static void
note_waiting(struct stream *st, uint64_t now_ns)
{
    const struct stream_side *a = &st->side[0], *b = &st->side[1];
    struct stream_table *t = st->table;
    bool waits = a->early || b->early || a->state == STREAM_PENDING || b->state == STREAM_PENDING ||
                 (st->has_rst && !st->is_reset);

    if (waits == st->is_waiting)
        return;
    if (!waits) {
        wait_unlink(st);
        return;
    }
    st->is_waiting = true;
    st->due_ns = now_ns + HOLE_NS;
    st->wait_next = NULL;
    st->wait_prev = t->last;
    *(t->last ? &t->last->wait_next : &t->first) = st;
    t->last = st;
}

void
stream_time(struct stream_table *t, uint64_t now_ns)
{
    while (t->first && t->first->due_ns <= now_ns) {
        struct stream *st = t->first;
        wait_unlink(st);
        check(st, now_ns);
        note_waiting(st, now_ns);
    }
}

/* Everything that waits goes up, holes as lost. */
static void
flush(struct stream *st)
{
    for (unsigned dir = 0; dir < 2; dir++) {
        if (st->side[dir].state == STREAM_PENDING)
            begin_midstream(st, dir);
        st->side[dir].is_absent = st->side[dir].state == STREAM_UNSEEN;
    }
    pump(st);
    while (st->side[0].early || st->side[1].early) {
        const struct segment *a = st->side[0].early, *b = st->side[1].early;
        force(st, !a || (b && b->since.packets < a->since.packets));
    }
}

static void
keep_bounds(struct stream *st, unsigned dir)
{
    struct stream_table *t = st->table;
    struct stream_side *s = &st->side[dir];
    uint64_t max = t->max_held ? t->max_held : STREAM_MAX_HELD;

    while (s->early && (s->early_bytes > STREAM_MAX_EARLY || s->n_early > STREAM_MAX_SEGMENTS)) {
        t->stats.given_up++;
        force(st, dir);
    }
    while (t->stats.held_bytes > max) {
        struct stream *oldest = t->first ? t->first : st;
        t->stats.given_up++;
        flush(oldest);
        if (oldest->is_waiting)
            wait_unlink(oldest);
        if (oldest == st)
            break;
        note_waiting(oldest, oldest->due_ns);
    }
}

/* A piece of a packet into the list at `at`; the new end of what is linked, NULL without memory. */
static struct segment **
insert(struct stream *st, unsigned dir, struct segment **at, const struct segment *head, struct slice bytes)
{
    struct stream_side *s = &st->side[dir];
    struct segment *g = malloc(sizeof(*g) + bytes.len);

    if (!g)
        return NULL;
    *g = *head;
    g->len = (uint32_t)bytes.len;
    if (bytes.len > 0)
        memcpy(g->bytes, bytes.p, bytes.len);
    g->next = *at;
    if (!g->next)
        s->early_last = g;
    *at = g;
    s->n_early++;
    s->early_bytes += g->len;
    struct stream_stats *stats = &st->table->stats;
    stats->held_total++;
    stats->held_bytes += segment_size(g);
    if (stats->held_bytes > stats->held_peak)
        stats->held_peak = stats->held_bytes;
    return &g->next;
}

/* Keeps the bytes of [seq, seq + bytes + cut) that no kept segment has. Returns whether there were any. */
static bool
keep_data(struct stream *st, unsigned dir, struct segment head, struct slice bytes, size_t cut)
{
    struct stream_side *s = &st->side[dir];
    uint32_t begin = head.seq, seq = begin, end = begin + (uint32_t)(bytes.len + cut);
    struct segment **at = &s->early;
    bool is_new = false;

    if (s->early_last && distance(segment_end(s->early_last), seq) >= 0)
        at = &s->early_last->next;
    while (at && distance(seq, end) > 0) {
        while (*at && distance(segment_end(*at), seq) >= 0)
            at = &(*at)->next;
        const struct segment *g = *at;
        if (g && distance(g->seq, seq) >= 0) {
            seq = segment_end(g);
            continue;
        }
        uint32_t to = g && distance(g->seq, end) > 0 ? g->seq : end;
        struct slice piece = slice_head(slice_from(bytes, seq - begin), to - seq);
        head.seq = seq;
        head.cut = to - seq - piece.len;
        at = insert(st, dir, at, &head, piece);
        is_new = true;
        seq = to;
    }
    return is_new;
}

static void
keep_fin(struct stream *st, unsigned dir, struct segment head, uint32_t seq)
{
    struct stream_side *s = &st->side[dir];
    struct segment **at = &s->early;

    if (s->early_last && distance(segment_end(s->early_last), seq) >= 0)
        at = &s->early_last->next;
    while (*at && distance((*at)->seq, seq) >= 0)
        at = &(*at)->next;
    head.seq = seq;
    head.is_fin = true;
    (void)insert(st, dir, at, &head, slice_of(NULL, 0));
}

/* Data from `seq` on and FIN of a packet that must wait. */
static void
keep(struct stream *st, unsigned dir, uint32_t seq, const struct layers *l, struct stream_stamp now)
{
    struct stream_side *s = &st->side[dir];
    struct segment head = {.seen = now, .since = {now.ns, st->packets}, .seq = seq, .ack = l->tcp.ack,
                           .has_ack = (l->tcp.flags & TCP_ACK) != 0};
    uint32_t end = first_seq(l) + (uint32_t)(l->payload.len + l->cut);
    struct slice bytes = slice_from(l->payload, seq - first_seq(l));

    if (seq != end && !keep_data(st, dir, head, bytes, end - seq - bytes.len))
        s->retransmissions++;
    if ((l->tcp.flags & TCP_FIN) && !s->has_fin) {
        s->has_fin = true;
        keep_fin(st, dir, head, end);
    }
    keep_bounds(st, dir);
}

/* May these bytes go up where they lie? */
static bool
is_straight(const struct stream *st, unsigned dir, uint32_t end, const struct layers *l)
{
    const struct stream_side *s = &st->side[dir];

    if (s->early && distance(end, s->early->seq) < 0)
        return false; /* what was seen first of an overlap wins */
    return !is_owed(&st->side[1 - dir], (l->tcp.flags & TCP_ACK) != 0, l->tcp.ack);
}

static void
take_data(struct stream *st, unsigned dir, const struct layers *l, struct stream_stamp now)
{
    struct stream_side *s = &st->side[dir];
    uint32_t seq = first_seq(l);
    size_t len = l->payload.len + l->cut;
    bool is_fin = (l->tcp.flags & TCP_FIN) && !s->has_fin;

    if ((len == 0 && !is_fin) || (s->is_over && s->has_fin))
        return;
    if (s->state != STREAM_SYNCED || distance(s->next, seq) > 0) {
        keep(st, dir, seq, l, now);
        return;
    }
    size_t known = s->next - seq;
    if (known >= len && !is_fin) {
        s->retransmissions += len > 1; /* one old byte is a keep-alive */
        return;
    }
    known = known < len ? known : len;
    s->retransmissions += known > 0;
    if (!is_straight(st, dir, seq + (uint32_t)len, l)) {
        keep(st, dir, seq + (uint32_t)known, l, now);
        return;
    }
    struct slice bytes = slice_from(l->payload, known);
    deliver(st, dir, bytes, len - known - bytes.len, now);
    if (!is_fin)
        return;
    s->has_fin = true;
    deliver_fin(st, dir, seq + (uint32_t)len);
}

static void
take_syn(struct stream *st, unsigned dir, const struct layers *l, uint64_t now_ns)
{
    struct stream_side *s = &st->side[dir];
    bool is_answer = (l->tcp.flags & TCP_ACK) != 0;

    if (s->has_syn)
        return;
    s->has_syn = true;
    s->isn = l->tcp.seq;
    if (s->state != STREAM_SYNCED)
        s->next = l->tcp.seq + 1;
    s->state = STREAM_SYNCED;
    st->has_client = true;
    st->client = (uint8_t)(is_answer ? 1 - dir : dir);
    if (!is_answer) {
        st->syn_ns = now_ns;
        st->syn_dir = (uint8_t)dir;
    }
}

/* The first packets of a side whose SYN was not seen. */
static void
take_pending(struct stream *st, unsigned dir, const struct layers *l, uint64_t now_ns)
{
    struct stream_side *s = &st->side[dir];

    if (s->state == STREAM_UNSEEN) {
        s->state = STREAM_PENDING;
        s->is_absent = false;
        s->next = l->tcp.seq;
        s->pending = (struct stream_since){now_ns, st->packets};
    } else if (distance(s->next, l->tcp.seq) < 0) {
        s->next = l->tcp.seq;
    }
}

static void
take_ack(struct stream *st, unsigned dir, const struct layers *l, uint64_t now_ns)
{
    struct stream_side *other = &st->side[1 - dir];

    if (!other->has_ack || distance(other->acked, l->tcp.ack) > 0)
        other->acked = l->tcp.ack;
    other->has_ack = true;
    if (st->syn_ns && !st->rtt_ns && dir == st->syn_dir && other->has_syn)
        st->rtt_ns = now_ns - st->syn_ns;
}

/* Both sides are done with; a packet of the old connection can only repeat what is known. */
static bool
is_foreign_to_closed(const struct stream *s, unsigned dir, const struct layers *l)
{
    const struct stream_side *a = &s->side[dir];
    int32_t ahead = distance(a->next, first_seq(l) + (uint32_t)(l->payload.len + l->cut));

    if (!a->is_over || !s->side[1 - dir].is_over || (l->tcp.flags & TCP_RST))
        return false;
    return a->state == STREAM_SYNCED && (ahead > 1 || ahead < -OLD_BYTES);
}

bool
stream_is_reuse(const struct stream *s, unsigned dir, const struct layers *l)
{
    const struct stream_side *a = &s->side[dir];

    if (is_foreign_to_closed(s, dir, l))
        return true;
    if ((l->tcp.flags & (TCP_SYN | TCP_ACK)) != TCP_SYN || a->state != STREAM_SYNCED)
        return false;
    return (a->has_syn ? a->isn != l->tcp.seq : true) && (a->is_over || s->has_rst || s->side[1 - dir].state == STREAM_SYNCED);
}

void
stream_init(struct stream *s, struct stream_table *table, void *ctx)
{
    *s = (struct stream){.table = table, .ctx = ctx};
}

void
stream_packet(struct stream *st, unsigned dir, const struct layers *l, struct stream_stamp now)
{
    st->packets++;
    if (l->tcp.flags & TCP_SYN)
        take_syn(st, dir, l, now.ns);
    else if (st->side[dir].state != STREAM_SYNCED && !(l->tcp.flags & TCP_RST))
        take_pending(st, dir, l, now.ns);
    if (l->tcp.flags & TCP_ACK)
        take_ack(st, dir, l, now.ns);
    if (l->tcp.flags & TCP_RST && !st->has_rst) {
        st->has_rst = true;
        st->rst = (struct stream_since){now.ns, st->packets};
    }
    if (st->side[dir].state != STREAM_UNSEEN)
        take_data(st, dir, l, now);
    if (st->is_waiting || st->side[0].early || st->side[1].early)
        check(st, now.ns);
    note_waiting(st, now.ns);
}

void
stream_finish(struct stream *st)
{
    flush(st);
    if (!st->has_rst || st->is_reset)
        return;
    st->is_reset = true;
    for (unsigned dir = 0; dir < 2; dir++) {
        if (!st->side[dir].is_over)
            st->table->ops->end(st->ctx, dir, STREAM_RST);
        st->side[dir].is_over = true;
    }
}

void
stream_fini(struct stream *st)
{
    if (st->is_waiting)
        wait_unlink(st);
    for (unsigned dir = 0; dir < 2; dir++)
        while (st->side[dir].early)
            free(pop_head(st, dir));
}
