/* SPDX-License-Identifier: Apache-2.0 */
/* IP fragments: a small table of datagrams in the making, the oldest first out. */
#include "decode/fragments.h"

#include <stdlib.h>

enum {
    MAX_DATAGRAMS = 1024,
    MAX_BYTES = 4 << 20,
    MAX_PIECES = 64,       /* of one datagram */
    MAX_PAYLOAD = 65535,
    N_BUCKETS = 256
};

static const uint64_t HOLD_NS = 30000000000ull;

struct piece {
    uint32_t from, to;
};

struct datagram {
    struct datagram *hash_next;
    struct datagram *next, *prev; /* oldest first */
    uint8_t src[16], dst[16];
    uint32_t id, bucket;
    uint8_t l4, ip_version;
    uint16_t n_pieces, n_packets;
    struct piece pieces[MAX_PIECES]; /* sorted, no overlap */
    uint32_t end;                    /* length of the payload, 0: the last fragment was not seen */
    uint32_t wire_len, cap;
    uint64_t first_ns;
    uint8_t *bytes;
};

struct fragments {
    struct datagram *buckets[N_BUCKETS];
    struct datagram *oldest, *newest;
    struct decode_stats *stats;
    uint32_t n, n_bytes, max, max_bytes;
    uint64_t hold_ns;
    uint8_t *whole;
};

struct fragments *
fragments_new(const struct decoder_limits *limits, struct decode_stats *stats)
{
    struct fragments *f = calloc(1, sizeof(*f));

    if (!f)
        return NULL;
    f->stats = stats;
    f->max = limits->max_datagrams ? limits->max_datagrams : MAX_DATAGRAMS;
    f->max_bytes = limits->max_bytes ? limits->max_bytes : MAX_BYTES;
    f->hold_ns = limits->fragment_timeout_ns ? limits->fragment_timeout_ns : HOLD_NS;
    return f;
}

/* Takes it out of the table; its bytes go to the caller. */
static void
unlink_datagram(struct fragments *f, struct datagram *d)
{
    struct datagram **at = &f->buckets[d->bucket];

    while (*at != d)
        at = &(*at)->hash_next;
    *at = d->hash_next;
    *(d->prev ? &d->prev->next : &f->oldest) = d->next;
    *(d->next ? &d->next->prev : &f->newest) = d->prev;
    f->n--;
    f->n_bytes -= d->cap;
}

static void
drop(struct fragments *f, struct datagram *d)
{
    unlink_datagram(f, d);
    free(d->bytes);
    free(d);
}

void
fragments_free(struct fragments *f)
{
    if (!f)
        return;
    while (f->oldest)
        drop(f, f->oldest);
    free(f->whole);
    free(f);
}

static uint32_t
bucket_of(const struct fragment *in)
{
    uint32_t h = in->id * 2654435761u ^ in->l4;

    for (unsigned i = 0; i < 16; i++)
        h = (h ^ in->src[i] ^ (uint32_t)in->dst[i] << 8) * 16777619u;
    return h % N_BUCKETS;
}

static struct datagram *
find(struct fragments *f, const struct fragment *in, uint32_t bucket)
{
    struct datagram *d = f->buckets[bucket];

    while (d && (d->id != in->id || d->l4 != in->l4 || d->ip_version != in->ip_version || memcmp(d->src, in->src, 16) != 0 ||
                 memcmp(d->dst, in->dst, 16) != 0))
        d = d->hash_next;
    return d;
}

static struct datagram *
make(struct fragments *f, const struct fragment *in, uint32_t bucket)
{
    while (f->oldest && (f->n >= f->max || f->n_bytes > f->max_bytes)) {
        f->stats->fragments_evicted++;
        drop(f, f->oldest);
    }
    struct datagram *d = calloc(1, sizeof(*d));
    if (!d)
        return NULL;
    memcpy(d->src, in->src, 16);
    memcpy(d->dst, in->dst, 16);
    d->id = in->id;
    d->l4 = in->l4;
    d->ip_version = in->ip_version;
    d->bucket = bucket;
    d->first_ns = in->time_ns;
    d->hash_next = f->buckets[bucket];
    f->buckets[bucket] = d;
    d->prev = f->newest;
    *(f->newest ? &f->newest->next : &f->oldest) = d;
    f->newest = d;
    f->n++;
    return d;
}

static bool
make_room(struct fragments *f, struct datagram *d, uint32_t end)
{
    if (end <= d->cap)
        return true;
    uint32_t cap = d->cap ? d->cap : 4096;
    while (cap < end)
        cap *= 2;
    uint8_t *p = realloc(d->bytes, cap);
    if (!p)
        return false;
    f->n_bytes += cap - d->cap;
    d->bytes = p;
    d->cap = cap;
    return true;
}

/* Enters [from, to) among the pieces; false: no room for one more, or an overlap where none is allowed. */
static bool
add_piece(struct fragments *f, struct datagram *d, uint32_t from, uint32_t to)
{
    uint16_t i = 0;

    while (i < d->n_pieces && d->pieces[i].to < from)
        i++;
    bool overlaps = i < d->n_pieces && d->pieces[i].from < to && d->pieces[i].to > from;
    if (overlaps) {
        f->stats->fragments_overlap++;
        if (d->ip_version == 6 && !(d->pieces[i].from <= from && d->pieces[i].to >= to))
            return false;
    }
    if (i == d->n_pieces || d->pieces[i].from > to) {
        if (d->n_pieces == MAX_PIECES)
            return false;
        memmove(&d->pieces[i + 1], &d->pieces[i], (size_t)(d->n_pieces - i) * sizeof(d->pieces[0]));
        d->pieces[i] = (struct piece){from, to};
        d->n_pieces++;
        return true;
    }
    if (from < d->pieces[i].from)
        d->pieces[i].from = from;
    if (to > d->pieces[i].to)
        d->pieces[i].to = to;
    while (i + 1 < d->n_pieces && d->pieces[i + 1].from <= d->pieces[i].to) {
        if (d->pieces[i + 1].to > d->pieces[i].to)
            d->pieces[i].to = d->pieces[i + 1].to;
        d->n_pieces--;
        memmove(&d->pieces[i + 1], &d->pieces[i + 2], (size_t)(d->n_pieces - i - 1) * sizeof(d->pieces[0]));
    }
    return true;
}

/* Copies what is not known yet: the bytes seen first win. */
static void
copy_new(struct datagram *d, uint32_t from, struct slice bytes)
{
    for (size_t k = 0; k < bytes.len;) {
        uint32_t at = from + (uint32_t)k, end = from + (uint32_t)bytes.len;
        bool known = false;
        for (uint16_t i = 0; i < d->n_pieces; i++) {
            if (d->pieces[i].from <= at && at < d->pieces[i].to) {
                k = d->pieces[i].to - from;
                known = true;
                break;
            }
            if (d->pieces[i].from > at && d->pieces[i].from < end)
                end = d->pieces[i].from;
        }
        if (known)
            continue;
        memcpy(d->bytes + at, bytes.p + k, end - at);
        k += end - at;
    }
}

bool
fragments_add(struct fragments *f, const struct fragment *in, struct slice *ret, uint32_t *ret_wire_len, uint16_t *ret_n_packets)
{
    uint32_t bucket = bucket_of(in), to = in->offset + (uint32_t)in->bytes.len;

    while (f->oldest && f->oldest->first_ns + f->hold_ns < in->time_ns) {
        f->stats->fragments_expired++;
        drop(f, f->oldest);
    }
    if (to > MAX_PAYLOAD || in->bytes.len == 0)
        return false;
    struct datagram *d = find(f, in, bucket);
    if (!d)
        d = make(f, in, bucket);
    if (!d || !make_room(f, d, to))
        return false;
    copy_new(d, in->offset, in->bytes);
    if (!add_piece(f, d, in->offset, to)) {
        f->stats->fragments_evicted++;
        drop(f, d);
        return false;
    }
    d->wire_len += in->wire_len;
    d->n_packets++;
    if (!in->has_more && d->end == 0)
        d->end = to;
    if (d->end == 0 || d->n_pieces != 1 || d->pieces[0].from != 0 || d->pieces[0].to < d->end)
        return false;
    unlink_datagram(f, d);
    free(f->whole);
    f->whole = d->bytes;
    *ret = slice_of(f->whole, d->end);
    *ret_wire_len = d->wire_len;
    *ret_n_packets = d->n_packets;
    free(d);
    return true;
}
