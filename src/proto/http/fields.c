/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of a request and a response: target, headers, parameters; secrets masked (RFC 9110, 3986, 7617). */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "proto/http/http_priv.h"

enum { KEY_MAX = 128, QUERY_MAX = 16384, PARAMS_MAX = 256, USER_MAX = 128 };

bool
http_type_listed(const struct text_list *list, struct slice content_type)
{
    for (size_t i = 0; i < list->n; i++)
        if (slice_find_nocase(content_type, slice_text(list->v[i])) < content_type.len)
            return true;
    return false;
}

static bool
name_listed(const struct text_list *list, struct slice name)
{
    for (size_t i = 0; i < list->n; i++)
        if (slice_eq_nocase(name, slice_text(list->v[i])))
            return true;
    return false;
}

static struct slice
lower_key(struct slice name, uint8_t out[KEY_MAX])
{
    size_t n = name.len < KEY_MAX ? name.len : KEY_MAX;

    for (size_t i = 0; i < n; i++)
        out[i] = name.p[i] >= 'A' && name.p[i] <= 'Z' ? (uint8_t)(name.p[i] + 32) : name.p[i];
    return slice_of(out, n);
}

static bool
is_auth(struct slice name)
{
    return slice_eq_nocase(name, SLICE("authorization")) || slice_eq_nocase(name, SLICE("proxy-authorization"));
}

static bool
is_cookie(struct slice name)
{
    return slice_eq_nocase(name, SLICE("cookie")) || slice_eq_nocase(name, SLICE("set-cookie"));
}

/* The value to show: masked, or as it is. */
static struct slice
shown_value(const struct http_conf *conf, const struct http_header *h)
{
    if (conf->redact_authorization && is_auth(h->name))
        return SLICE("*");
    if (conf->redact_cookies && is_cookie(h->name))
        return SLICE("REDACTED");
    if (name_listed(&conf->redact_headers, h->name))
        return SLICE("REDACTED");
    return h->value;
}

/* All values of one name, joined in order (RFC 9110 5.3). */
static void
put_header(struct tx *tx, const struct http_conf *conf, int field, const struct http_head *h, size_t i)
{
    uint8_t key[KEY_MAX], joined[4096];
    struct slice value = shown_value(conf, &h->headers[i]);
    size_t n = 0, n_same = 0;

    for (size_t k = i; k < h->n_headers; k++) {
        if (!slice_eq_nocase(h->headers[k].name, h->headers[i].name))
            continue;
        struct slice v = shown_value(conf, &h->headers[k]);
        if (n_same++ > 0 && n + 2 < sizeof(joined)) {
            joined[n++] = ',';
            joined[n++] = ' ';
        }
        v = slice_head(v, sizeof(joined) - n);
        memcpy(joined + n, v.p, v.len);
        n += v.len;
    }
    if (n_same > 1 || slice_find(value, '\n', 0) < value.len) {
        value = slice_of(joined, n);
        for (size_t k = 0; k < n; k++) /* folded lines are one (RFC 9112 5.2) */
            if (joined[k] == '\r' || joined[k] == '\n')
                joined[k] = ' ';
    }
    tx_put_key(tx, field, lower_key(h->headers[i].name, key), value);
}

static bool
is_repeated(const struct http_head *h, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (slice_eq_nocase(h->headers[k].name, h->headers[i].name))
            return true;
    return false;
}

static void
put_headers(struct tx *tx, const struct http_conf *conf, int field, const struct http_head *h)
{
    for (size_t i = 0; i < h->n_headers; i++) {
        bool is_type = slice_eq_nocase(h->headers[i].name, SLICE("content-type"));
        bool is_length = slice_eq_nocase(h->headers[i].name, SLICE("content-length"));
        if (is_length)
            continue; /* put as a number when the message is complete */
        if ((is_type || conf->send_all_headers || name_listed(&conf->send_headers, h->headers[i].name)) && !is_repeated(h, i))
            put_header(tx, conf, field, h, i);
    }
}

static int
from_hex(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

struct param {
    struct slice name, value;
};

static int
compare_params(const void *a, const void *b)
{
    const struct param *x = a, *y = b;
    size_t n = x->name.len < y->name.len ? x->name.len : y->name.len;
    int d = memcmp(x->name.p, y->name.p, n);

    if (d != 0)
        return d;
    if (x->name.len != y->name.len)
        return x->name.len < y->name.len ? -1 : 1;
    return x->name.p < y->name.p ? -1 : 1; /* as they came */
}

static size_t
split_params(struct slice text, struct param *out, size_t n)
{
    while (text.len > 0 && n < PARAMS_MAX) {
        size_t end = slice_find(text, '&', 0);
        struct slice one = slice_head(text, end);
        size_t eq = slice_find(one, '=', 0);
        if (one.len > 0)
            out[n++] = (struct param){slice_head(one, eq), slice_from(one, eq + 1)};
        text = slice_from(text, end + 1);
    }
    return n;
}

static bool
is_unreserved(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.' || c == '~';
}

/* Decodes and encodes again, so that equal queries are equal texts. */
static size_t
put_encoded(uint8_t *out, size_t n, struct slice s)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < s.len && n + 3 < QUERY_MAX; i++) {
        uint8_t c = s.p[i];
        if (c == '+')
            c = ' ';
        else if (c == '%' && i + 2 < s.len && from_hex(s.p[i + 1]) >= 0 && from_hex(s.p[i + 2]) >= 0) {
            c = (uint8_t)(from_hex(s.p[i + 1]) * 16 + from_hex(s.p[i + 2]));
            i += 2;
        }
        if (is_unreserved(c))
            out[n++] = c;
        else if (c == ' ')
            out[n++] = '+';
        else {
            out[n++] = '%';
            out[n++] = (uint8_t)hex[c >> 4];
            out[n++] = (uint8_t)hex[c & 15];
        }
    }
    return n;
}

void
http_put_query(struct tx *tx, const struct http_conf *conf, struct slice query, struct slice form)
{
    struct param params[PARAMS_MAX];
    uint8_t out[QUERY_MAX];
    size_t n_params = split_params(form, params, split_params(query, params, 0)), n = 0;

    if (n_params == 0)
        return;
    qsort(params, n_params, sizeof(params[0]), compare_params);
    for (size_t i = 0; i < n_params && n + 8 < sizeof(out); i++) {
        if (i > 0)
            out[n++] = '&';
        n = put_encoded(out, n, params[i].name);
        if (n + 1 < sizeof(out))
            out[n++] = '=';
        bool hide = name_listed(&conf->hide_keywords, params[i].name);
        n = put_encoded(out, n, hide ? SLICE("xxxxx") : params[i].value);
    }
    tx_put_text(tx, HTTP_URL_QUERY, slice_of(out, n));
    tx_put_text(tx, FIELD_PARAMS, slice_of(out, n));
}

/* user of "Basic base64(user:password)" (RFC 7617) */
static void
put_basic_user(struct tx *tx, struct slice value)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t user[USER_MAX];
    uint32_t bits = 0;
    size_t n = 0, n_bits = 0;

    if (!slice_starts_nocase(value, SLICE("basic ")))
        return;
    value = slice_trim(slice_from(value, 6));
    for (size_t i = 0; i < value.len && n < USER_MAX; i++) {
        const char *at = value.p[i] ? strchr(digits, value.p[i]) : NULL;
        if (!at)
            break;
        bits = bits << 6 | (uint32_t)(at - digits);
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            user[n] = (uint8_t)(bits >> n_bits);
            if (user[n] == ':') {
                tx_put_text(tx, FIELD_USER_NAME, slice_of(user, n));
                tx_put_text(tx, FIELD_RELATED_USER, slice_of(user, n));
                return;
            }
            n++;
        }
    }
}

/* The target in its parts: absolute, origin or authority form (RFC 9112 3.2). */
static void
split_target(struct slice target, struct slice *host, struct slice *path, struct slice *query)
{
    if (slice_starts_nocase(target, SLICE("http://"))) {
        struct slice rest = slice_from(target, 7);
        size_t slash = slice_find(rest, '/', 0);
        *host = slice_head(rest, slash);
        size_t at = slice_find(*host, '@', 0);
        if (at < host->len) /* user:password@ stays out */
            *host = slice_from(*host, at + 1);
        target = slash < rest.len ? slice_from(rest, slash) : SLICE("/");
    }
    size_t mark = slice_find(target, '?', 0);
    *path = slice_head(target, mark);
    *query = slice_from(target, mark + 1);
    *query = slice_head(*query, slice_find(*query, '#', 0));
}

static void
put_url(struct tx *tx, const struct http_conf *conf, struct slice host, struct slice path, struct slice query)
{
    uint8_t full[QUERY_MAX];
    uint64_t port = conv_port(tx_conv(tx), SIDE_SERVER);
    size_t colon = host.len;

    while (colon > 0 && host.p[colon - 1] >= '0' && host.p[colon - 1] <= '9')
        colon--;
    struct slice name = host;
    if (colon > 0 && colon < host.len && host.p[colon - 1] == ':') {
        (void)slice_to_uint(slice_from(host, colon), &port);
        name = slice_head(host, colon - 1);
        if (port != conv_port(tx_conv(tx), SIDE_SERVER))
            tx_note(tx, "Host header port number mismatch");
    }
    tx_put_text(tx, HTTP_URL_SCHEME, SLICE("http"));
    if (name.len > 0)
        tx_put_text(tx, HTTP_URL_DOMAIN, name);
    if (port != 80)
        tx_put_uint(tx, HTTP_URL_PORT, port);
    tx_put_text(tx, HTTP_URL_PATH, path);
    tx_put_text(tx, FIELD_PATH, path);
    size_t dot = path.len;
    while (dot > 0 && path.p[dot - 1] != '.' && path.p[dot - 1] != '/')
        dot--;
    if (dot > 0 && path.p[dot - 1] == '.' && dot < path.len && path.len - dot <= 16)
        tx_put_text(tx, HTTP_URL_EXTENSION, slice_from(path, dot));
    int n = snprintf((char *)full, sizeof(full), "http://%.*s", (int)(name.len < 1024 ? name.len : 1024), (const char *)name.p);
    size_t len = (size_t)(n < 0 ? 0 : n);
    if (port != 80)
        len += (size_t)snprintf((char *)full + len, 8, ":%u", (unsigned)port);
    struct slice tail = slice_head(path, sizeof(full) - len - 1);
    memcpy(full + len, tail.p, tail.len);
    len += tail.len;
    if (query.len > 0 && conf->hide_keywords.n == 0 && query.len + len + 1 < sizeof(full)) {
        full[len++] = '?';
        memcpy(full + len, query.p, query.len);
        len += query.len;
    }
    tx_put_text(tx, HTTP_URL_FULL, slice_of(full, len));
    if (name.len > 0) {
        tx_put_text(tx, FIELD_DESTINATION_DOMAIN, name);
        tx_put_text(tx, FIELD_RELATED_HOSTS, name);
    }
}

/* Text of a head with credentials overwritten by asterisks of the same length. */
static void
put_raw(struct tx *tx, const struct http_conf *conf, int field, const struct http_head *h, struct slice raw)
{
    uint8_t *at = tx_put_room(tx, field, raw.len < HTTP_MAX_HEAD ? raw.len : HTTP_MAX_HEAD);

    if (!at)
        return;
    memcpy(at, raw.p, raw.len < HTTP_MAX_HEAD ? raw.len : HTTP_MAX_HEAD);
    for (size_t i = 0; i < h->n_headers; i++) {
        const struct http_header *x = &h->headers[i];
        bool mask = (conf->redact_authorization && is_auth(x->name)) || (conf->redact_cookies && is_cookie(x->name)) ||
                    name_listed(&conf->redact_headers, x->name);
        size_t from = (size_t)(x->name.p + x->name.len + 1 - raw.p), end = (size_t)(x->value.p + x->value.len - raw.p);
        if (mask && end <= HTTP_MAX_HEAD && from <= end)
            memset(at + from, '*', end - from);
    }
}

static void
put_real_ip(struct tx *tx, const struct http_conf *conf, const struct http_head *h)
{
    for (size_t i = 0; conf->real_ip_header && i < h->n_headers; i++) {
        char text[64];
        uint8_t addr[16];
        if (!slice_eq_nocase(h->headers[i].name, slice_text(conf->real_ip_header)))
            continue;
        struct slice first = slice_trim(slice_head(h->headers[i].value, slice_find(h->headers[i].value, ',', 0)));
        if (first.len >= sizeof(text))
            return;
        memcpy(text, first.p, first.len);
        text[first.len] = '\0';
        if (inet_pton(AF_INET, text, addr) == 1)
            tx_put_ip(tx, FIELD_NETWORK_FORWARDED_IP, slice_of(addr, 4));
        else if (inet_pton(AF_INET6, text, addr) == 1)
            tx_put_ip(tx, FIELD_NETWORK_FORWARDED_IP, slice_of(addr, 16));
        return;
    }
}

static void
put_if(struct tx *tx, int field, struct slice value)
{
    if (value.len > 0)
        tx_put_text(tx, field, value);
}

void
http_put_request(struct tx *tx, const struct http_conf *conf, const struct http_head *h, struct slice raw)
{
    struct slice host = h->host, path, query;

    split_target(h->line[1], &host, &path, &query);
    tx_put_text(tx, FIELD_METHOD, h->line[0]);
    tx_put_text(tx, HTTP_REQUEST_METHOD, h->line[0]);
    tx_put_text(tx, HTTP_VERSION, h->line[2]);
    uint8_t *line = tx_put_room(tx, FIELD_QUERY, h->line[0].len + 1 + path.len);
    if (line) {
        memcpy(line, h->line[0].p, h->line[0].len);
        line[h->line[0].len] = ' ';
        memcpy(line + h->line[0].len + 1, path.p, path.len);
    }
    put_url(tx, conf, host, path, query);
    put_if(tx, FIELD_USER_AGENT, h->user_agent);
    put_if(tx, HTTP_REQUEST_REFERRER, h->referrer);
    put_if(tx, HTTP_REQUEST_ID, h->request_id);
    put_headers(tx, conf, HTTP_REQUEST_HEADERS, h);
    put_real_ip(tx, conf, h);
    if (h->authorization.len > 0 && !conf->redact_authorization && (conf->send_all_headers || name_listed(&conf->send_headers, SLICE("authorization"))))
        put_basic_user(tx, h->authorization);
    struct http_tx *t = tx_state(tx);
    if (!t->is_form)
        http_put_query(tx, conf, query, (struct slice){NULL, 0});
    if (conf->common.send_request)
        put_raw(tx, conf, FIELD_REQUEST, h, raw);
}

void
http_put_response(struct tx *tx, const struct http_conf *conf, const struct http_head *h, struct slice raw)
{
    uint8_t phrase[KEY_MAX];

    tx_put_uint(tx, HTTP_RESPONSE_STATUS, h->status);
    put_if(tx, HTTP_RESPONSE_PHRASE, lower_key(h->line[2], phrase));
    put_headers(tx, conf, HTTP_RESPONSE_HEADERS, h);
    if (conf->common.send_response)
        put_raw(tx, conf, FIELD_RESPONSE, h, raw);
}
