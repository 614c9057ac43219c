/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of http: settings, state, the head of a message. */
#ifndef PROTO_HTTP_HTTP_PRIV_H
#define PROTO_HTTP_HTTP_PRIV_H

#include "proto/proto.h"

enum {
#include "schema/field_enum.h"
#include "proto/http/http.def"
};

enum { HTTP_MAX_HEAD = 64 << 10, HTTP_MAX_HEADERS = 256, HTTP_MAX_BODY = 1 << 20 };

struct http_conf {
    struct proto_settings common;
    bool send_all_headers, redact_authorization, redact_cookies, decode_body;
    struct text_list send_headers, include_body_for, include_request_body_for, include_response_body_for;
    struct text_list hide_keywords, redact_headers;
    const char *real_ip_header;
    uint64_t max_message_size;
};

extern const struct setting http_settings[];

enum http_phase { PHASE_HEAD, PHASE_DONE, PHASE_BODY, PHASE_BODY_END, PHASE_UNTIL_CLOSE, PHASE_CHUNK, PHASE_CHUNK_END, PHASE_TRAILER, PHASE_LOST };

struct http_side {
    enum http_phase phase;
    uint64_t body_left;    /* what PHASE_BODY asks for next */
    uint64_t body_bytes;   /* of the message in hand */
    uint64_t body_from;    /* bytes of the message before its body */
    uint64_t key;          /* of its transaction */
    bool has_tx, is_interim, is_switch;
};

struct http_conv {
    struct http_side side[2];
    uint64_t next_request, next_response; /* keys */
    bool is_unsure;        /* whole messages may have been lost: the next response may be another request's */
    bool is_ahead;         /* the client asks before it has its answers */
    bool is_heard;         /* the server said something since bytes of the client were lost */
};

struct http_tx {
    bool is_head, is_connect, request_done, response_done, has_request;
    uint16_t status;
    bool is_form;          /* the request's body has parameters */
};

struct http_header {
    struct slice name, value;
};

/* A parsed head; slices point into the input. */
struct http_head {
    struct slice line[3];  /* method, target, version; or version, status, phrase */
    struct http_header headers[HTTP_MAX_HEADERS];
    size_t n_headers, len; /* len: bytes with the empty line */
    bool is_response;
    uint16_t status;
    bool is_1_1;
    uint64_t content_length;
    bool has_length, is_chunked, is_closing;
    struct slice content_type, content_encoding, host, user_agent, referrer, request_id, authorization, upgrade;
};

/* 1: a whole head; 0: more is needed; -1: this is no HTTP. `seen` bytes were looked at before. */
int http_head_parse(struct slice in, size_t seen, struct http_head *ret);

/* Does it look like the beginning of a request (1), a response (2), could it be (0), or not (-1)? */
int http_looks_like(struct slice in);

void http_put_request(struct tx *tx, const struct http_conf *conf, const struct http_head *h, struct slice raw);
void http_put_response(struct tx *tx, const struct http_conf *conf, const struct http_head *h, struct slice raw);
/* url.query from the target's query and, for forms, the body; keywords hidden, sorted by name. */
void http_put_query(struct tx *tx, const struct http_conf *conf, struct slice query, struct slice form);
/* Does the list of media types hold this one? Each entry is looked for inside Content-Type. */
bool http_type_listed(const struct text_list *list, struct slice content_type);

#endif
