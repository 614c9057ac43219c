/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server: connections, requests, query threads, the reaper of slow clients. */
#include "web/web.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "web/web_priv.h"

uint64_t
web_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void
request_free(struct request *r)
{
    if (!r)
        return;
    json_decref(r->params);
    json_decref(r->json);
    buf_fini(&r->body);
    buf_fini(&r->text);
    free(r->parts_memory);
    free(r->path);
    free(r);
}

static enum MHD_Result
add_param(void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
    (void)kind;
    json_object_set_new((json_t *)cls, key, json_string(value ? value : ""));
    return MHD_YES;
}

static enum http_method
method_of(const char *name)
{
    static const struct {
        const char *name;
        enum http_method method;
    } names[] = {{"GET", METHOD_GET}, {"HEAD", METHOD_HEAD}, {"POST", METHOD_POST}, {"PUT", METHOD_PUT}, {"DELETE", METHOD_DELETE}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].method;
    return 0;
}

static struct request *
request_new(struct web *w, struct MHD_Connection *connection, const char *url, const char *method)
{
    struct request *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    r->web = w;
    r->connection = connection;
    r->method = method_of(method);
    r->path = strdup(url);
    r->params = json_object();
    buf_init(&r->body, w->options.conf->max_body);
    buf_init(&r->text, WEB_MAX_ANSWER);
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_param, r->params);
    if (!r->path || !r->params) {
        request_free(r);
        return NULL;
    }
    return r;
}

static void
add_common_headers(struct MHD_Response *response, const struct web *w)
{
    static const char *const headers[][2] = {
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; "
         "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    };

    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        MHD_add_response_header(response, headers[i][0], headers[i][1]);
    if (w->options.conf->elastic_compat)
        MHD_add_response_header(response, "X-Elastic-Product", "Elasticsearch");
}

/* JSON into the answer's text: compact, or indented for ?pretty. */
static void
render_json(struct request *r)
{
    bool pretty = request_flag(r, "pretty");
    size_t flags = (pretty ? JSON_INDENT(2) : JSON_COMPACT) | JSON_ENCODE_ANY;
    char *text = json_dumps(r->json, flags);

    if (!text) {
        r->status = 500;
        buf_add_text(&r->text, "{\"error\":\"the answer is not valid UTF-8\",\"status\":500}");
        return;
    }
    buf_add_text(&r->text, text);
    if (pretty)
        buf_add_byte(&r->text, '\n');
    free(text);
}

static enum MHD_Result
send_answer(struct request *r)
{
    if (r->json) {
        render_json(r);
        r->content_type = "application/json; charset=UTF-8";
    }
    if (r->text.failed) {
        buf_clear(&r->text);
        r->status = 413;
        buf_add_text(&r->text, "{\"error\":\"the answer is too large; ask for less\",\"status\":413}");
    }
    if (r->status >= 500)
        atomic_fetch_add(&r->web->n_failed, 1);
    struct MHD_Response *response = MHD_create_response_from_buffer(r->text.len, r->text.p, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    add_common_headers(response, r->web);
    MHD_add_response_header(response, "Content-Type", r->content_type ? r->content_type : "text/plain; charset=UTF-8");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    const char *opaque = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "X-Opaque-Id");
    if (opaque)
        MHD_add_response_header(response, "X-Opaque-Id", opaque);
    if (r->allow)
        MHD_add_response_header(response, "Allow", r->allow);
    enum MHD_Result ok = MHD_queue_response(r->connection, (unsigned)r->status, response);
    MHD_destroy_response(response);
    atomic_store(&r->state, REQUEST_ANSWERED);
    return ok;
}

static enum MHD_Result
send_asset(struct request *r)
{
    unsigned status = 200;
    struct MHD_Response *response = asset_response(r->connection, r->path, &status);

    if (!response) {
        answer_error(r, 404, "resource_not_found_exception", "there is no such file", NULL);
        return send_answer(r);
    }
    add_common_headers(response, r->web);
    enum MHD_Result ok = MHD_queue_response(r->connection, status, response);
    MHD_destroy_response(response);
    atomic_store(&r->state, REQUEST_ANSWERED);
    return ok;
}

/* false: the queue is full. */
static bool
queue_push(struct web *w, struct request *r)
{
    bool ok = false;

    pthread_mutex_lock(&w->queue_lock);
    if (w->queue_len < WEB_QUEUE && !atomic_load(&w->stopping)) {
        if (w->queue_tail)
            w->queue_tail->next = r;
        else
            w->queue_head = r;
        w->queue_tail = r;
        w->queue_len++;
        ok = true;
        pthread_cond_signal(&w->queue_bell);
    }
    pthread_mutex_unlock(&w->queue_lock);
    return ok;
}

static struct request *
queue_pop(struct web *w)
{
    pthread_mutex_lock(&w->queue_lock);
    while (!w->queue_head && !atomic_load(&w->stopping))
        pthread_cond_wait(&w->queue_bell, &w->queue_lock);
    struct request *r = w->queue_head;
    if (r) {
        w->queue_head = r->next;
        if (!w->queue_head)
            w->queue_tail = NULL;
        w->queue_len--;
        r->next = NULL;
    }
    pthread_mutex_unlock(&w->queue_lock);
    return r;
}

static void *
query_main(void *arg)
{
    struct web *w = arg;
    struct searcher *searcher = NULL;
    struct request *r;

    pthread_setname_np(pthread_self(), "web-query");
    while ((r = queue_pop(w))) {
        struct err err = {0};
        if (!searcher && w->options.store && searcher_new(w->options.store, &searcher, &err) < 0)
            log_warn("web", "no connection to the store", "why=\"%s\"", err.text);
        pthread_mutex_lock(&w->connections_lock);
        r->searcher = searcher;
        pthread_mutex_unlock(&w->connections_lock);
        if (atomic_load(&r->cancel))
            answer_error(r, 503, "task_cancelled_exception", "the client went away", NULL);
        else if (!searcher)
            answer_error(r, 503, "no_shard_available_action_exception", err.text[0] ? err.text : "there is no store", NULL);
        else
            r->route->handle(r);
        pthread_mutex_lock(&w->connections_lock);
        r->searcher = NULL;
        pthread_mutex_unlock(&w->connections_lock);
        atomic_store(&r->state, REQUEST_DONE);
        MHD_resume_connection(r->connection);
    }
    searcher_free(searcher);
    return NULL;
}

static struct connection *
connection_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? *(struct connection *const *)&info->socket_context : NULL;
}

static void
connection_mark(struct web *w, struct connection *c, bool is_busy, struct request *r)
{
    if (!c)
        return;
    pthread_mutex_lock(&w->connections_lock);
    c->is_busy = is_busy;
    c->request = r;
    c->since_ms = web_now_ms();
    pthread_mutex_unlock(&w->connections_lock);
}

static enum MHD_Result
dispatch(struct web *w, struct request *r)
{
    struct connection *c = connection_of(r->connection);

    atomic_fetch_add(&w->n_requests, 1);
    connection_mark(w, c, true, r);
    if (!guard_allows(w, r->connection, r->method)) {
        atomic_fetch_add(&w->n_refused, 1);
        answer_error(r, 403, "security_exception",
                     "this Host or Origin is not served here; web.hosts names further ones", NULL);
        return send_answer(r);
    }
    if (r->too_large) {
        answer_error(r, 413, "content_too_long_exception", "the body is larger than web.max_body", NULL);
        return send_answer(r);
    }
    if (asset_wanted(r->connection, r->method, r->path))
        return send_asset(r);
    if (strcmp(r->path, "/-/api/live") == 0 && r->method == METHOD_GET) {
        atomic_store(&r->state, REQUEST_ANSWERED);
        return live_open(w->live, r->connection, c, request_param(r, "filter"));
    }
    r->route = route_find(r);
    if (!r->route)
        return send_answer(r);
    if (!r->route->is_query) {
        r->route->handle(r);
        return send_answer(r);
    }
    atomic_store(&r->state, REQUEST_QUEUED);
    MHD_suspend_connection(r->connection);
    if (!queue_push(w, r)) {
        atomic_fetch_add(&w->n_busy, 1);
        answer_error(r, 429, "es_rejected_execution_exception", "too many queries are waiting; try again soon", NULL);
        atomic_store(&r->state, REQUEST_DONE);
        MHD_resume_connection(r->connection);
    }
    return MHD_YES;
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
           const char *upload, size_t *upload_len, void **con_cls)
{
    struct web *w = cls;
    struct request *r = *con_cls;

    (void)version;
    if (!r) {
        r = request_new(w, connection, url, method);
        *con_cls = r;
        return r ? MHD_YES : MHD_NO;
    }
    switch ((enum request_state)atomic_load(&r->state)) {
    case REQUEST_READING:
        if (*upload_len > 0) {
            buf_add(&r->body, upload, *upload_len);
            r->too_large = r->body.failed;
            *upload_len = 0;
            return MHD_YES;
        }
        return dispatch(w, r);
    case REQUEST_DONE:
        return send_answer(r);
    case REQUEST_QUEUED:
    case REQUEST_ANSWERED:
        break;
    }
    return MHD_YES;
}

static void
on_completed(void *cls, struct MHD_Connection *connection, void **con_cls, enum MHD_RequestTerminationCode why)
{
    struct web *w = cls;

    (void)why;
    connection_mark(w, connection_of(connection), false, NULL);
    request_free(*con_cls);
    *con_cls = NULL;
}

static void
connection_link(struct web *w, struct connection *c)
{
    pthread_mutex_lock(&w->connections_lock);
    c->next = w->connections;
    if (c->next)
        c->next->prev = c;
    w->connections = c;
    pthread_mutex_unlock(&w->connections_lock);
}

static void
connection_unlink(struct web *w, struct connection *c)
{
    pthread_mutex_lock(&w->connections_lock);
    if (c->prev)
        c->prev->next = c->next;
    else
        w->connections = c->next;
    if (c->next)
        c->next->prev = c->prev;
    pthread_mutex_unlock(&w->connections_lock);
}

static void
on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
              enum MHD_ConnectionNotificationCode what)
{
    struct web *w = cls;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct connection *c = calloc(1, sizeof(*c));
        if (c) {
            c->fd = info ? info->connect_fd : -1;
            c->since_ms = web_now_ms();
            connection_link(w, c);
        }
        *socket_context = c;
    } else if (*socket_context) {
        connection_unlink(w, *socket_context);
        free(*socket_context);
        *socket_context = NULL;
    }
}

/* Is the other side gone? Only a peek: the server does not watch a connection that waits for a query. */
static bool
peer_is_gone(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* One look at all connections: drippers are cut off, queries of clients that left are cancelled. */
static size_t
reap(struct web *w)
{
    uint64_t now = web_now_ms();
    size_t n_open = 0;

    pthread_mutex_lock(&w->connections_lock);
    for (struct connection *c = w->connections; c; c = c->next) {
        n_open++;
        if (c->is_busy) {
            struct request *r = c->request;
            if (r && atomic_load(&r->state) == REQUEST_QUEUED && peer_is_gone(c->fd)) {
                atomic_store(&r->cancel, true);
                if (r->searcher)
                    search_interrupt(r->searcher);
            }
        } else if (now - c->since_ms > WEB_HEAD_SECONDS * 1000 && c->fd >= 0) {
            /* Also a keep-alive connection that has been idle: the client opens another one. */
            (void)shutdown(c->fd, SHUT_RDWR);
            c->fd = -1;
            atomic_fetch_add(&w->n_reaped, 1);
        }
    }
    pthread_mutex_unlock(&w->connections_lock);
    return n_open;
}

static void *
reaper_main(void *arg)
{
    struct web *w = arg;

    pthread_setname_np(pthread_self(), "web-reaper");
    while (!atomic_load(&w->stopping)) {
        /* Without connections there is nothing to watch: wake seldom. */
        size_t n_open = reap(w);
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += n_open > 0 ? 1 : 5;
        pthread_mutex_lock(&w->queue_lock);
        if (!atomic_load(&w->stopping) && w->queue_len == 0)
            (void)pthread_cond_timedwait(&w->reaper_bell, &w->queue_lock, &until);
        pthread_mutex_unlock(&w->queue_lock);
    }
    return NULL;
}

static int
start_daemon(struct web *w, int fd, struct err *err)
{
    struct MHD_Daemon *d = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, w,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, w, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, w, MHD_OPTION_CONNECTION_LIMIT, (unsigned)WEB_MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)WEB_IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32768, MHD_OPTION_END);

    if (!d)
        return err_sys(err, ERR_IO, errno, "the web server cannot use its listening socket");
    w->daemons[w->n_daemons++] = d;
    return 0;
}

static int
start_threads(struct web *w, struct err *err)
{
    for (size_t i = 0; i < WEB_QUERY_THREADS; i++) {
        if (pthread_create(&w->query_threads[i], NULL, query_main, w) != 0)
            return err_set(err, ERR_NOMEM, "the web server cannot start its threads");
        w->n_query_threads++;
    }
    if (pthread_create(&w->reaper, NULL, reaper_main, w) != 0)
        return err_set(err, ERR_NOMEM, "the web server cannot start its threads");
    w->has_reaper = true;
    return 0;
}

int
web_start(const struct web_options *options, struct web **ret, struct err *err)
{
    struct web *w = calloc(1, sizeof(*w));
    int rc = 0;

    if (!w)
        return err_set(err, ERR_NOMEM, "no memory for the web server");
    w->options = *options;
    pthread_mutex_init(&w->queue_lock, NULL);
    pthread_mutex_init(&w->connections_lock, NULL);
    pthread_cond_init(&w->queue_bell, NULL);
    pthread_cond_init(&w->reaper_bell, NULL);
    w->live = live_new(w);
    if (!w->live)
        rc = err_set(err, ERR_NOMEM, "no memory for the web server");
    if (rc == 0)
        rc = start_threads(w, err);
    for (size_t i = 0; i < options->n_listen_fds && i < WEB_MAX_DAEMONS && rc == 0; i++)
        rc = start_daemon(w, options->listen_fds[i], err);
    if (rc < 0) {
        web_stop(w);
        return rc;
    }
    *ret = w;
    return 0;
}

/* Everybody who waits gets an answer: queued requests, running queries, live streams. */
static void
stop_requests(struct web *w)
{
    atomic_store(&w->stopping, true);
    pthread_mutex_lock(&w->queue_lock);
    pthread_cond_broadcast(&w->queue_bell);
    pthread_cond_broadcast(&w->reaper_bell);
    pthread_mutex_unlock(&w->queue_lock);
    pthread_mutex_lock(&w->connections_lock);
    for (struct connection *c = w->connections; c; c = c->next) {
        struct request *r = c->request;
        if (!r || atomic_load(&r->state) != REQUEST_QUEUED)
            continue;
        atomic_store(&r->cancel, true);
        if (r->searcher)
            search_interrupt(r->searcher);
    }
    pthread_mutex_unlock(&w->connections_lock);
    if (w->live)
        live_stop(w->live);
}

void
web_stop(struct web *w)
{
    if (!w)
        return;
    stop_requests(w);
    for (size_t i = 0; i < w->n_query_threads; i++)
        pthread_join(w->query_threads[i], NULL);
    if (w->has_reaper)
        pthread_join(w->reaper, NULL);
    for (size_t i = 0; i < w->n_daemons; i++)
        MHD_stop_daemon(w->daemons[i]);
    live_free(w->live);
    pthread_mutex_destroy(&w->queue_lock);
    pthread_mutex_destroy(&w->connections_lock);
    pthread_cond_destroy(&w->queue_bell);
    pthread_cond_destroy(&w->reaper_bell);
    free(w);
}

void
web_live(struct web *w, struct batch_ref *batch)
{
    if (w)
        live_push(w->live, batch);
}
