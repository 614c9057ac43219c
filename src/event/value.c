/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of numbers, addresses (RFC 5952) and times (RFC 3339). */
#include "event/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NS 1000000000ull

static const char digit_pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233"
    "34353637383940414243444546474849505152535455565758596061626364656667"
    "6869707172737475767778798081828384858687888990919293949596979899";

static inline uint8_t *
put_pair(uint8_t *out, uint32_t value)
{
    memcpy(out, digit_pairs + 2 * value, 2);
    return out + 2;
}

/* Below 10,000, without leading zeros. */
static inline uint8_t *
put_small(uint8_t *out, uint32_t value)
{
    if (value >= 100) {
        uint32_t high = value / 100;
        if (high >= 10)
            out = put_pair(out, high);
        else
            *out++ = (uint8_t)('0' + high);
        return put_pair(out, value - high * 100);
    }
    if (value >= 10)
        return put_pair(out, value);
    *out = (uint8_t)('0' + value);
    return out + 1;
}

/* Exactly eight digits. */
static inline uint8_t *
put_eight(uint8_t *out, uint32_t value)
{
    uint32_t high = value / 10000, low = value - high * 10000;

    out = put_pair(out, high / 100);
    out = put_pair(out, high % 100);
    out = put_pair(out, low / 100);
    return put_pair(out, low % 100);
}

/* Written in place: a detour by a buffer would wait for the bytes just stored. */
uint8_t *
value_uint(uint8_t *out, uint64_t value)
{
    if (value < 10000)
        return put_small(out, (uint32_t)value);
    if (value < 100000000) {
        uint32_t high = (uint32_t)value / 10000, low = (uint32_t)value - high * 10000;
        out = put_small(out, high);
        out = put_pair(out, low / 100);
        return put_pair(out, low % 100);
    }
    uint64_t high = value / 100000000;
    out = value_uint(out, high); /* at most twice: 20 digits */
    return put_eight(out, (uint32_t)(value - high * 100000000));
}

uint8_t *
value_int(uint8_t *out, int64_t value)
{
    if (value >= 0)
        return value_uint(out, (uint64_t)value);
    *out++ = '-';
    return value_uint(out, 0 - (uint64_t)value);
}

uint8_t *
value_float(uint8_t *out, double value)
{
    char text[VALUE_MAX_FLOAT];
    int len = 0;

    if (!isfinite(value)) {
        memcpy(out, "null", 4);
        return out + 4;
    }
    for (int digits = 15; digits <= 17; digits++) {
        len = snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    memcpy(out, text, (size_t)len);
    return out + len;
}

/* 0 to 255 */
static inline uint8_t *
put_octet(uint8_t *out, uint8_t v)
{
    if (v >= 100) {
        *out++ = (uint8_t)('0' + v / 100);
        return put_pair(out, v % 100);
    }
    if (v >= 10)
        return put_pair(out, v);
    *out = (uint8_t)('0' + v);
    return out + 1;
}

static uint8_t *
put_ip4(uint8_t *out, const uint8_t *p)
{
    out = put_octet(out, p[0]);
    for (int i = 1; i < 4; i++) {
        *out++ = '.';
        out = put_octet(out, p[i]);
    }
    return out;
}

static uint8_t *
put_hex16(uint8_t *out, unsigned v)
{
    static const char hex[] = "0123456789abcdef";

    for (int shift = v > 0xfff ? 12 : v > 0xff ? 8 : v > 0xf ? 4 : 0; shift >= 0; shift -= 4)
        *out++ = (uint8_t)hex[v >> shift & 15];
    return out;
}

/* The first longest run of at least two zero groups (RFC 5952 4.2). */
static void
longest_zeros(const uint16_t *groups, int *ret_from, int *ret_n)
{
    *ret_from = -1;
    *ret_n = 1;
    for (int i = 0; i < 8;) {
        int n = 0;
        while (i + n < 8 && groups[i + n] == 0)
            n++;
        if (n > *ret_n) {
            *ret_from = i;
            *ret_n = n;
        }
        i += n + 1;
    }
}

static uint8_t *
put_ip6(uint8_t *out, const uint8_t *p)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    uint16_t groups[8];
    int from, n;

    if (memcmp(p, mapped, sizeof(mapped)) == 0) {
        memcpy(out, "::ffff:", 7);
        return put_ip4(out + 7, p + 12);
    }
    for (int i = 0; i < 8; i++)
        groups[i] = (uint16_t)(p[2 * i] << 8 | p[2 * i + 1]);
    longest_zeros(groups, &from, &n);
    for (int i = 0; i < 8; i++) {
        if (i == from) {
            *out++ = ':';
            *out++ = ':';
            i += n - 1;
            continue;
        }
        if (i > 0 && out[-1] != ':')
            *out++ = ':';
        out = put_hex16(out, groups[i]);
    }
    return out;
}

uint8_t *
value_ip(uint8_t *out, struct slice addr)
{
    return addr.len == 4 ? put_ip4(out, addr.p) : put_ip6(out, addr.p);
}

/* Days since 1970 to the date; Hinnant's civil_from_days for the years from 1970 on. */
static void
clock_set(struct value_clock *clock, uint64_t second)
{
    enum { LAST_DAY = 2932896 }; /* 9999-12-31 */
    uint64_t all_days = second / 86400;
    uint32_t days = (uint32_t)(all_days < LAST_DAY ? all_days : LAST_DAY);
    uint32_t rest = (uint32_t)(second % 86400);
    uint32_t z = days + 719468, era = z / 146097, doe = z % 146097;
    uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    uint32_t month = mp < 10 ? mp + 3 : mp - 9;
    uint32_t year = yoe + era * 400 + (month <= 2);
    uint8_t *out = clock->text;

    out = put_pair(out, year / 100);
    out = put_pair(out, year % 100);
    *out++ = '-';
    out = put_pair(out, month);
    *out++ = '-';
    out = put_pair(out, doy - (153 * mp + 2) / 5 + 1);
    *out++ = 'T';
    out = put_pair(out, rest / 3600);
    *out++ = ':';
    out = put_pair(out, rest / 60 % 60);
    *out++ = ':';
    out = put_pair(out, rest % 60);
    *out = '.';
    clock->second = second;
    clock->is_set = true;
}

uint8_t *
value_time(uint8_t *out, struct value_clock *clock, uint64_t time_ns, unsigned digits)
{
    uint64_t second = time_ns / NS;
    uint32_t fraction = (uint32_t)(time_ns - second * NS);

    if (second != clock->second || !clock->is_set)
        clock_set(clock, second);
    memcpy(out, clock->text, sizeof(clock->text));
    out += sizeof(clock->text);
    if (digits == 6) {
        uint32_t us = fraction / 1000;
        out = put_pair(out, us / 10000);
        out = put_pair(out, us / 100 % 100);
        out = put_pair(out, us % 100);
    } else {
        uint8_t text[10];
        out -= digits == 0;
        for (int i = 9; i-- > 0; fraction /= 10)
            text[i] = (uint8_t)('0' + fraction % 10);
        memcpy(out, text, digits);
        out += digits;
    }
    *out++ = 'Z';
    return out;
}
