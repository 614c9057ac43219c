/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.0 and 1.1 (RFC 9110, 9112): messages in both directions, paired in order. */
#include <netinet/in.h>
#include <stddef.h>

#include "proto/http/http_priv.h"

enum { CHUNK_LINE_MAX = 1024, FORM_MAX = 64 << 10, SAVED_QUERY = 1024 };

static const char LOST_REQUEST[] = "Packet loss while capturing the request";
static const char LOST_RESPONSE[] = "Packet loss while capturing the response";
static const char LOST_PAIR[] = "Packet loss before: the response may be that of another request";
static const uint64_t UNMATCHED = 1ull << 63; /* keys of responses whose request was not seen */

/* State of a transaction and the query of a form's target, which joins the parameters in its body. */
struct full_tx {
    struct http_tx base;
    uint16_t query_len;
    uint8_t query[SAVED_QUERY];
};

static enum verdict
http_probe(struct slice first, enum side from)
{
    switch (http_looks_like(first)) {
    case 1:
        return from == SIDE_CLIENT ? VERDICT_YES : VERDICT_YES_REVERSED;
    case 2:
        return from == SIDE_SERVER ? VERDICT_YES : VERDICT_YES_REVERSED;
    case 0:
        return VERDICT_MAYBE;
    default:
        return VERDICT_NO;
    }
}

static void
put_length(struct tx *tx, enum side from, uint64_t body)
{
    int headers = from == SIDE_CLIENT ? HTTP_REQUEST_HEADERS : HTTP_RESPONSE_HEADERS;

    /* Always there, also when no header said it: the measured length. */
    tx_put_key_uint(tx, headers, SLICE("content-length"), body);
}

static void
put_request_end(struct tx *tx, uint64_t body)
{
    tx_put_uint(tx, HTTP_REQUEST_BYTES, tx_bytes(tx, SIDE_CLIENT));
    if (body > 0)
        tx_put_uint(tx, HTTP_REQUEST_BODY_BYTES, body);
    put_length(tx, SIDE_CLIENT, body);
}

static void
put_response_end(struct tx *tx, uint64_t body)
{
    tx_put_uint(tx, HTTP_RESPONSE_BYTES, tx_bytes(tx, SIDE_SERVER));
    if (body > 0)
        tx_put_uint(tx, HTTP_RESPONSE_BODY_BYTES, body);
    put_length(tx, SIDE_SERVER, body);
}

static uint64_t
bytes_so_far(struct conv *cv, enum side from)
{
    const struct http_side *s = &((struct http_conv *)conv_state(cv))->side[from];
    const struct tx *tx = s->has_tx ? tx_find(cv, s->key) : NULL;

    return tx ? tx_bytes(tx, from) : 0;
}

/* The message in hand is complete. */
static void
message_done(struct conv *cv, enum side from)
{
    struct http_conv *c = conv_state(cv);
    struct http_side *s = &c->side[from];
    struct tx *tx = s->has_tx ? tx_find(cv, s->key) : NULL;

    s->phase = PHASE_HEAD;
    s->has_tx = false;
    if (!tx)
        return;
    struct http_tx *t = tx_state(tx);
    if (from == SIDE_CLIENT) {
        put_request_end(tx, s->body_bytes);
        t->request_done = true;
    } else {
        put_response_end(tx, s->body_bytes);
        t->response_done = true;
    }
    if (!t->response_done || (t->has_request && !t->request_done))
        return;
    tx_close(tx, t->status >= 400 || !t->has_request ? TX_ERROR : TX_DONE);
}

static enum encoding
encoding_of(const struct http_conf *conf, struct slice name)
{
    if (!conf->decode_body)
        return ENC_PLAIN;
    if (slice_eq_nocase(name, SLICE("gzip")) || slice_eq_nocase(name, SLICE("x-gzip")))
        return ENC_GZIP;
    if (slice_eq_nocase(name, SLICE("deflate")) || slice_eq_nocase(name, SLICE("x-deflate")))
        return ENC_DEFLATE;
    if (slice_eq_nocase(name, SLICE("br")))
        return ENC_BROTLI;
    return slice_eq_nocase(name, SLICE("zstd")) ? ENC_ZSTD : ENC_PLAIN;
}

/* Asks the core for the body when a setting or a form wants it. */
static void
want_body(struct tx *tx, const struct http_conf *conf, const struct http_head *h, enum side from)
{
    const struct text_list *own = from == SIDE_CLIENT ? &conf->include_request_body_for : &conf->include_response_body_for;
    struct http_tx *t = tx_state(tx);
    bool listed = h->content_type.len > 0 &&
                  (http_type_listed(&conf->include_body_for, h->content_type) || http_type_listed(own, h->content_type));
    int field = from == SIDE_CLIENT ? HTTP_REQUEST_BODY : HTTP_RESPONSE_BODY;
    uint64_t max = conf->max_message_size < HTTP_MAX_BODY ? conf->max_message_size : HTTP_MAX_BODY;

    if (listed) {
        size_t end = slice_find(h->content_type, ';', 0);
        tx_put_text(tx, from == SIDE_CLIENT ? HTTP_REQUEST_MIME : HTTP_RESPONSE_MIME, slice_trim(slice_head(h->content_type, end)));
        tx_body(tx, from, field, encoding_of(conf, h->content_encoding), max);
    } else if (from == SIDE_CLIENT && t->is_form) {
        tx_body(tx, from, 0, encoding_of(conf, h->content_encoding), max < FORM_MAX ? max : FORM_MAX);
    }
}

/* What follows the head. */
static struct step
after_head(struct http_side *s, const struct http_head *h, bool may_have_body)
{
    s->body_bytes = 0;
    if (may_have_body && h->is_chunked)
        s->phase = PHASE_CHUNK;
    else if (may_have_body && h->has_length && h->content_length > 0) {
        s->phase = PHASE_BODY;
        s->body_left = h->content_length;
    } else if (may_have_body && !h->has_length && h->is_response)
        s->phase = PHASE_UNTIL_CLOSE;
    else {
        s->phase = PHASE_DONE;
        return step_again(step_took(h->len));
    }
    return step_took(h->len);
}

/* A client that asks again after a loss has its answers, unless it asks ahead: then pairs stay unsure. */
static void
settle(struct conv *cv, struct http_conv *c)
{
    bool is_lost = c->side[SIDE_SERVER].phase == PHASE_LOST;
    uint64_t waiting = c->next_request - c->next_response;

    c->is_ahead |= !c->is_unsure && waiting > 0;
    if (!c->is_unsure || c->is_ahead || waiting > is_lost || !(is_lost || c->is_heard))
        return;
    c->is_unsure = false;
    struct tx *tx = waiting > 0 ? tx_find(cv, c->next_response) : NULL;
    c->next_response = c->next_request;
    if (!tx)
        return;
    tx_note(tx, LOST_RESPONSE);
    tx_partial(tx);
    if (!((struct http_tx *)tx_state(tx))->request_done)
        put_request_end(tx, 0);
    tx_close(tx, TX_ERROR);
}

static struct step
on_request(struct conv *cv, const struct http_head *h, struct slice raw)
{
    const struct http_conf *conf = conv_settings(cv);
    struct http_conv *c = conv_state(cv);
    struct http_side *s = &c->side[SIDE_CLIENT];

    settle(cv, c);
    struct tx *tx = tx_open(cv, c->next_request);
    struct full_tx *t = tx_state(tx);

    s->key = c->next_request++;
    s->has_tx = true;
    tx_part(tx, SIDE_CLIENT);
    t->base.has_request = true;
    t->base.is_head = slice_eq(h->line[0], SLICE("HEAD"));
    t->base.is_connect = slice_eq(h->line[0], SLICE("CONNECT"));
    t->base.is_form = slice_find_nocase(h->content_type, SLICE("x-www-form-urlencoded")) < h->content_type.len &&
                      (h->is_chunked || h->content_length > 0);
    if (t->base.is_form) {
        struct slice query = slice_from(h->line[1], slice_find(h->line[1], '?', 0) + 1);
        query = slice_head(query, SAVED_QUERY);
        memcpy(t->query, query.p, query.len);
        t->query_len = (uint16_t)query.len;
    }
    http_put_request(tx, conf, h, slice_head(raw, h->len));
    want_body(tx, conf, h, SIDE_CLIENT);
    return after_head(s, h, true);
}

/* The request that this response answers: as many as came before it were answered before. */
static struct tx *
open_response(struct conv *cv, struct http_conv *c)
{
    struct http_side *s = &c->side[SIDE_SERVER];
    bool is_asked = c->next_response < c->next_request;
    struct tx *tx = is_asked ? tx_find(cv, c->next_response) : NULL; /* NULL: it was given up meanwhile */

    c->is_heard = true;
    s->has_tx = true;
    s->key = tx ? c->next_response : UNMATCHED | c->next_response;
    c->next_response += is_asked;
    if (tx) {
        if (c->is_unsure) {
            tx_note(tx, LOST_PAIR);
            tx_partial(tx);
        }
        return tx;
    }
    tx = tx_open(cv, s->key);
    tx_note(tx, "Unmatched response");
    tx_status(tx, "Error");
    return tx;
}

static struct step
on_response(struct conv *cv, const struct http_head *h, struct slice raw)
{
    const struct http_conf *conf = conv_settings(cv);
    struct http_conv *c = conv_state(cv);
    struct http_side *s = &c->side[SIDE_SERVER];

    if (h->status < 200 && h->status != 101)
        return step_took(h->len); /* 100 Continue: the final response follows */
    struct tx *tx = open_response(cv, c);
    struct http_tx *t = tx_state(tx);
    tx_part(tx, SIDE_SERVER);
    t->status = h->status;
    http_put_response(tx, conf, h, slice_head(raw, h->len));
    if (h->status >= 400)
        tx_status(tx, "Error");
    bool is_tunnel = t->is_connect && h->status >= 200 && h->status < 300;
    s->is_switch = is_tunnel || h->status == 101;
    want_body(tx, conf, h, SIDE_SERVER);
    return after_head(s, h, !t->is_head && h->status != 204 && h->status != 304 && !s->is_switch);
}

static struct step
head(struct conv *cv, enum side from, struct input in)
{
    struct http_head h;
    size_t empty = 0;

    while (empty < in.bytes.len && (in.bytes.p[empty] == '\r' || in.bytes.p[empty] == '\n'))
        empty++;
    if (empty > 0 || in.bytes.len == 0)
        return step_took(empty); /* empty lines before a message belong to none (RFC 9112 2.2) */
    int rc = http_head_parse(in.bytes, in.seen, &h);
    if (rc == 0)
        return step_wait(0);
    if (rc < 0 || h.is_response != (from == SIDE_SERVER))
        return step_broken("http: no head of a message");
    return h.is_response ? on_response(cv, &h, in.bytes) : on_request(cv, &h, in.bytes);
}

/* "1a;extension" (RFC 9112 7.1) */
static struct step
chunk(struct http_side *s, struct slice in)
{
    size_t end = slice_find(in, '\n', 0);
    uint64_t size = 0;
    size_t i = 0;

    if (end == in.len)
        return in.len > CHUNK_LINE_MAX ? step_broken("http: endless chunk line") : step_wait(0);
    for (; i < end; i++) {
        uint8_t c = in.p[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (digit < 0)
            break;
        if (size >> 58)
            return step_broken("http: chunk too large");
        size = size * 16 + (uint64_t)digit;
    }
    if (i == 0)
        return step_broken("http: chunk without size");
    s->body_left = size;
    s->phase = size > 0 ? PHASE_CHUNK_END : PHASE_TRAILER;
    return step_took(end + 1);
}

/* Chunk data, then its line end: two calls. */
static struct step
chunk_end(struct http_side *s, struct slice in)
{
    if (s->body_left > 0) {
        uint64_t n = s->body_left;
        s->body_left = 0;
        s->body_bytes += n;
        return step_body(n);
    }
    size_t n = in.p[0] == '\r' ? 2 : 1;
    if (in.len < n)
        return step_wait(n);
    if (in.p[n - 1] != '\n')
        return step_broken("http: chunk without line end");
    s->phase = PHASE_CHUNK;
    return step_took(n);
}

static struct step
trailer(struct http_side *s, struct slice in)
{
    size_t end = slice_find(in, '\n', 0);

    if (end == in.len)
        return in.len > HTTP_MAX_HEAD ? step_broken("http: endless trailer") : step_wait(0);
    if (end == 0 || (end == 1 && in.p[0] == '\r')) {
        s->phase = PHASE_DONE;
        return step_again(step_took(end + 1));
    }
    return step_took(end + 1);
}

static struct step
http_data(struct conv *cv, enum side from, struct input in)
{
    struct http_conv *c = conv_state(cv);
    struct http_side *s = &c->side[from];
    uint64_t n = s->body_left;

    if (s->phase == PHASE_LOST) {
        if (in.bytes.len == 0 || http_looks_like(in.bytes) < 0)
            return step_took(in.bytes.len); /* goes on at the next message that begins a segment */
        s->phase = PHASE_HEAD;
    }
    switch (s->phase) {
    case PHASE_DONE:
    case PHASE_BODY_END:
        message_done(cv, from);
        if (s->is_switch) {
            s->is_switch = false;
            return step_switch(0, NULL);
        }
        return head(cv, from, in);
    case PHASE_BODY:
        s->phase = PHASE_BODY_END;
        s->body_from = bytes_so_far(cv, from);
        s->body_bytes = n;
        return step_again(step_body(n));
    case PHASE_UNTIL_CLOSE:
        s->body_bytes += in.bytes.len;
        return step_body(in.bytes.len);
    case PHASE_CHUNK:
        return chunk(s, in.bytes);
    case PHASE_CHUNK_END:
        return chunk_end(s, in.bytes);
    case PHASE_TRAILER:
        return trailer(s, in.bytes);
    case PHASE_HEAD:
    case PHASE_LOST:
        break;
    }
    return head(cv, from, in);
}

static struct step
http_gap(struct conv *cv, enum side from, uint64_t n)
{
    struct http_conv *c = conv_state(cv);
    struct http_side *s = &c->side[from];
    struct tx *tx = s->has_tx ? tx_find(cv, s->key) : NULL;

    if (tx) {
        tx_note(tx, from == SIDE_CLIENT ? LOST_REQUEST : LOST_RESPONSE);
        tx_partial(tx);
    }
    if (n == 0)
        return step_took(0);
    if (s->phase == PHASE_UNTIL_CLOSE) {
        s->body_bytes += n;
        return step_took(0);
    }
    if (tx)
        message_done(cv, from);
    s->phase = PHASE_LOST;
    c->is_unsure = true;
    c->is_heard = from == SIDE_SERVER;
    return step_took(0);
}

static void
http_end(struct conv *cv, enum side from, enum stream_end why)
{
    struct http_conv *c = conv_state(cv);
    struct http_side *s = &c->side[from];
    struct tx *tx = s->has_tx ? tx_find(cv, s->key) : NULL;

    if (from != SIDE_SERVER || !tx)
        return;
    if (s->phase != PHASE_UNTIL_CLOSE && s->phase != PHASE_DONE) {
        tx_note(tx, why == END_FIN ? "The response ended before it was complete" : LOST_RESPONSE);
        tx_partial(tx);
    }
    if (s->phase == PHASE_BODY_END)
        s->body_bytes = tx_bytes(tx, from) - s->body_from;
    message_done(cv, from);
}

static void
http_body(struct tx *tx, enum side from, struct slice decoded)
{
    struct full_tx *t = tx_state(tx);

    if (from == SIDE_CLIENT && t->base.is_form)
        http_put_query(tx, conv_settings(tx_conv(tx)), slice_of(t->query, t->query_len), decoded);
}

static void
http_unanswered(struct tx *tx, enum tx_end how)
{
    struct http_tx *t = tx_state(tx);

    (void)how;
    if (t->has_request && !tx_has(tx, SIDE_SERVER))
        tx_note(tx, "Unmatched request");
    if (t->has_request && !t->request_done) {
        tx_note(tx, "The request was not complete when it was given up");
        tx_partial(tx);
        put_request_end(tx, 0);
    }
    if (tx_has(tx, SIDE_SERVER) && !t->response_done) {
        tx_note(tx, "The response was not complete when it was given up");
        tx_partial(tx);
        put_response_end(tx, 0);
    }
}

static const struct hint http_hints[] = {
    {.l4 = IPPROTO_TCP, .port = 0},
    {0},
};

#define ROW(name_, type_, member, default_, help_, ...)                                            \
    {.name = name_, .type = type_, .offset = offsetof(struct http_conf, member), .default_text = default_, .help = help_, \
     .unit = "", .reload = RELOAD_LIVE, __VA_ARGS__}

const struct setting http_settings[] = {
    ROW("send_all_headers", SETTING_BOOL, send_all_headers, "false", "Keep all headers."),
    ROW("send_headers", SETTING_LIST, send_headers, "[]", "Names of headers to keep.", .example = "[user-agent, x-trace]"),
    ROW("real_ip_header", SETTING_TEXT, real_ip_header, NULL, "Header in which a proxy names the client.",
        .example = "X-Forwarded-For"),
    ROW("include_body_for", SETTING_LIST, include_body_for, "[]", "Media types whose bodies are kept, both ways.",
        .example = "[json]"),
    ROW("include_request_body_for", SETTING_LIST, include_request_body_for, "[]", "Media types whose bodies are kept in requests.",
        .example = "[json]"),
    ROW("include_response_body_for", SETTING_LIST, include_response_body_for, "[]",
        "Media types whose bodies are kept in responses.", .example = "[text/html]"),
    ROW("decode_body", SETTING_BOOL, decode_body, "true", "Undo gzip, deflate, br and zstd in bodies that are kept."),
    ROW("hide_keywords", SETTING_LIST, hide_keywords, "[pass, password, passwd, secret, token, access_token, api_key, apikey]",
        "Parameters whose values become xxxxx.", .example = "[password]"),
    ROW("redact_authorization", SETTING_BOOL, redact_authorization, "true", "Mask Authorization and Proxy-Authorization."),
    ROW("redact_cookies", SETTING_BOOL, redact_cookies, "true", "Mask Cookie and Set-Cookie."),
    ROW("redact_headers", SETTING_LIST, redact_headers, "[]", "Further headers whose values become REDACTED.",
        .example = "[x-api-key]"),
    ROW("max_message_size", SETTING_SIZE, max_message_size, "10MiB", "Bodies are cut behind this; the event still comes.",
        .min = 1, .max = 1 << 30),
    {0},
};

static const struct field http_fields[] = {
#include "schema/field_rows.h"
#include "proto/http/http.def"
};

const struct proto proto_http = {
    .name = "http",
    .summary = "HTTP/1.0 and 1.1: requests with their responses.",
    .types = "connection,protocol",
    .hints = http_hints,
    .fields = http_fields,
    .n_fields = sizeof(http_fields) / sizeof(http_fields[0]),
    .settings = http_settings,
    .settings_size = sizeof(struct http_conf),
    .conv_size = sizeof(struct http_conv),
    .tx_size = sizeof(struct full_tx),
    .max_tx = 256,
    .max_wait = HTTP_MAX_HEAD + 1024,
    .pair = PAIR_FLOW,
    .probe = http_probe,
    .data = http_data,
    .gap = http_gap,
    .end = http_end,
    .body = http_body,
    .unanswered = http_unanswered,
};
