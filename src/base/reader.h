/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader: walk over untrusted bytes without ever leaving them.
 *
 * A read past the end returns zero, moves nothing and marks the reader short for good. So a
 * parser reads a whole header, asks reader_short() once, and only then believes what it read.
 */
#ifndef BASE_READER_H
#define BASE_READER_H

#include "base/slice.h"

struct reader {
    const uint8_t *p, *end;
    bool is_short;
};

static inline struct reader
reader_of(struct slice in)
{
    return (struct reader){in.p, in.p + in.len, false};
}

static inline bool
reader_short(const struct reader *r)
{
    return r->is_short;
}

static inline size_t
reader_left(const struct reader *r)
{
    return (size_t)(r->end - r->p);
}

/* Claims `len` bytes: their address, or NULL and the reader is short. */
static inline const uint8_t *
reader_claim(struct reader *r, size_t len)
{
    const uint8_t *at = r->p;
    if (r->is_short || reader_left(r) < len) {
        r->is_short = true;
        return NULL;
    }
    r->p += len;
    return at;
}

static inline uint8_t
read_u8(struct reader *r)
{
    const uint8_t *p = reader_claim(r, 1);
    return p ? p[0] : 0;
}

static inline uint16_t
load_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
load_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint16_t
read_be16(struct reader *r)
{
    const uint8_t *p = reader_claim(r, 2);
    return p ? load_be16(p) : 0;
}

static inline uint32_t
read_be32(struct reader *r)
{
    const uint8_t *p = reader_claim(r, 4);
    return p ? load_be32(p) : 0;
}

static inline uint64_t
read_be64(struct reader *r)
{
    const uint8_t *p = reader_claim(r, 8);
    return p ? (uint64_t)load_be32(p) << 32 | load_be32(p + 4) : 0;
}

static inline uint16_t
read_le16(struct reader *r)
{
    const uint8_t *p = reader_claim(r, 2);
    return (uint16_t)(p ? p[1] << 8 | p[0] : 0);
}

static inline uint32_t
read_le32(struct reader *r)
{
    const uint8_t *p = reader_claim(r, 4);
    return p ? (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0] : 0;
}

/* Borrows: the slice points into the reader's input and dies with it. Empty when short. */
static inline struct slice
read_bytes(struct reader *r, size_t len)
{
    const uint8_t *p = reader_claim(r, len);
    return p ? slice_of(p, len) : slice_of(r->p, 0);
}

static inline void
read_skip(struct reader *r, size_t len)
{
    (void)reader_claim(r, len);
}

#endif
