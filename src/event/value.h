/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value: the texts of single values as they stand in events, searches and tables: numbers,
 * addresses (RFC 5952), times (RFC 3339, UTC). Each writes to `out`, which has room for its
 * VALUE_MAX_*, adds no zero, and returns the place behind the last byte.
 */
#ifndef EVENT_VALUE_H
#define EVENT_VALUE_H

#include "base/slice.h"

enum {
    VALUE_MAX_UINT = 20,
    VALUE_MAX_INT = 21,
    VALUE_MAX_FLOAT = 32,
    VALUE_MAX_IP = 46,
    VALUE_MAX_TIME = 32
};

uint8_t *value_uint(uint8_t *out, uint64_t value);
uint8_t *value_int(uint8_t *out, int64_t value);

/* The shortest text that reads back as the same number; "null" when there is none in JSON. */
uint8_t *value_float(uint8_t *out, double value);

/* 4 or 16 bytes in network order. */
uint8_t *value_ip(uint8_t *out, struct slice addr);

/* Keeps the text of the last second: most times of a stream share it. Starts as {0}. */
struct value_clock {
    uint64_t second;
    uint8_t text[20]; /* "2015-10-19T21:47:49." */
    bool is_set;
};

/* "2015-10-19T21:47:49.900657Z"; digits: 0 to 9 of the fraction. Years above 9999 are shown as
 * 9999. */
uint8_t *value_time(uint8_t *out, struct value_clock *clock, uint64_t time_ns, unsigned digits);

/*
 * JSON text between quotes: quotes, backslashes and control characters escaped, what is not UTF-8
 * as U+FFFD. `out` has room for value_json_room(len). `is_padded`: bytes behind the text up to a
 * multiple of 8 of its length may be read (the payload of a cell).
 */
uint8_t *value_json(uint8_t *out, struct slice text, bool is_padded);

static inline size_t
value_json_room(size_t len)
{
    return 6 * len + 16; /* \u0001, and whole words are written */
}

/* Length of the UTF-8 character at the start of `s` (not empty), 0: none (Unicode 15, table 3-7).
 */
unsigned value_utf8_len(struct slice s);

#endif
