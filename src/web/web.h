/* SPDX-License-Identifier: Apache-2.0 */
/*
 * web: the HTTP server of the keeper: the Elasticsearch-like API, the embedded page, the live
 * stream, /metrics. Owns its threads; nothing here can hold up the pipeline.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include <jansson.h>

#include "base/err.h"
#include "config/config.h"
#include "output/output.h"
#include "schema/schema.h"
#include "store/store.h"

struct web;

extern const struct setting web_settings[]; /* section "web" */
struct web_conf {
    const char *listen;          /* "127.0.0.1:9200"; the warden opens it */
    struct text_list hosts;      /* further Host names that are served (DNS rebinding guard) */
    bool elastic_compat;         /* X-Elastic-Product header */
    int64_t query_timeout_ns;    /* 10 s */
    uint64_t max_body;           /* of a request, bytes */
    uint64_t max_live_clients;   /* 64 */
};

struct web_options {
    const struct web_conf *conf;
    const struct config *config;   /* for /-/api/schema */
    const struct schema *schema;
    struct store *store;           /* NULL: no store (503 on searches) */
    const int *listen_fds;         /* open, bound, listening (TCP and unix); taken */
    size_t n_listen_fds;
    /* The body of /-/api/status (new reference); called on web threads, must not block. */
    json_t *(*status)(void *ctx);
    /* Appends further Prometheus text to /metrics. NULL: none. */
    void (*metrics)(void *ctx, struct buf *out);
    void *ctx;
};

int web_start(const struct web_options *options, struct web **ret, struct err *err);
void web_stop(struct web *w);

/* Keeper thread: shows a trusted batch to live clients. Never blocks; slow clients skip, counted. */
void web_live(struct web *w, struct batch_ref *batch);

#endif
