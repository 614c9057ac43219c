/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live stream (Server-Sent Events): rows that fit a filter, the status each second, a heart-beat.
 * Each client has a bounded queue of texts; what does not fit is skipped and counted, so that a slow
 * reader never holds up the keeper. A client that has nothing to read is suspended.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "event/ndjson.h"
#include "web/web_priv.h"

enum {
    LIVE_QUEUE = 1 << 20,     /* bytes that wait for one client */
    LIVE_ROWS_PER_BATCH = 500, /* nobody reads more at once */
    LIVE_STATUS_MS = 1000,
    LIVE_BEAT_MS = 15000
};

struct client {
    struct client *next;
    struct live *live;
    struct MHD_Connection *connection;
    struct connection *watched;
    struct matcher *matcher;  /* NULL: everything */
    struct buf out;           /* what waits */
    size_t sent;              /* of it */
    uint64_t n_skipped;       /* rows not yet told of */
    bool is_suspended, is_over;
};

struct live {
    struct web *web;
    pthread_mutex_t lock;
    pthread_cond_t bell;
    struct client *clients;
    size_t n_clients;
    struct ndjson *ndjson;
    struct buf rows;          /* scratch of live_push() */
    pthread_t ticker;
    bool has_ticker, is_stopping;
    uint64_t n_rows, n_skipped;
};

static void
wake(struct client *c)
{
    if (c->is_suspended) {
        c->is_suspended = false;
        MHD_resume_connection(c->connection);
    }
}

/* One event of the stream; false: no room. `data` has no line feeds (JSON). */
static bool
client_send(struct client *c, const char *event, struct slice data)
{
    size_t need = data.len + strlen(event) + 32;

    if (c->is_over || c->out.len - c->sent + need > LIVE_QUEUE)
        return false;
    if (c->sent > LIVE_QUEUE / 2) {
        memmove(c->out.p, c->out.p + c->sent, c->out.len - c->sent);
        c->out.len -= c->sent;
        c->sent = 0;
    }
    if (event[0])
        buf_printf(&c->out, "event: %s\ndata: ", event);
    buf_add(&c->out, data.p, data.len);
    buf_add_text(&c->out, "\n\n");
    wake(c);
    return true;
}

static ssize_t
read_stream(void *cls, uint64_t pos, char *out, size_t max)
{
    struct client *c = cls;
    ssize_t n = 0;

    (void)pos;
    pthread_mutex_lock(&c->live->lock);
    size_t left = c->out.len - c->sent;
    if (left > 0) {
        n = (ssize_t)(left < max ? left : max);
        memcpy(out, c->out.p + c->sent, (size_t)n);
        c->sent += (size_t)n;
        if (c->sent == c->out.len)
            c->sent = c->out.len = 0;
    } else if (c->live->is_stopping) {
        c->is_over = true;
        n = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        c->is_suspended = true;
        MHD_suspend_connection(c->connection);
    }
    pthread_mutex_unlock(&c->live->lock);
    return n;
}

static void
client_free(void *cls)
{
    struct client *c = cls;
    struct live *l = c->live;

    pthread_mutex_lock(&l->lock);
    for (struct client **at = &l->clients; *at; at = &(*at)->next) {
        if (*at == c) {
            *at = c->next;
            l->n_clients--;
            break;
        }
    }
    pthread_mutex_unlock(&l->lock);
    matcher_free(c->matcher);
    buf_fini(&c->out);
    free(c);
}

static enum MHD_Result
refuse(struct MHD_Connection *connection, unsigned status, json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(text ? strlen(text) : 0, text, MHD_RESPMEM_MUST_FREE);

    json_decref(body);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", "application/json; charset=UTF-8");
    enum MHD_Result ok = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return ok;
}

enum MHD_Result
live_open(struct live *l, struct MHD_Connection *connection, struct connection *watched, const char *filter)
{
    json_t *query = NULL, *error = NULL;
    struct client *c = calloc(1, sizeof(*c));

    if (!c)
        return MHD_NO;
    buf_init(&c->out, LIVE_QUEUE * 2);
    c->live = l;
    c->connection = connection;
    c->watched = watched;
    if (filter && *filter) {
        query = json_loads(filter, JSON_REJECT_DUPLICATES, NULL);
        c->matcher = query ? matcher_new(l->web->options.schema, query, &error) : NULL;
        json_decref(query);
        if (!c->matcher) {
            free(c);
            return refuse(connection, 400, error ? error : search_error(400, "parsing_exception", "the filter is not JSON", NULL));
        }
    }
    pthread_mutex_lock(&l->lock);
    bool is_full = l->n_clients >= l->web->options.conf->max_live_clients;
    if (!is_full) {
        buf_add_text(&c->out, "retry: 2000\n\n");
        c->next = l->clients;
        l->clients = c;
        l->n_clients++;
        pthread_cond_signal(&l->bell);
    }
    pthread_mutex_unlock(&l->lock);
    if (is_full) {
        matcher_free(c->matcher);
        free(c);
        return refuse(connection, 429, search_error(429, "es_rejected_execution_exception", "too many live streams are open", NULL));
    }
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, read_stream, c, client_free);
    if (!response) {
        client_free(c);
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", "text/event-stream; charset=UTF-8");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "X-Accel-Buffering", "no");
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, 0u);
    enum MHD_Result ok = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return ok;
}

/* Text of event.id, which is _id; records of the keeper always have one. */
static void
add_row(struct live *l, const struct record *r)
{
    struct cell id = {0};

    buf_add_text(&l->rows, l->rows.len > 1 ? ",{\"_id\":\"" : "{\"_id\":\"");
    if (record_find(r, FIELD_EVENT_ID, &id))
        buf_add(&l->rows, id.bytes.p, id.bytes.len);
    buf_add_text(&l->rows, "\",\"_index\":\"\",\"_source\":");
    ndjson_record(l->ndjson, r, &l->rows);
    buf_add_byte(&l->rows, '}');
}

static void
push_to(struct live *l, struct client *c, struct batch_ref *batch)
{
    struct batch_walk walk;
    struct record r;
    uint64_t n = 0, n_skipped = 0;

    buf_clear(&l->rows);
    buf_add_byte(&l->rows, '[');
    if (!batch_open(&walk, batch_ref_bytes(batch), l->web->options.schema))
        return;
    while (batch_next(&walk, &r)) {
        if (c->matcher && !matcher_match(c->matcher, &r))
            continue;
        if (n >= LIVE_ROWS_PER_BATCH || l->rows.len > LIVE_QUEUE / 4) {
            n_skipped++;
            continue;
        }
        add_row(l, &r);
        n++;
    }
    buf_add_byte(&l->rows, ']');
    if (n > 0 && !client_send(c, "rows", buf_slice(&l->rows)))
        n_skipped += n;
    else
        l->n_rows += n;
    c->n_skipped += n_skipped;
    l->n_skipped += n_skipped;
}

void
live_push(struct live *l, struct batch_ref *batch)
{
    pthread_mutex_lock(&l->lock);
    for (struct client *c = l->clients; c; c = c->next)
        push_to(l, c, batch);
    pthread_mutex_unlock(&l->lock);
}

static void
tell_status(struct live *l)
{
    json_t *status = l->web->options.status ? l->web->options.status(l->web->options.ctx) : json_object();
    char *text = json_dumps(status, JSON_COMPACT);
    char skipped[64];

    json_decref(status);
    pthread_mutex_lock(&l->lock);
    for (struct client *c = l->clients; text && c; c = c->next) {
        (void)client_send(c, "status", slice_text(text));
        if (c->n_skipped == 0)
            continue;
        (void)snprintf(skipped, sizeof(skipped), "{\"count\":%llu}", (unsigned long long)c->n_skipped);
        if (client_send(c, "skipped", slice_text(skipped)))
            c->n_skipped = 0;
    }
    pthread_mutex_unlock(&l->lock);
    free(text);
}

static void
beat(struct live *l)
{
    pthread_mutex_lock(&l->lock);
    for (struct client *c = l->clients; c; c = c->next)
        (void)client_send(c, "", SLICE(": beat"));
    pthread_mutex_unlock(&l->lock);
}

/* Sleeps without end while nobody looks. */
static void *
ticker_main(void *arg)
{
    struct live *l = arg;
    uint64_t last_beat = web_now_ms();

    pthread_setname_np(pthread_self(), "web-live");
    pthread_mutex_lock(&l->lock);
    while (!l->is_stopping) {
        if (!l->clients) {
            pthread_cond_wait(&l->bell, &l->lock);
            continue;
        }
        pthread_mutex_unlock(&l->lock);
        tell_status(l);
        if (web_now_ms() - last_beat > LIVE_BEAT_MS) {
            beat(l);
            last_beat = web_now_ms();
        }
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += LIVE_STATUS_MS / 1000;
        pthread_mutex_lock(&l->lock);
        if (!l->is_stopping)
            (void)pthread_cond_timedwait(&l->bell, &l->lock, &until);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

struct live *
live_new(struct web *w)
{
    struct live *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    l->web = w;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->bell, NULL);
    buf_init(&l->rows, LIVE_QUEUE * 4);
    l->ndjson = ndjson_new(w->options.schema, NULL);
    l->has_ticker = l->ndjson && pthread_create(&l->ticker, NULL, ticker_main, l) == 0;
    if (!l->has_ticker) {
        live_free(l);
        return NULL;
    }
    return l;
}

void
live_stop(struct live *l)
{
    pthread_mutex_lock(&l->lock);
    l->is_stopping = true;
    pthread_cond_broadcast(&l->bell);
    for (struct client *c = l->clients; c; c = c->next)
        wake(c);
    pthread_mutex_unlock(&l->lock);
    if (l->has_ticker)
        pthread_join(l->ticker, NULL);
    l->has_ticker = false;
}

void
live_free(struct live *l)
{
    if (!l)
        return;
    ndjson_free(l->ndjson);
    buf_fini(&l->rows);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->bell);
    free(l);
}

void
live_counts(struct live *l, uint64_t *ret_clients, uint64_t *ret_skipped, uint64_t *ret_rows)
{
    pthread_mutex_lock(&l->lock);
    *ret_clients = l->n_clients;
    *ret_skipped = l->n_skipped;
    *ret_rows = l->n_rows;
    pthread_mutex_unlock(&l->lock);
}
