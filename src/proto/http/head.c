/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a message: start line and header fields (RFC 9112 2 to 5), also with bare line feeds. */
#include <stddef.h>

#include "proto/http/http_priv.h"

/* Offset behind the empty line that ends a head; 0: not there yet. */
static size_t
head_end(struct slice in, size_t from)
{
    for (size_t at = from; (at = slice_find(in, '\n', at)) < in.len; at++) {
        if (at + 1 < in.len && in.p[at + 1] == '\n')
            return at + 2;
        if (at + 2 < in.len && in.p[at + 1] == '\r' && in.p[at + 2] == '\n')
            return at + 3;
    }
    return 0;
}

static bool
is_token(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* The next line without its end; moves *rest behind it. Folded lines belong to it (RFC 9112 5.2). */
static struct slice
next_line(struct slice *rest, bool folds)
{
    size_t at = slice_find(*rest, '\n', 0);

    while (folds && at + 1 < rest->len && (rest->p[at + 1] == ' ' || rest->p[at + 1] == '\t'))
        at = slice_find(*rest, '\n', at + 1);
    struct slice line = slice_head(*rest, at);
    *rest = slice_from(*rest, at + 1);
    if (line.len > 0 && line.p[line.len - 1] == '\r')
        line.len--;
    return line;
}

static void
note_length(struct http_head *h, struct slice value)
{
    uint64_t n;

    /* "5, 5" is one length said twice (RFC 9110 8.6) */
    value = slice_trim(slice_head(value, slice_find(value, ',', 0)));
    if (slice_to_uint(value, &n) && !h->has_length) {
        h->content_length = n;
        h->has_length = true;
    }
}

static void
note_header(struct http_head *h, struct slice name, struct slice value)
{
    switch (name.len) {
    case 4:
        if (slice_eq_nocase(name, SLICE("host")))
            h->host = value;
        break;
    case 7:
        if (slice_eq_nocase(name, SLICE("referer")))
            h->referrer = value;
        if (slice_eq_nocase(name, SLICE("upgrade")))
            h->upgrade = value;
        break;
    case 10:
        if (slice_eq_nocase(name, SLICE("user-agent")))
            h->user_agent = value;
        if (slice_eq_nocase(name, SLICE("connection")))
            h->is_closing |= slice_find_nocase(value, SLICE("close")) < value.len;
        break;
    case 12:
        if (slice_eq_nocase(name, SLICE("content-type")))
            h->content_type = value;
        if (slice_eq_nocase(name, SLICE("x-request-id")))
            h->request_id = value;
        break;
    case 13:
        if (slice_eq_nocase(name, SLICE("authorization")))
            h->authorization = value;
        break;
    case 14:
        if (slice_eq_nocase(name, SLICE("content-length")))
            note_length(h, value);
        break;
    case 16:
        if (slice_eq_nocase(name, SLICE("content-encoding")))
            h->content_encoding = value;
        break;
    case 17:
        if (slice_eq_nocase(name, SLICE("transfer-encoding")))
            h->is_chunked |= slice_find_nocase(value, SLICE("chunked")) < value.len;
        break;
    default:
        break;
    }
}

static bool
parse_headers(struct slice rest, struct http_head *h)
{
    while (rest.len > 0) {
        struct slice line = next_line(&rest, true);
        if (line.len == 0)
            return true;
        size_t colon = slice_find(line, ':', 0);
        if (colon == line.len || colon == 0)
            continue; /* a line without a name: passed over */
        struct http_header header = {slice_trim(slice_head(line, colon)), slice_trim(slice_from(line, colon + 1))};
        note_header(h, header.name, header.value);
        if (h->n_headers < HTTP_MAX_HEADERS)
            h->headers[h->n_headers++] = header;
    }
    return true;
}

/* "HTTP/1.1 200 OK", "HTTP/1.1 302" */
static bool
parse_status_line(struct slice line, struct http_head *h)
{
    uint64_t code;
    size_t blank = slice_find(line, ' ', 0);

    h->is_response = true;
    h->line[0] = slice_from(slice_head(line, blank), 5);
    struct slice rest = slice_trim(slice_from(line, blank));
    blank = slice_find(rest, ' ', 0);
    h->line[1] = slice_head(rest, blank);
    h->line[2] = slice_trim(slice_from(rest, blank));
    if (!slice_to_uint(h->line[1], &code) || code < 100 || code > 999)
        return false;
    h->status = (uint16_t)code;
    return true;
}

/* "GET /path HTTP/1.1" */
static bool
parse_request_line(struct slice line, struct http_head *h)
{
    size_t first = slice_find(line, ' ', 0), last = line.len;

    while (last > 0 && line.p[last - 1] != ' ')
        last--;
    if (first == line.len || last <= first + 1)
        return false;
    h->line[0] = slice_head(line, first);
    h->line[1] = slice_trim(slice_from(slice_head(line, last - 1), first + 1));
    h->line[2] = slice_from(line, last);
    if (!slice_starts(h->line[2], SLICE("HTTP/1.")))
        return false;
    h->line[2] = slice_from(h->line[2], 5);
    for (size_t i = 0; i < first; i++)
        if (!is_token(line.p[i]))
            return false;
    return h->line[1].len > 0;
}

int
http_head_parse(struct slice in, size_t seen, struct http_head *ret)
{
    size_t end = head_end(in, seen > 3 ? seen - 3 : 0);

    if (end == 0)
        return in.len > HTTP_MAX_HEAD ? -1 : 0;
    struct slice rest = slice_head(in, end);
    struct slice line = next_line(&rest, false);
    memset(ret, 0, offsetof(struct http_head, headers));
    memset(&ret->n_headers, 0, sizeof(*ret) - offsetof(struct http_head, n_headers));
    bool ok = slice_starts(line, SLICE("HTTP/1.")) ? parse_status_line(line, ret) : parse_request_line(line, ret);
    if (!ok || !parse_headers(rest, ret))
        return -1;
    struct slice version = ret->is_response ? ret->line[0] : ret->line[2];
    ret->is_1_1 = !slice_eq(version, SLICE("1.0"));
    ret->len = end;
    return 1;
}

int
http_looks_like(struct slice in)
{
    static const struct slice version = {(const uint8_t *)"HTTP/1.", 7};
    size_t n = in.len < version.len ? in.len : version.len;

    if (memcmp(in.p, version.p, n) == 0)
        return in.len >= version.len ? 2 : 0;
    size_t blank = 0;
    while (blank < in.len && is_token(in.p[blank]))
        blank++;
    if (blank == in.len)
        return blank < 32 ? 0 : -1;
    if (blank == 0 || blank > 32 || in.p[blank] != ' ')
        return -1;
    size_t end = slice_find(in, '\n', blank);
    if (end == in.len)
        return in.len < HTTP_MAX_HEAD ? 0 : -1;
    struct http_head h;
    struct slice line = slice_head(in, end > 0 && in.p[end - 1] == '\r' ? end - 1 : end);
    return parse_request_line(line, &h) ? 1 : -1;
}
