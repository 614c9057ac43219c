/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data of records as text, in the presentation form of the document that defines the type: RFC 1035
 * (the first types), 2782 SRV, 3403 NAPTR, 4034 DNSSEC, 4255 SSHFP, 5155 NSEC3, 6698 TLSA, 7553 URI,
 * 8659 CAA, 1876 LOC, 9460 SVCB and HTTPS. Types that are not known and data that does not fit its
 * type are written as RFC 3597 does: \# length hex.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <time.h>

#include "proto/dns/dns_priv.h"

static void
add_hex(struct text *t, struct slice s)
{
    static const char digits[] = "0123456789ABCDEF";
    char pair[2];

    for (size_t i = 0; i < s.len && !t->is_cut; i++) {
        pair[0] = digits[s.p[i] >> 4];
        pair[1] = digits[s.p[i] & 15];
        text_bytes(t, pair, 2);
    }
}

static void
add_base64(struct text *t, struct slice s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < s.len && !t->is_cut; i += 3) {
        uint32_t v = (uint32_t)s.p[i] << 16 | (i + 1 < s.len ? (uint32_t)s.p[i + 1] << 8 : 0) | (i + 2 < s.len ? s.p[i + 2] : 0);
        char four[4] = {digits[v >> 18], digits[v >> 12 & 63], i + 1 < s.len ? digits[v >> 6 & 63] : '=', i + 2 < s.len ? digits[v & 63] : '='};
        text_bytes(t, four, 4);
    }
}

static void
add_address(struct text *t, struct slice addr)
{
    char text[INET6_ADDRSTRLEN];

    if (inet_ntop(addr.len == 4 ? AF_INET : AF_INET6, addr.p, text, sizeof(text)))
        text_bytes(t, text, strlen(text));
}

static bool
add_name(struct slice msg, struct reader *r, struct text *t)
{
    struct dns_name name;

    if (!dns_read_name(msg, r, &name))
        return false;
    text_bytes(t, name.text, name.len);
    return true;
}

/* A text of one length byte, as it is. */
static bool
add_string(struct reader *r, struct text *t)
{
    size_t len = read_u8(r);
    struct slice s = read_bytes(r, len);

    text_bytes(t, s.p, s.len);
    return !reader_short(r);
}

/* All texts, joined by a blank. */
static bool
add_strings(struct reader *r, struct text *t)
{
    bool is_first = true;

    while (reader_left(r) > 0 && !t->is_cut) {
        if (!is_first)
            text_bytes(t, " ", 1);
        if (!add_string(r, t))
            return false;
        is_first = false;
    }
    return true;
}

/* Types of an NSEC bit map (RFC 4034 section 4.1.2). */
static bool
add_types(struct reader *r, struct text *t)
{
    char scratch[16];

    while (reader_left(r) > 0 && !t->is_cut) {
        unsigned window = read_u8(r);
        size_t len = read_u8(r);
        struct slice bits = read_bytes(r, len);
        if (reader_short(r) || len == 0 || len > 32)
            return false;
        for (unsigned i = 0; i < len * 8; i++)
            if (bits.p[i / 8] & (0x80 >> i % 8))
                text_add(t, " %s", dns_type_name((uint16_t)(window << 8 | i), scratch));
    }
    return true;
}

static bool
add_rrsig(struct slice msg, struct reader *r, struct text *t)
{
    char covered[16], times[2][16];
    uint16_t type = read_be16(r);
    unsigned algorithm = read_u8(r), labels = read_u8(r);
    uint32_t ttl = read_be32(r);

    for (int i = 0; i < 2; i++) {
        time_t at = (time_t)read_be32(r);
        struct tm tm;
        (void)strftime(times[i], sizeof(times[i]), "%Y%m%d%H%M%S", gmtime_r(&at, &tm));
    }
    unsigned tag = read_be16(r);
    if (reader_short(r))
        return false;
    text_add(t, "%s %u %u %u %s %s %u ", dns_type_name(type, covered), algorithm, labels, ttl, times[0], times[1], tag);
    if (!add_name(msg, r, t))
        return false;
    text_bytes(t, " ", 1);
    add_base64(t, slice_of(r->p, reader_left(r)));
    return true;
}

static bool
add_nsec3(struct reader *r, struct text *t, bool has_next)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    unsigned algorithm = read_u8(r), flags = read_u8(r), iterations = read_be16(r);
    size_t len = read_u8(r);
    struct slice salt = read_bytes(r, len);

    if (reader_short(r))
        return false;
    text_add(t, "%u %u %u ", algorithm, flags, iterations);
    if (salt.len == 0)
        text_bytes(t, "-", 1);
    add_hex(t, salt);
    if (!has_next)
        return true;
    len = read_u8(r);
    struct slice hash = read_bytes(r, len);
    if (reader_short(r))
        return false;
    text_bytes(t, " ", 1);
    for (size_t bit = 0; bit < hash.len * 8; bit += 5) { /* base32hex without padding */
        unsigned v = (unsigned)hash.p[bit / 8] << 8 | (bit / 8 + 1 < hash.len ? hash.p[bit / 8 + 1] : 0);
        text_bytes(t, &digits[v >> (11 - bit % 8) & 31], 1);
    }
    return add_types(r, t);
}

/* ALPN: ids of one length byte each (RFC 9460 section 7.1.1). */
static bool
add_alpn(struct slice value, struct text *t)
{
    struct reader r = reader_of(value);

    for (bool is_first = true; reader_left(&r) > 0; is_first = false) {
        if (!is_first)
            text_bytes(t, ",", 1);
        if (!add_string(&r, t))
            return false;
    }
    return true;
}

static bool
add_svc_param(struct text *t, unsigned key, struct slice value)
{
    static const char *const keys[] = {"mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath"};
    size_t step = key == 4 ? 4 : 16;

    if (key < sizeof(keys) / sizeof(keys[0]))
        text_add(t, " %s", keys[key]);
    else
        text_add(t, " key%u", key);
    if (value.len == 0)
        return true;
    text_bytes(t, "=", 1);
    if (key == 1)
        return add_alpn(value, t);
    if (key == 3 && value.len == 2) {
        text_add(t, "%u", load_be16(value.p));
    } else if (key == 4 || key == 6) {
        for (size_t at = 0; at + step <= value.len; at += step) {
            if (at > 0)
                text_bytes(t, ",", 1);
            add_address(t, slice_of(value.p + at, step));
        }
    } else if (key == 7) {
        text_bytes(t, value.p, value.len);
    } else if (key == 5) {
        add_base64(t, value);
    } else {
        add_hex(t, value);
    }
    return true;
}

static bool
add_svcb(struct slice msg, struct reader *r, struct text *t)
{
    text_add(t, "%u ", read_be16(r));
    if (!add_name(msg, r, t))
        return false;
    while (reader_left(r) > 0 && !t->is_cut) {
        unsigned key = read_be16(r);
        size_t len = read_be16(r);
        struct slice value = read_bytes(r, len);
        if (reader_short(r) || !add_svc_param(t, key, value))
            return false;
    }
    return true;
}

static bool
add_naptr(struct slice msg, struct reader *r, struct text *t)
{
    unsigned order = read_be16(r), preference = read_be16(r);

    text_add(t, "%u %u", order, preference);
    for (int i = 0; i < 3; i++) {
        text_bytes(t, " \"", 2);
        if (!add_string(r, t))
            return false;
        text_bytes(t, "\"", 1);
    }
    text_bytes(t, " ", 1);
    return add_name(msg, r, t);
}

static bool
add_caa(struct reader *r, struct text *t)
{
    unsigned flags = read_u8(r);

    text_add(t, "%u ", flags);
    if (!add_string(r, t))
        return false;
    text_bytes(t, " \"", 2);
    text_bytes(t, r->p, reader_left(r));
    text_bytes(t, "\"", 1);
    return true;
}

/* Degrees, minutes, seconds of a LOC angle in thousandths of an arc second (RFC 1876). */
static void
add_angle(struct text *t, uint32_t raw, char plus, char minus)
{
    int64_t v = (int64_t)raw - ((int64_t)1 << 31);
    char side = v < 0 ? minus : plus;

    v = v < 0 ? -v : v;
    text_add(t, "%u %u %u.%03u %c ", (unsigned)(v / 3600000), (unsigned)(v / 60000 % 60), (unsigned)(v / 1000 % 60), (unsigned)(v % 1000), side);
}

static bool
add_loc(struct reader *r, struct text *t)
{
    if (read_u8(r) != 0)
        return false;
    read_skip(r, 3);
    uint32_t latitude = read_be32(r), longitude = read_be32(r), altitude = read_be32(r);
    if (reader_short(r))
        return false;
    add_angle(t, latitude, 'N', 'S');
    add_angle(t, longitude, 'E', 'W');
    text_add(t, "%.2fm", ((double)altitude - 10000000.0) / 100.0);
    return true;
}

/* Three small numbers, then bytes in hex: DS, TLSA and their kin. */
static bool
add_digest(struct reader *r, struct text *t, bool wide_first)
{
    unsigned a = wide_first ? read_be16(r) : read_u8(r), b = read_u8(r), c = read_u8(r);

    if (reader_short(r))
        return false;
    text_add(t, "%u %u %u ", a, b, c);
    add_hex(t, slice_of(r->p, reader_left(r)));
    return true;
}

static bool
add_known(struct slice msg, const struct dns_record *rr, struct reader *r, struct text *t)
{
    switch (rr->type) {
    case 1:
    case 28:
        if (rr->data.len != (rr->type == 1 ? 4u : 16u))
            return false;
        add_address(t, rr->data);
        return true;
    case 2: case 5: case 12: case 39: /* NS CNAME PTR DNAME */
    case 6:                           /* SOA: the rest has fields of its own */
        return add_name(msg, r, t);
    case 15: case 18: case 36: /* MX AFSDB KX: the number has a field of its own */
        read_skip(r, 2);
        return add_name(msg, r, t);
    case 33: /* SRV, likewise */
        read_skip(r, 6);
        return add_name(msg, r, t);
    case 13: case 16: case 99: /* HINFO TXT SPF */
        return add_strings(r, t);
    case 14: case 17: /* MINFO RP */
        if (!add_name(msg, r, t))
            return false;
        text_bytes(t, " ", 1);
        return add_name(msg, r, t);
    case 29:
        return add_loc(r, t);
    case 35:
        return add_naptr(msg, r, t);
    case 43: case 59: /* DS CDS */
        return add_digest(r, t, true);
    case 52: case 53: /* TLSA SMIMEA */
        return add_digest(r, t, false);
    case 44: { /* SSHFP */
        unsigned algorithm = read_u8(r), kind = read_u8(r);
        text_add(t, "%u %u ", algorithm, kind);
        add_hex(t, slice_of(r->p, reader_left(r)));
        return !reader_short(r);
    }
    case 46:
        return add_rrsig(msg, r, t);
    case 47:
        return add_name(msg, r, t) && add_types(r, t);
    case 48: case 60: { /* DNSKEY CDNSKEY */
        unsigned flags = read_be16(r), protocol = read_u8(r), algorithm = read_u8(r);
        text_add(t, "%u %u %u ", flags, protocol, algorithm);
        add_base64(t, slice_of(r->p, reader_left(r)));
        return !reader_short(r);
    }
    case 50: case 51:
        return add_nsec3(r, t, rr->type == 50);
    case 64: case 65:
        return add_svcb(msg, r, t);
    case 256: /* URI: priority and weight have fields of their own */
        read_skip(r, 4);
        text_bytes(t, r->p, reader_left(r));
        return !reader_short(r);
    case 257:
        return add_caa(r, t);
    default:
        return false;
    }
}

void
dns_data_text(struct slice msg, const struct dns_record *rr, struct text *out)
{
    size_t before = out->len;
    /* Names may point back to all that comes before the end of this record's data. */
    struct slice until = slice_of(msg.p, (size_t)(rr->data.p - msg.p) + rr->data.len);
    struct reader r = reader_of(rr->data);

    if (rr->data.len > 0 && add_known(until, rr, &r, out) && !reader_short(&r))
        return;
    out->len = before;
    if (rr->data.len == 0)
        return;
    text_add(out, "\\# %zu ", rr->data.len);
    add_hex(out, rr->data);
}
