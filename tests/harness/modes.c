/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modes of the harness: whole, split, bytes, reorder, loss, client, server, snap.
 *
 * Split segments are new raw IP packets with right lengths, sequence numbers and flags; checksums are
 * not set, since they are trusted. Reordering moves TCP segments inside windows of less than 10 ms and 64
 * packets; datagrams have no sequence numbers and keep their order.
 */
#include "modes.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { EVERY_BYTE_MAX = 64 << 10, WINDOW_PACKETS = 63, WINDOW_NS = 10000000, LOSS_SEEDS = 64, LOSS_SINGLE = 48 };
enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_HEAD = 20, IP4_HEAD = 20, IP6_HEAD = 40 };

static void *
must(void *p)
{
    if (!p)
        abort();
    return p;
}

static uint64_t
next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15ull);

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static void
add(struct packets *out, const struct packet *p)
{
    if (out->n == out->cap) {
        out->cap = out->cap ? out->cap * 2 : 256;
        out->p = must(realloc(out->p, out->cap * sizeof(*out->p)));
    }
    out->p[out->n] = *p;
    out->p[out->n].number = out->n + 1;
    out->n++;
}

void
packets_free(struct packets *p)
{
    for (size_t i = 0; i < p->n_bytes; i++)
        free(p->bytes[i]);
    free(p->bytes);
    free(p->p);
    *p = (struct packets){0};
}

static uint8_t *
new_bytes(struct packets *out, size_t len)
{
    if (out->n_bytes == out->cap_bytes) {
        out->cap_bytes = out->cap_bytes ? out->cap_bytes * 2 : 256;
        out->bytes = must(realloc(out->bytes, out->cap_bytes * sizeof(*out->bytes)));
    }
    return out->bytes[out->n_bytes++] = must(calloc(1, len));
}

static uint64_t
one_seed(const struct capture *c, bool is_long)
{
    (void)c;
    (void)is_long;
    return 1;
}

static void
make_whole(const struct capture *c, uint64_t seed, struct packets *out)
{
    (void)seed;
    for (size_t i = 0; i < c->n; i++)
        add(out, &c->frames[i].packet);
}

static void
put16(uint8_t *p, size_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void
put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

static size_t
put_ip(uint8_t *p, const struct layers *l, size_t len)
{
    if (l->ip_version == 4) {
        size_t total = IP4_HEAD + len;
        p[0] = 0x45;
        put16(p + 2, total > 0xffff ? 0 : total);
        p[8] = l->ttl;
        p[9] = IPPROTO_TCP;
        memcpy(p + 12, l->src, 4);
        memcpy(p + 16, l->dst, 4);
        return IP4_HEAD;
    }
    p[0] = 0x60;
    put16(p + 4, len > 0xffff ? 0 : len);
    p[6] = IPPROTO_TCP;
    p[7] = l->ttl;
    memcpy(p + 8, l->src, 16);
    memcpy(p + 24, l->dst, 16);
    return IP6_HEAD;
}

/* Bytes [from, to) of a segment as a packet of its own. */
static void
add_piece(struct packets *out, const struct frame *f, size_t from, size_t to)
{
    const struct layers *l = &f->layers;
    bool is_first = from == 0, is_last = to == l->payload.len, is_syn = l->tcp.flags & TCP_SYN;
    uint32_t cut = is_last ? l->cut : 0;
    size_t head = (l->ip_version == 4 ? IP4_HEAD : IP6_HEAD) + TCP_HEAD, len = head + (to - from);
    uint8_t *p = new_bytes(out, len), flags = l->tcp.flags;
    uint8_t *tcp = p + put_ip(p, l, TCP_HEAD + (to - from) + cut);

    if (!is_last)
        flags &= (uint8_t)~(TCP_FIN | TCP_PSH | TCP_RST);
    if (!is_first)
        flags &= (uint8_t)~TCP_SYN;
    put16(tcp, l->sport);
    put16(tcp + 2, l->dport);
    put32(tcp + 4, l->tcp.seq + (uint32_t)from + (is_syn && !is_first));
    put32(tcp + 8, l->tcp.ack);
    tcp[12] = TCP_HEAD / 4 << 4;
    tcp[13] = flags;
    put16(tcp + 14, l->tcp.window);
    if (to > from)
        memcpy(tcp + TCP_HEAD, l->payload.p + from, to - from);
    struct packet packet = f->packet;
    packet.data = p;
    packet.caplen = (uint32_t)len;
    packet.len = (uint32_t)len + cut;
    packet.link = l->ip_version == 4 ? LINK_IPV4 : LINK_IPV6;
    add(out, &packet);
}

static bool
can_split(const struct frame *f)
{
    return f->is_decoded && f->layers.l4 == IPPROTO_TCP && f->layers.n_packets == 1 && f->layers.payload.len > 1;
}

static uint64_t
split_seeds(const struct capture *c, bool is_long)
{
    if (c->longest < 2)
        return 0;
    if (c->payload > EVERY_BYTE_MAX)
        return is_long ? 256 : 16;
    return c->longest - 1;
}

/* Each segment in two, at a place that moves with the seed: all seeds cut each segment at each byte. */
static void
make_split(const struct capture *c, uint64_t seed, struct packets *out)
{
    uint64_t state = seed;
    bool is_seeded = c->payload > EVERY_BYTE_MAX;

    for (size_t i = 0; i < c->n; i++) {
        const struct frame *f = &c->frames[i];
        if (!can_split(f)) {
            add(out, &f->packet);
            continue;
        }
        uint64_t place = is_seeded ? next_random(&state) : seed + i * 7;
        size_t at = 1 + (size_t)(place % (f->layers.payload.len - 1));
        add_piece(out, f, 0, at);
        add_piece(out, f, at, f->layers.payload.len);
    }
}

static uint64_t
bytes_seeds(const struct capture *c, bool is_long)
{
    (void)is_long;
    return c->longest > 1 && c->payload <= EVERY_BYTE_MAX;
}

static void
make_bytes(const struct capture *c, uint64_t seed, struct packets *out)
{
    (void)seed;
    for (size_t i = 0; i < c->n; i++) {
        const struct frame *f = &c->frames[i];
        if (!can_split(f)) {
            add(out, &f->packet);
            continue;
        }
        for (size_t at = 0; at < f->layers.payload.len; at++)
            add_piece(out, f, at, at + 1);
    }
}

static uint64_t
reorder_seeds(const struct capture *c, bool is_long)
{
    if (c->longest == 0)
        return 0;
    return is_long ? 512 : 48;
}

/* End of a window that begins at `from`: a seeded number of packets, less than 64 and less than 10 ms. */
static size_t
window_end(const struct capture *c, size_t from, uint64_t *state)
{
    size_t most = 1 + (size_t)(next_random(state) % WINDOW_PACKETS), to = from;
    uint64_t first = c->frames[from].packet.time_ns;

    while (to < c->n && to - from < most && c->frames[to].packet.time_ns - first < WINDOW_NS)
        to++;
    return to > from ? to : from + 1;
}

static bool
is_tcp(const struct frame *f)
{
    return f->is_decoded && f->layers.l4 == IPPROTO_TCP && f->layers.n_packets == 1;
}

/* Every second seed moves packets by one place only: what networks do most. */
static void
shuffle(const struct capture *c, size_t *order, size_t from, size_t to, bool is_mild, uint64_t *state)
{
    for (size_t i = to - 1; i > from; i--) {
        size_t k = is_mild ? i - (next_random(state) & 1) : from + (size_t)(next_random(state) % (i - from + 1));
        if (!is_tcp(&c->frames[order[i]]) || !is_tcp(&c->frames[order[k]]))
            continue;
        size_t swap = order[i];
        order[i] = order[k];
        order[k] = swap;
    }
}

static void
make_reorder(const struct capture *c, uint64_t seed, struct packets *out)
{
    size_t *order = must(malloc((c->n + 1) * sizeof(*order)));
    uint64_t state = seed;

    for (size_t i = 0; i < c->n; i++)
        order[i] = i;
    for (size_t from = 0, to; from < c->n; from = to) {
        to = window_end(c, from, &state);
        shuffle(c, order, from, to, seed & 1, &state);
    }
    for (size_t i = 0; i < c->n; i++) {
        add(out, &c->frames[order[i]].packet);
        out->p[i].time_ns = c->frames[i].packet.time_ns;
    }
    free(order);
}

static uint64_t
loss_seeds(const struct capture *c, bool is_long)
{
    (void)is_long;
    return c->n < LOSS_SINGLE ? c->n + LOSS_SEEDS - LOSS_SINGLE : LOSS_SEEDS;
}

/* The first seeds lose one packet each, the last ones a share of all. */
static void
make_loss(const struct capture *c, uint64_t seed, struct packets *out)
{
    uint64_t singles = c->n < LOSS_SINGLE ? c->n : LOSS_SINGLE, state = seed;
    size_t lost = (size_t)(c->n <= LOSS_SINGLE ? seed : next_random(&state) % c->n);
    uint64_t share = 2 + next_random(&state) % 32;

    for (size_t i = 0; i < c->n; i++)
        if (seed < singles ? i != lost : next_random(&state) % share != 0)
            add(out, &c->frames[i].packet);
}

/* The side with the higher port asks, as far as a packet alone can tell. */
static bool
is_from_client(const struct frame *f)
{
    const struct layers *l = &f->layers;

    if (!f->is_decoded || l->sport == l->dport || l->l4 == IPPROTO_ICMP || l->l4 == IPPROTO_ICMPV6)
        return memcmp(f->layers.src, f->layers.dst, 16) < 0;
    return l->sport > l->dport;
}

static void
make_side(const struct capture *c, bool client, struct packets *out)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->frames[i].is_decoded && is_from_client(&c->frames[i]) == client)
            add(out, &c->frames[i].packet);
}

static void
make_client(const struct capture *c, uint64_t seed, struct packets *out)
{
    (void)seed;
    make_side(c, true, out);
}

static void
make_server(const struct capture *c, uint64_t seed, struct packets *out)
{
    (void)seed;
    make_side(c, false, out);
}

static const uint32_t snap_lengths[] = {14, 34, 54, 60, 68, 80, 96, 128, 160, 200, 256, 400, 576, 1000, 1400};

static uint64_t
snap_seeds(const struct capture *c, bool is_long)
{
    (void)c;
    (void)is_long;
    return sizeof(snap_lengths) / sizeof(snap_lengths[0]);
}

static void
make_snap(const struct capture *c, uint64_t seed, struct packets *out)
{
    uint32_t snap = snap_lengths[seed % (sizeof(snap_lengths) / sizeof(snap_lengths[0]))];

    make_whole(c, 0, out);
    for (size_t i = 0; i < out->n; i++)
        if (out->p[i].caplen > snap)
            out->p[i].caplen = snap;
}

const struct mode modes[] = {
    {"whole", true, one_seed, make_whole},
    {"split", true, split_seeds, make_split},
    {"bytes", true, bytes_seeds, make_bytes},
    {"reorder", true, reorder_seeds, make_reorder},
    {"loss", false, loss_seeds, make_loss},
    {"client", false, one_seed, make_client},
    {"server", false, one_seed, make_server},
    {"snap", false, snap_seeds, make_snap},
    {0},
};
