/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: header, names with their pointers, questions, records (RFC 1035 section 4). */
#include <stdarg.h>
#include <stdio.h>

#include "proto/dns/dns_priv.h"

void
text_bytes(struct text *t, const void *p, size_t len)
{
    size_t room = t->cap - t->len;

    if (len > room) {
        len = room;
        t->is_cut = true;
    }
    memcpy(t->p + t->len, p, len);
    t->len += len;
}

void
text_string(struct text *t, const char *s)
{
    text_bytes(t, s, strlen(s));
}

void
text_add(struct text *t, const char *fmt, ...)
{
    char part[512];
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(part, sizeof(part), fmt, args);
    va_end(args);
    if (n > 0)
        text_bytes(t, part, (size_t)n < sizeof(part) ? (size_t)n : sizeof(part) - 1);
}

bool
dns_read_head(struct slice msg, struct dns_head *ret)
{
    struct reader r = reader_of(msg);

    ret->id = read_be16(&r);
    ret->flags = read_be16(&r);
    for (int i = 0; i < 4; i++)
        ret->n[i] = read_be16(&r);
    return !reader_short(&r);
}

/* One label as text: dots and what is not printable are escaped (RFC 4343 section 2.1). */
static void
add_label(struct dns_name *out, const uint8_t *label, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t c = label[i];
        if (c > 0x20 && c < 0x7f && c != '.' && c != '\\') {
            out->text[out->len++] = (char)c;
        } else if (c == '.' || c == '\\') {
            out->text[out->len++] = '\\';
            out->text[out->len++] = (char)c;
        } else {
            out->text[out->len++] = '\\';
            out->text[out->len++] = (char)('0' + c / 100);
            out->text[out->len++] = (char)('0' + c / 10 % 10);
            out->text[out->len++] = (char)('0' + c % 10);
        }
    }
}

/* Walks a name; `out` may be NULL. 255 bytes of labels at most, so that the text fits too. */
static bool
walk_name(struct slice msg, struct reader *r, struct dns_name *out)
{
    size_t at = (size_t)(r->p - msg.p), limit = at, wire = 1;
    bool has_jumped = false;

    if (out)
        out->len = 0;
    for (;;) {
        if (at >= msg.len)
            break;
        uint8_t n = msg.p[at];
        if (n == 0) {
            if (out && out->len == 0)
                out->text[out->len++] = '.';
            if (!has_jumped)
                read_skip(r, at + 1 - (size_t)(r->p - msg.p));
            return true;
        }
        if ((n & 0xc0) == 0xc0) {
            if (at + 1 >= msg.len)
                break;
            size_t to = (size_t)(n & 0x3f) << 8 | msg.p[at + 1];
            if (to >= limit) /* only backwards: no loop */
                break;
            if (!has_jumped)
                read_skip(r, at + 2 - (size_t)(r->p - msg.p));
            has_jumped = true;
            at = limit = to;
            continue;
        }
        wire += n + 1u;
        if ((n & 0xc0) != 0 || at + 1 + n > msg.len || wire > DNS_NAME_WIRE)
            break;
        if (out) {
            if (out->len > 0)
                out->text[out->len++] = '.';
            add_label(out, msg.p + at + 1, n);
        }
        at += n + 1u;
    }
    r->is_short = true;
    return false;
}

bool
dns_read_name(struct slice msg, struct reader *r, struct dns_name *ret)
{
    return walk_name(msg, r, ret);
}

bool
dns_skip_name(struct slice msg, struct reader *r)
{
    return walk_name(msg, r, NULL);
}

bool
dns_read_question(struct slice msg, struct reader *r, struct dns_question *ret)
{
    if (!walk_name(msg, r, &ret->name))
        return false;
    ret->type = read_be16(r);
    ret->class = read_be16(r);
    return !reader_short(r);
}

static bool
read_fixed(struct reader *r, struct dns_record *ret)
{
    ret->type = read_be16(r);
    ret->class = read_be16(r);
    ret->ttl = read_be32(r);
    size_t len = read_be16(r);
    ret->data = read_bytes(r, len);
    return !reader_short(r);
}

bool
dns_read_record(struct slice msg, struct reader *r, struct dns_record *ret)
{
    return walk_name(msg, r, &ret->name) && read_fixed(r, ret);
}

static bool
is_class(uint16_t class)
{
    class &= 0x7fff;
    return class == 1 || class == 3 || class == 4 || class == 254 || class == 255;
}

/* Counts and codes that a sender of DNS can have meant. */
static bool
is_head(const struct dns_head *h)
{
    unsigned opcode = h->flags >> 11 & 15;
    bool is_response = h->flags & DNS_QR;

    if (opcode > 6 || opcode == 1 || opcode == 3 || (h->flags & DNS_Z))
        return false;
    if (h->n[0] == 0 && !(is_response && h->n[1] > 0)) /* mDNS answers without repeating the question */
        return false;
    if (!is_response && (h->flags & 15) != 0)
        return false;
    return h->n[0] <= 64 && (is_response || opcode != 0 || h->n[1] <= 256);
}

enum dns_look
dns_look(struct slice msg, bool may_be_padded)
{
    struct dns_head h;
    struct dns_record rr;
    struct reader r = reader_of(msg);

    if (!dns_read_head(msg, &h))
        return DNS_LOOK_MORE;
    if (!is_head(&h))
        return DNS_LOOK_NO;
    read_skip(&r, DNS_HEAD);
    for (unsigned i = 0; i < h.n[0]; i++) {
        bool ok = dns_skip_name(msg, &r);
        uint16_t type = read_be16(&r), class = read_be16(&r);
        if (!ok || reader_short(&r))
            return i == 0 ? DNS_LOOK_MORE : DNS_LOOK_YES;
        if (type == 0 || !is_class(class))
            return DNS_LOOK_NO;
    }
    for (unsigned i = 0, n = (unsigned)h.n[1] + h.n[2] + h.n[3]; i < n; i++)
        if (!dns_skip_name(msg, &r) || !read_fixed(&r, &rr))
            return h.n[0] > 0 || i > 0 ? DNS_LOOK_YES : DNS_LOOK_MORE;
    return reader_left(&r) == 0 || may_be_padded ? DNS_LOOK_YES : DNS_LOOK_NO;
}
