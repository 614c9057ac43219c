/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of ndjson: the line under construction, and values of each kind written to it. */
#ifndef EVENT_NDJSON_LINE_H
#define EVENT_NDJSON_LINE_H

#include "event/ndjson_priv.h"

enum { VALUE_ROOM = 64 }; /* any number, address or time with quotes */

/* The line under construction. */
struct line {
    struct buf *out;
    uint8_t *p, *end;
};

/* Makes room for `len` more bytes; false: the output is at its bound. */
static inline bool
line_room(struct line *l, size_t len)
{
    if ((size_t)(l->end - l->p) >= len)
        return true;
    l->out->len = (size_t)(l->p - l->out->p);
    if (!buf_reserve(l->out, len))
        return false;
    l->p = l->out->p + l->out->len;
    l->end = l->out->p + l->out->cap;
    return true;
}

static inline void
line_byte(struct line *l, uint8_t c)
{
    *l->p++ = c;
}

/* In runs of 32 bytes: both sides have that much room behind the end. */
static inline uint8_t *
copy_runs(uint8_t *out, const uint8_t *from, size_t len)
{
    memcpy(out, from, NDJSON_SLACK);
    for (size_t i = NDJSON_SLACK; i < len; i += NDJSON_SLACK)
        memcpy(out + i, from + i, NDJSON_SLACK);
    return out + len;
}

static inline uint64_t
cell_bits(const struct cell_head *h)
{
    uint64_t bits;
    memcpy(&bits, h + 1, sizeof(bits));
    return bits;
}

static inline void
line_bool(struct line *l, bool value)
{
    memcpy(l->p, value ? "true " : "false", 5);
    l->p += value ? 4 : 5;
}

/* Each returns false when the output is at its bound: the line is given up. */

/* One value of any kind but maps and groups. */
bool line_value(struct ndjson *n, struct line *l, const struct cell_head *h, double scale);
/* The values of a chain: one, or a list. `next` links its cells. */
bool line_values(struct ndjson *n, struct line *l, const struct ndjson_chain *c,
                 const uint16_t *next, const struct ndjson_slot *as);
bool line_map(struct ndjson *n, struct line *l, const struct ndjson_chain *c);
bool line_group(struct ndjson *n, struct line *l, const struct ndjson_chain *c);
/* related.ip when nobody put it: the addresses in these cells, each once. */
bool line_related(struct ndjson *n, struct line *l, const uint16_t *cells, size_t n_cells);
bool line_timestamp(struct ndjson *n, struct line *l, uint64_t time_ns);

/* Epochs begin again after 4 billion: no stale chain may look new. */
static inline void
next_epoch(uint32_t *epoch, struct ndjson_chain *chains, uint16_t n_chains)
{
    if (++*epoch)
        return;
    memset(chains, 0, n_chains * sizeof(*chains));
    *epoch = 1;
}

#endif
