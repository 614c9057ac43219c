/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of web: a request from its first byte to its answer, and who handles it. */
#ifndef WEB_WEB_PRIV_H
#define WEB_WEB_PRIV_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "search/search.h"
#include "web/web.h"

enum {
    WEB_QUERY_THREADS = 2,
    WEB_QUEUE = 64,             /* queries that wait; more get 429 */
    WEB_MAX_ANSWER = 256 << 20, /* bytes */
    WEB_MAX_DAEMONS = 4,
    WEB_MAX_CONNECTIONS = 512,
    WEB_HEAD_SECONDS = 10,      /* a request must be whole after these, or the connection is closed */
    WEB_IDLE_SECONDS = 120      /* keep-alive */
};

enum http_method { METHOD_GET = 1, METHOD_HEAD = 2, METHOD_POST = 4, METHOD_PUT = 8, METHOD_DELETE = 16 };

enum request_state { REQUEST_READING, REQUEST_QUEUED, REQUEST_DONE, REQUEST_ANSWERED };

struct request {
    struct web *web;
    struct MHD_Connection *connection;
    struct request *next;       /* in the queue */
    enum http_method method;
    char *path;                 /* decoded by the server, begins with / */
    json_t *params;             /* object of texts */
    struct buf body;
    bool too_large;
    atomic_int state;
    atomic_bool cancel;         /* the client is gone or the server stops */
    const struct route *route;
    char *parts[8];             /* of the path, cut at / */
    size_t n_parts;
    char *parts_memory;
    int fd;
    /* the answer */
    int status;
    const char *content_type;
    const char *allow;          /* for 405 */
    json_t *json;               /* or `text` */
    struct buf text;
    struct searcher *searcher;  /* while a query thread has it */
};

struct route {
    int methods;              /* enum http_method */
    const char *pattern;      /* "/{index}/_search": parts in braces fit anything */
    void (*handle)(struct request *r);
    bool is_query;            /* runs on a query thread */
};

/* A connection for the reaper. */
struct connection {
    struct connection *next, *prev;
    int fd;
    uint64_t since_ms;        /* last time a request was complete, or the beginning */
    bool is_busy;             /* a whole request is being worked on, or a live stream */
    struct request *request;
};

struct live;

struct web {
    struct web_options options;
    struct MHD_Daemon *daemons[WEB_MAX_DAEMONS];
    size_t n_daemons;
    pthread_t query_threads[WEB_QUERY_THREADS];
    size_t n_query_threads;
    pthread_t reaper;
    bool has_reaper;
    atomic_bool stopping;

    pthread_mutex_t queue_lock;
    pthread_cond_t queue_bell, reaper_bell;
    struct request *queue_head, *queue_tail;
    size_t queue_len;

    pthread_mutex_t connections_lock;
    struct connection *connections;

    struct live *live;
    atomic_uint_fast64_t n_requests, n_refused, n_reaped, n_busy, n_failed;
};

uint64_t web_now_ms(void);

/* route.c */
const struct route *route_find(struct request *r);

/* Answers; each sets status and content. `type`, `reason` as Elasticsearch's errors. */
void answer_json(struct request *r, int status, json_t *body); /* takes the reference */
void answer_error(struct request *r, int status, const char *type, const char *reason, const char *index);
void answer_text(struct request *r, int status, const char *content_type);
const char *request_param(const struct request *r, const char *name); /* NULL: not given */
bool request_flag(const struct request *r, const char *name);         /* given, and not "false" */
/* The body as JSON; an answer has been made when it returns false. *ret NULL: no body. */
bool request_json(struct request *r, json_t **ret);

/* guard.c: is this Host and Origin one that we serve? */
bool guard_allows(const struct web *w, struct MHD_Connection *connection, enum http_method method);

/* es.c */
void es_root(struct request *r);
void es_search(struct request *r);
void es_count(struct request *r);
void es_msearch(struct request *r);
void es_get_doc(struct request *r);
void es_get_source(struct request *r);
void es_mapping(struct request *r);
void es_field_caps(struct request *r);
void es_cluster_health(struct request *r);
void es_index(struct request *r);
void es_aliases(struct request *r);
void es_refresh(struct request *r);
void es_license(struct request *r);
void es_nodes(struct request *r);
void es_missing(struct request *r);
void es_settings(struct request *r);

/* cat.c */
void cat_help(struct request *r);
void cat_indices(struct request *r);
void cat_health(struct request *r);
void cat_count(struct request *r);
void cat_nodes(struct request *r);

/* own.c */
void own_status(struct request *r);
void own_schema(struct request *r);
void own_metrics(struct request *r);

/* assets.c: a file of the page; NULL: none of this path. */
struct MHD_Response *asset_response(struct MHD_Connection *connection, const char *path, unsigned *ret_status);
bool asset_wanted(struct MHD_Connection *connection, enum http_method method, const char *path);

/* live.c */
struct live *live_new(struct web *w);
void live_free(struct live *l);
/* Answers the connection with an endless stream. */
enum MHD_Result live_open(struct live *l, struct MHD_Connection *connection, struct connection *c, const char *filter);
void live_push(struct live *l, struct batch_ref *batch);
void live_stop(struct live *l); /* ends all streams */
void live_counts(struct live *l, uint64_t *ret_clients, uint64_t *ret_skipped, uint64_t *ret_rows);

#endif
