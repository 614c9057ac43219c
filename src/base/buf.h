/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf: a growing run of bytes with a bound. A write past the bound or without memory sets
 * `failed` for good and adds nothing; the owner asks once at the end. The hot path reserves
 * first and then writes without checks.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/slice.h"

struct buf {
    uint8_t *p;
    size_t len, cap, max;
    bool failed;
};

/* Starts empty and allocates nothing; `max` bytes are the bound. */
void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);

/* Empties, keeps the memory, clears `failed`. */
void buf_clear(struct buf *b);

/* Makes room for `len` more bytes: their address (not yet counted in len), or NULL. */
uint8_t *buf_reserve(struct buf *b, size_t len);

void buf_add(struct buf *b, const void *p, size_t len);
void buf_add_text(struct buf *b, const char *s);
void buf_add_byte(struct buf *b, uint8_t c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static inline struct slice
buf_slice(const struct buf *b)
{
    return (struct slice){b->p, b->len};
}

#endif
