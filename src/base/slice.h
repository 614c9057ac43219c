/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slice: borrowed bytes. A slice never owns and never outlives what it points into.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const uint8_t *p;
    size_t len;
};

/* A string literal as a slice, without its final zero byte. */
#define SLICE(literal) ((struct slice){(const uint8_t *)("" literal), sizeof(literal) - 1})

static inline struct slice
slice_of(const void *p, size_t len)
{
    return (struct slice){p, len};
}

/* Borrows a zero-terminated text. */
static inline struct slice
slice_text(const char *s)
{
    return (struct slice){(const uint8_t *)s, strlen(s)};
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* The bytes from `from` on; empty when `from` lies behind the end. */
static inline struct slice
slice_from(struct slice s, size_t from)
{
    return from >= s.len ? (struct slice){s.p + s.len, 0} : (struct slice){s.p + from, s.len - from};
}

/* At most the first `len` bytes. */
static inline struct slice
slice_head(struct slice s, size_t len)
{
    return (struct slice){s.p, len < s.len ? len : s.len};
}

/* Compares without regard to the case of ASCII letters. */
bool slice_eq_nocase(struct slice a, struct slice b);

/* Does `s` begin with `prefix`? */
bool slice_starts(struct slice s, struct slice prefix);
bool slice_starts_nocase(struct slice s, struct slice prefix);

/* Without blanks and tabs at both ends (RFC 9110 OWS). */
struct slice slice_trim(struct slice s);

/* Offset of the first `byte` at or behind `from`; s.len when there is none. */
size_t slice_find(struct slice s, uint8_t byte, size_t from);

/* Offset of the first `needle`, case ignored; s.len when there is none. Linear in s.len * needle.len. */
size_t slice_find_nocase(struct slice s, struct slice needle);

/* Decimal number of the whole slice. Returns false when it is empty, has another character, or does not fit. */
bool slice_to_uint(struct slice s, uint64_t *ret);

#endif
