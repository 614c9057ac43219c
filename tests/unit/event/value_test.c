/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of single values against the C library and the tables of the standards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <inttypes.h>
#include <time.h>

#include "event/value.h"

static const char *
ended(uint8_t *from, const uint8_t *to)
{
    from[to - from] = 0;
    return (const char *)from;
}

static uint64_t
next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void
test_numbers(void **state)
{
    uint64_t seed = 88172645463325252ull;
    uint8_t out[64];
    char want[64];

    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint64_t v = next_random(&seed) >> (i % 64);
        (void)snprintf(want, sizeof(want), "%" PRIu64, v);
        assert_string_equal(ended(out, value_uint(out, v)), want);
        (void)snprintf(want, sizeof(want), "%" PRId64, (int64_t)v);
        assert_string_equal(ended(out, value_int(out, (int64_t)v)), want);
    }
    assert_string_equal(ended(out, value_uint(out, UINT64_MAX)), "18446744073709551615");
    assert_string_equal(ended(out, value_int(out, INT64_MIN)), "-9223372036854775808");
    assert_string_equal(ended(out, value_uint(out, 0)), "0");
    assert_string_equal(ended(out, value_float(out, 0.1)), "0.1");
    assert_string_equal(ended(out, value_float(out, 1.0 / 0.0)), "null");
    assert_string_equal(ended(out, value_float(out, -2.5e300)), "-2.5e+300");
}

static void
test_addresses(void **state)
{
    uint64_t seed = 1234567;
    uint8_t out[64], ip[16];
    char want[64];

    (void)state;
    for (int i = 0; i < 50000; i++) {
        uint64_t a = next_random(&seed), b = next_random(&seed), zero = next_random(&seed);
        memcpy(ip, &a, 8);
        memcpy(ip + 8, &b, 8);
        for (int k = 0; k < 16; k++)
            if (zero >> (k / 2 * 2) & 3)
                ip[k] = 0;
        ip[0] |= 0x20; /* inet_ntop writes ::/96 in the mixed form */
        assert_non_null(inet_ntop(AF_INET6, ip, want, sizeof(want)));
        assert_string_equal(ended(out, value_ip(out, slice_of(ip, 16))), want);
        assert_non_null(inet_ntop(AF_INET, ip, want, sizeof(want)));
        assert_string_equal(ended(out, value_ip(out, slice_of(ip, 4))), want);
    }
    memset(ip, 0, sizeof(ip));
    assert_string_equal(ended(out, value_ip(out, slice_of(ip, 16))), "::");
    ip[15] = 1;
    assert_string_equal(ended(out, value_ip(out, slice_of(ip, 16))), "::1");
    ip[10] = ip[11] = 0xff;
    assert_string_equal(ended(out, value_ip(out, slice_of(ip, 16))), "::ffff:0.0.0.1");
}

static void
test_times(void **state)
{
    struct value_clock clock = {0};
    uint64_t seed = 42;
    uint8_t out[64];
    char want[64];

    (void)state;
    for (int i = 0; i < 20000; i++) {
        time_t second = (time_t)(next_random(&seed) % 16725225600u); /* to the year 2500 */
        struct tm tm;
        gmtime_r(&second, &tm);
        (void)strftime(want, 40, "%Y-%m-%dT%H:%M:%S.000250Z", &tm);
        assert_string_equal(
            ended(out, value_time(out, &clock, (uint64_t)second * 1000000000u + 250999, 6)), want);
    }
    assert_string_equal(ended(out, value_time(out, &clock, 999, 9)),
                        "1970-01-01T00:00:00.000000999Z");
    assert_string_equal(ended(out, value_time(out, &clock, 1000000, 3)),
                        "1970-01-01T00:00:00.001Z");
    assert_string_equal(ended(out, value_time(out, &clock, 86400000000000u, 0)),
                        "1970-01-02T00:00:00Z");
    assert_memory_equal(ended(out, value_time(out, &clock, UINT64_MAX, 6)), "2554-07-21T23:34:33",
                        19);
}

static void
check_json(const char *in, size_t len, const char *want)
{
    /* in all places of a word, padded and not */
    for (size_t shift = 0; shift < 9; shift++) {
        uint8_t text[64] = "aaaaaaaaaaa", out[512];
        memcpy(text + shift, in, len);
        for (int is_padded = 0; is_padded < 2; is_padded++) {
            struct slice s = slice_of(text, shift + len);
            const char *got = ended(out, value_json(out, s, is_padded));
            assert_memory_equal(got, "aaaaaaaaa", shift);
            assert_string_equal(got + shift, want);
        }
    }
}

static void
test_json_text(void **state)
{
    (void)state;
    check_json("plain text, 20 bytes", 20, "plain text, 20 bytes");
    check_json("a\"b\\c", 5, "a\\\"b\\\\c");
    check_json("\n\t\r\b\f", 5, "\\n\\t\\r\\b\\f");
    check_json("\0\x01\x1f", 3, "\\u0000\\u0001\\u001f");
    check_json("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x9f", 15,
               "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x9f");
    check_json("\x80", 1, "\xef\xbf\xbd");
    check_json("\xc0\xaf", 2, "\xef\xbf\xbd\xef\xbf\xbd");                 /* overlong */
    check_json("\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* surrogate */
    check_json("\xf4\x90\x80\x80", 4, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    check_json("\xe2\x82", 2, "\xef\xbf\xbd\xef\xbf\xbd"); /* cut */
    check_json("\x7f", 1, "\x7f");
    check_json("", 0, "");
}

/* What is padded is padded to 8 bytes and no further, wherever an escape moved the walk. */
static void
test_json_text_stays_inside(void **state)
{
    uint8_t out[256];

    (void)state;
    for (size_t len = 1; len <= 24; len++)
        for (size_t special = 0; special < len; special++) {
            uint8_t *exact = malloc((len + 7) & ~(size_t)7), *tight = malloc(len);
            memset(exact, 'a', (len + 7) & ~(size_t)7);
            exact[special] = '"';
            memcpy(tight, exact, len);
            assert_int_equal(value_json(out, slice_of(exact, len), true) - out, (long)len + 1);
            assert_int_equal(value_json(out, slice_of(tight, len), false) - out, (long)len + 1);
            free(exact);
            free(tight);
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_json_text),
        cmocka_unit_test(test_json_text_stays_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
