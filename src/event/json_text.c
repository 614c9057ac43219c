/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text from the wire as JSON text (RFC 8259 part 7), eight bytes at a time where nothing needs a
 * change; UTF-8 by Unicode 15, table 3-7.
 */
#include "event/value.h"

#define ONES 0x0101010101010101ull
#define HIGHS 0x8080808080808080ull

unsigned
value_utf8_len(struct slice s)
{
    uint8_t c = s.p[0];

    if (c < 0x80)
        return 1;
    unsigned len = c >= 0xc2 && c <= 0xdf   ? 2
                   : (c & 0xf0) == 0xe0     ? 3
                   : c >= 0xf0 && c <= 0xf4 ? 4
                                            : 0;
    if (len == 0 || s.len < len)
        return 0;
    uint8_t low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    uint8_t high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (s.p[1] < low || s.p[1] > high)
        return 0;
    for (unsigned i = 2; i < len; i++)
        if ((s.p[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

/*
 * Marks (bit 7) of the bytes that cannot stay: the lowest mark is exact, those above it may err. A
 * subtraction sets the bit of a byte that is too small, and of large ones, which `x` marks anyway.
 */
static inline uint64_t
special_bytes(uint64_t x)
{
    uint64_t quote = x ^ (ONES * '"'), slash = x ^ (ONES * '\\');

    return ((x - ONES * 0x20) | (quote - ONES) | (slash - ONES) | x) & HIGHS;
}

static uint8_t *
put_control(uint8_t *out, uint8_t c)
{
    static const char hex[] = "0123456789abcdef";
    static const char shorts[32] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};

    *out++ = '\\';
    if (shorts[c]) {
        *out++ = (uint8_t)shorts[c];
        return out;
    }
    memcpy(out, "u00", 3);
    out[3] = (uint8_t)hex[c >> 4];
    out[4] = (uint8_t)hex[c & 15];
    return out + 5;
}

/* Writes the character at the start of `in`; *ret_len: its bytes. */
static uint8_t *
put_special(uint8_t *out, struct slice in, unsigned *ret_len)
{
    uint8_t c = in.p[0];

    *ret_len = 1;
    if (c < 0x20)
        return put_control(out, c);
    if (c == '"' || c == '\\') {
        *out++ = '\\';
        *out++ = c;
        return out;
    }
    unsigned len = value_utf8_len(in);
    if (len == 0) {
        memcpy(out, "\xef\xbf\xbd", 3);
        return out + 3;
    }
    memcpy(out, in.p, len);
    *ret_len = len;
    return out + len;
}

uint8_t *
value_json(uint8_t *out, struct slice text, bool is_padded)
{
    const uint8_t *p = text.p, *end = text.p + text.len;
    const uint8_t *readable = is_padded ? text.p + ((text.len + 7) & ~(size_t)7) : end;

    while (p < end) {
        size_t left = (size_t)(end - p);
        uint64_t word = 0, marks;
        if ((size_t)(readable - p) >= 8) {
            memcpy(&word, p, 8);
            marks = special_bytes(word);
            if (left < 8)
                marks &= (1ull << (8 * left)) - 1;
        } else {
            memcpy(&word, p, left);
            marks = special_bytes(word) & ((1ull << (8 * left)) - 1);
        }
        memcpy(out, &word, 8);
        size_t n = marks ? (size_t)__builtin_ctzll(marks) / 8 : left < 8 ? left : 8;
        out += n;
        p += n;
        if (marks) {
            unsigned len;
            out = put_special(out, slice_of(p, (size_t)(end - p)), &len);
            p += len;
        }
    }
    return out;
}
