/* SPDX-License-Identifier: Apache-2.0 */
/* Searches: request to SQL to Elasticsearch's shapes. */
#include "search/search.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "search/search_priv.h"

enum { DEFAULT_SIZE = 10, DEFAULT_DEADLINE_MS = 10000, TOTAL_DEFAULT = 10000, MAX_SORTS = 4 };

static uint64_t
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Ends what runs too long. Sleeps without end while nothing runs. */
static void *
watchdog_main(void *arg)
{
    struct searcher *s = arg;

    pthread_mutex_lock(&s->lock);
    while (!s->is_stopping) {
        if (s->deadline_ms == 0) {
            pthread_cond_wait(&s->bell, &s->lock);
            continue;
        }
        uint64_t now = now_ms();
        if (now >= s->deadline_ms) {
            s->timed_out = true;
            s->deadline_ms = 0;
            duckdb_interrupt(s->con);
            continue;
        }
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        uint64_t ns = (uint64_t)until.tv_nsec + (s->deadline_ms - now) * 1000000;
        until.tv_sec += (time_t)(ns / 1000000000);
        until.tv_nsec = (long)(ns % 1000000000);
        (void)pthread_cond_timedwait(&s->bell, &s->lock, &until);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

int
searcher_new(struct store *store, struct searcher **ret, struct err *err)
{
    struct searcher *s = calloc(1, sizeof(*s));
    duckdb_database db = store_database(store);

    if (!s)
        return err_set(err, ERR_NOMEM, "no memory for searches");
    s->store = store;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->bell, NULL);
    if (duckdb_connect(db, &s->con) != DuckDBSuccess || pthread_create(&s->watchdog, NULL, watchdog_main, s) != 0) {
        if (s->con)
            duckdb_disconnect(&s->con);
        free(s);
        return err_set(err, ERR_IO, "the store refuses one more connection");
    }
    *ret = s;
    return 0;
}

void
searcher_free(struct searcher *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->is_stopping = true;
    pthread_cond_signal(&s->bell);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->watchdog, NULL);
    duckdb_disconnect(&s->con);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->bell);
    free(s);
}

void
search_interrupt(struct searcher *s)
{
    duckdb_interrupt(s->con);
}

void
search_deadline(struct searcher *s, uint64_t ms, atomic_bool *cancel)
{
    pthread_mutex_lock(&s->lock);
    s->deadline_ms = ms ? now_ms() + ms : 0;
    s->timed_out = false;
    s->cancel = cancel;
    pthread_cond_signal(&s->bell);
    pthread_mutex_unlock(&s->lock);
}

json_t *
search_error(int status, const char *type, const char *reason, const char *index)
{
    json_t *cause = json_pack("{s:s,s:s}", "type", type, "reason", reason);
    json_t *error = json_object();

    if (!cause) /* the reason was no UTF-8 */
        cause = json_pack("{s:s,s:s}", "type", type, "reason", "the request is not valid UTF-8");
    if (index) {
        json_object_set_new(cause, "resource.type", json_string("index_or_alias"));
        json_object_set_new(cause, "resource.id", json_string(index));
        json_object_set_new(cause, "index_uuid", json_string("_na_"));
        json_object_set_new(cause, "index", json_string(index));
    }
    json_object_set_new(error, "root_cause", json_pack("[O]", cause));
    json_object_update(error, cause);
    json_decref(cause);
    return json_pack("{s:o,s:i}", "error", error, "status", status);
}

static int
refusal(const struct sql *q, json_t **ret)
{
    *ret = search_error(q->status, q->type, q->reason, NULL);
    return q->status;
}

/* packetbeat-* and topbeat-* are names that users of the peers know. */
static bool
one_matches(const char *pattern, size_t len, const char *index)
{
    char text[256], alias[300];

    if (len >= sizeof(text))
        return false;
    memcpy(text, pattern, len);
    text[len] = '\0';
    if (len == 0 || strcmp(text, "_all") == 0 || fnmatch(text, index, 0) == 0)
        return true;
    if (strncmp(text, "packetbeat-", 11) != 0 && strcmp(text, "packetbeat*") != 0)
        return false;
    const char *tail = strncmp(text, "packetbeat-", 11) == 0 ? text + 11 : "*";
    (void)snprintf(alias, sizeof(alias), "remora-traffic-%s", tail);
    return fnmatch(alias, index, 0) == 0;
}

bool
search_index_matches(const char *expression, const char *index)
{
    bool hit = false;

    if (!expression || !*expression)
        return true;
    for (const char *p = expression; *p;) {
        size_t len = strcspn(p, ",");
        bool exclude = p[0] == '-';
        if (exclude ? hit && one_matches(p + 1, len - 1, index) : one_matches(p, len, index))
            hit = !exclude;
        p += len + (p[len] == ',');
    }
    return hit;
}

bool
from_sql(struct searcher *s, const char *expression, struct buf *out, size_t *ret_n, char *missing, size_t missing_len)
{
    struct store_index *list = NULL;
    size_t n = 0, hits = 0;

    if (store_indexes(s->store, &list, &n, NULL) < 0)
        return true;
    for (size_t i = 0; i < n; i++) {
        if (!search_index_matches(expression, list[i].name))
            continue;
        buf_printf(out, "%sSELECT *, '%s' AS _index FROM \"%s\".ev", hits ? " UNION ALL BY NAME " : "", list[i].name, list[i].name);
        hits++;
    }
    /* A name without a star must exist. */
    missing[0] = '\0';
    for (const char *p = expression ? expression : ""; *p && !missing[0];) {
        size_t len = strcspn(p, ",");
        bool found = p[0] == '-' || len == 0 || memchr(p, '*', len) || (len == 4 && strncmp(p, "_all", 4) == 0);
        for (size_t i = 0; i < n && !found; i++)
            found = one_matches(p, len, list[i].name);
        if (!found)
            (void)snprintf(missing, missing_len, "%.*s", (int)len, p);
        p += len + (p[len] == ',');
    }
    free(list);
    *ret_n = hits;
    return missing[0] == '\0';
}

struct sort {
    struct field_ref f;
    char name[256];
    bool is_descending, is_tie;
};

struct request {
    struct searcher *s;
    const struct search_request *r;
    struct sql where;
    struct buf from;
    int64_t size, offset;
    struct sort sorts[MAX_SORTS];
    size_t n_sorts;
    bool has_sort;
    int64_t total_limit; /* -1: exact, 0: none */
    json_t *source_spec; /* what of the source is wanted; NULL: all */
};

static int64_t
number_of(const struct request *q, const char *name, int64_t fallback)
{
    json_t *v = json_object_get(q->r->body, name);
    const char *param = q->r->params ? json_string_value(json_object_get(q->r->params, name)) : NULL;

    if (json_is_integer(v))
        return json_integer_value(v);
    return param ? strtoll(param, NULL, 10) : fallback;
}

static void
add_sort(struct request *q, const char *name, const char *order)
{
    if (q->n_sorts == MAX_SORTS)
        return;
    struct sort *s = &q->sorts[q->n_sorts++];
    bool is_tie = strcmp(name, "_doc") == 0 || strcmp(name, "_shard_doc") == 0;

    *s = (struct sort){.is_descending = order && strcmp(order, "desc") == 0, .is_tie = is_tie};
    (void)snprintf(s->name, sizeof(s->name), "%s", is_tie ? "_id" : name);
    if (strcmp(name, "_score") == 0) {
        q->n_sorts--;
        return;
    }
    field_find(q->where.schema, s->name, &s->f);
}

static void
parse_sort(struct request *q, const json_t *sort)
{
    size_t n = json_is_array(sort) ? json_array_size(sort) : sort ? 1 : 0;

    for (size_t i = 0; i < n; i++) {
        json_t *one = json_is_array(sort) ? json_array_get(sort, i) : (json_t *)(uintptr_t)sort;
        if (json_is_string(one)) {
            char name[256];
            (void)snprintf(name, sizeof(name), "%s", json_string_value(one));
            char *colon = strrchr(name, ':');
            if (colon && (strcmp(colon, ":desc") == 0 || strcmp(colon, ":asc") == 0))
                *colon = '\0';
            else
                colon = NULL;
            add_sort(q, name, colon ? colon + 1 : "asc");
            continue;
        }
        const char *name;
        json_t *how;
        json_object_foreach(one, name, how)
            add_sort(q, name, json_is_string(how) ? json_string_value(how) : json_string_value(json_object_get(how, "order")));
    }
    q->has_sort = q->n_sorts > 0;
    if (!q->has_sort)
        add_sort(q, "@timestamp", "desc");
    if (q->n_sorts < MAX_SORTS && strcmp(q->sorts[q->n_sorts - 1].name, "_id") != 0)
        add_sort(q, "_id", q->sorts[0].is_descending ? "desc" : "asc");
}

/* Where the page before ended: (a, b) behind the given values, in the direction of the sort. */
static bool
search_after(struct request *q, const json_t *after)
{
    size_t n = json_array_size(after);

    if (!after)
        return true;
    if (n == 0 || n > q->n_sorts)
        return sql_refuse(&q->where, 400, "illegal_argument_exception", "search_after has another number of values than sort");
    sql_add(&q->where, " AND (false");
    for (size_t i = 0; i < n; i++) {
        sql_add(&q->where, " OR (true");
        for (size_t k = 0; k <= i; k++) {
            const struct sort *s = &q->sorts[k];
            json_t *v = json_array_get(after, k);
            const char *op = k < i ? "=" : s->is_descending ? "<" : ">";
            if (s->f.place == PLACE_NONE)
                continue;
            sql_add(&q->where, " AND ");
            if (s->f.is_time) { /* milliseconds are shown, nanoseconds stored: compare what was shown */
                sql_add(&q->where, "(%s // 1000000) %s ", s->f.value, op);
                sql_int(&q->where, json_is_number(v) ? (int64_t)json_number_value(v) : 0);
            } else if (json_is_string(v)) {
                sql_add(&q->where, "%s %s ", s->f.value, op);
                sql_text(&q->where, slice_text(json_string_value(v)));
            } else {
                sql_add(&q->where, "%s %s ", s->f.value, op);
                sql_double(&q->where, json_number_value(v));
            }
        }
        sql_add(&q->where, ")");
    }
    sql_add(&q->where, ")");
    return true;
}

/* The condition of body and ?q= into q->where. */
static bool
parse_where(struct request *q)
{
    json_t *query = json_object_get(q->r->body, "query"), *post = json_object_get(q->r->body, "post_filter");
    const char *text = q->r->params ? json_string_value(json_object_get(q->r->params, "q")) : NULL;

    sql_add(&q->where, "(true");
    if (query) {
        sql_add(&q->where, " AND ");
        if (!query_sql(&q->where, query, 0))
            return false;
    }
    if (post) {
        sql_add(&q->where, " AND ");
        if (!query_sql(&q->where, post, 0))
            return false;
    }
    if (text) {
        const char *op = json_string_value(json_object_get(q->r->params, "default_operator"));
        sql_add(&q->where, " AND ");
        if (!lucene_sql(&q->where, text, op ? op : "OR", json_string_value(json_object_get(q->r->params, "df"))))
            return false;
    }
    sql_add(&q->where, ")");
    return q->where.status == 0;
}

static bool
parse_request(struct request *q)
{
    json_t *total = json_object_get(q->r->body, "track_total_hits");
    const char *sort = q->r->params ? json_string_value(json_object_get(q->r->params, "sort")) : NULL;

    q->size = number_of(q, "size", DEFAULT_SIZE);
    q->offset = number_of(q, "from", 0);
    if (q->size < 0 || q->offset < 0)
        return sql_refuse(&q->where, 400, "illegal_argument_exception", "[size] and [from] must not be negative");
    if (q->size + q->offset > WINDOW_MAX)
        return sql_refuse(&q->where, 400, "illegal_argument_exception",
                          "Result window is too large, from + size must be less than or equal to: [%d] but was [%" PRId64 "]",
                          WINDOW_MAX, q->size + q->offset);
    q->total_limit = json_is_false(total) ? 0 : json_is_integer(total) ? json_integer_value(total) : json_is_true(total) ? -1 : TOTAL_DEFAULT;
    if (!parse_where(q))
        return false;
    json_t *by_param = sort ? json_string(sort) : NULL;
    json_t *by_body = json_object_get(q->r->body, "sort");
    parse_sort(q, by_body ? by_body : by_param);
    json_decref(by_param);
    return true;
}

static bool
pattern_listed(const json_t *list, const char *path)
{
    size_t n = json_is_array(list) ? json_array_size(list) : list ? 1 : 0;

    for (size_t i = 0; i < n; i++) {
        const char *p = json_string_value(json_is_array(list) ? json_array_get(list, i) : list);
        size_t len = p ? strlen(p) : 0;
        if (p && (fnmatch(p, path, 0) == 0 || (strncmp(p, path, len) == 0 && path[len] == '.')))
            return true;
    }
    return false;
}

/* Keeps the leaves that the lists allow. Depth is that of an event. */
static void
filter_source(json_t *object, const json_t *includes, const json_t *excludes, const char *prefix, int depth)
{
    const char *name;
    json_t *value;
    void *next;

    if (depth > 12)
        return;
    json_object_foreach_safe(object, next, name, value)
    {
        char path[512];
        (void)snprintf(path, sizeof(path), "%s%s%s", prefix, prefix[0] ? "." : "", name);
        bool wanted = !includes || pattern_listed(includes, path);
        if (excludes && pattern_listed(excludes, path)) {
            json_object_del(object, name);
        } else if (json_is_object(value) && !wanted) {
            filter_source(value, includes, excludes, path, depth + 1);
            if (json_object_size(value) == 0)
                json_object_del(object, name);
        } else if (!wanted) {
            json_object_del(object, name);
        } else if (json_is_object(value) && excludes) {
            filter_source(value, NULL, excludes, path, depth + 1);
        }
    }
}

json_t *
source_of(struct slice text, const json_t *spec)
{
    if (json_is_false(spec))
        return NULL;
    json_t *source = json_loadb((const char *)text.p, text.len, JSON_ALLOW_NUL, NULL);
    if (!source)
        return json_object();
    if (json_is_string(spec) || json_is_array(spec))
        filter_source(source, spec, NULL, "", 0);
    else if (json_is_object(spec)) {
        json_t *in = json_object_get(spec, "includes") ? json_object_get(spec, "includes") : json_object_get(spec, "include");
        json_t *ex = json_object_get(spec, "excludes") ? json_object_get(spec, "excludes") : json_object_get(spec, "exclude");
        filter_source(source, in, ex, "", 0);
    }
    return source;
}

/* "a,b" of the URL as a list; NULL: the parameter is not there. */
static json_t *
param_list(const struct request *q, const char *name)
{
    const char *text = q->r->params ? json_string_value(json_object_get(q->r->params, name)) : NULL;
    json_t *list = text ? json_array() : NULL;

    while (text && *text) {
        size_t len = strcspn(text, ",");
        if (len > 0)
            json_array_append_new(list, json_stringn(text, len));
        text += len + (text[len] == ',');
    }
    return list;
}

/* What of the source is asked for: by the body, else by _source, _source_includes and _source_excludes of the URL. */
static json_t *
source_spec(const struct request *q)
{
    json_t *of_body = json_object_get(q->r->body, "_source");
    json_t *list = param_list(q, "_source"), *in = param_list(q, "_source_includes"), *ex = param_list(q, "_source_excludes");
    const char *first = json_string_value(json_array_get(list, 0));

    if (of_body) {
        json_decref(list);
        list = json_incref(of_body);
    } else if (first && (strcmp(first, "false") == 0 || strcmp(first, "true") == 0)) {
        json_t *whole = json_boolean(strcmp(first, "true") == 0);
        json_decref(list);
        list = whole;
    } else if (in || ex) {
        json_decref(list);
        list = json_object();
        if (in)
            json_object_set(list, "includes", in);
        if (ex)
            json_object_set(list, "excludes", ex);
    }
    json_decref(in);
    json_decref(ex);
    return list;
}

/* Follows a dotted name into a source; NULL: not there. Borrowed. */
static json_t *
source_get(json_t *source, const char *name)
{
    char part[256];

    for (json_t *at = source; at;) {
        const char *dot = strchr(name, '.');
        if (!dot)
            return json_object_get(at, name);
        (void)snprintf(part, sizeof(part), "%.*s", (int)(dot - name), name);
        at = json_object_get(at, part);
        name = dot + 1;
    }
    return NULL;
}

/* "fields" and "docvalue_fields": name to list of values. */
static void
add_fields(const struct request *q, struct slice text, json_t *hit)
{
    static const char *const members[] = {"fields", "docvalue_fields"};
    json_t *out = NULL, *source = NULL;

    for (size_t m = 0; m < 2; m++) {
        json_t *list = json_object_get(q->r->body, members[m]);
        for (size_t i = 0; i < json_array_size(list); i++) {
            json_t *one = json_array_get(list, i);
            const char *name = json_is_object(one) ? json_string_value(json_object_get(one, "field")) : json_string_value(one);
            if (!source)
                source = json_loadb((const char *)text.p, text.len, JSON_ALLOW_NUL, NULL);
            json_t *value = name && source ? source_get(source, name) : NULL;
            if (!value)
                continue;
            if (!out)
                out = json_object();
            json_object_set_new(out, name, json_is_array(value) ? json_incref(value) : json_pack("[O]", value));
        }
    }
    if (out)
        json_object_set_new(hit, "fields", out);
    json_decref(source);
}

static json_t *
make_hit(const struct request *q, const struct rows *rows)
{
    struct slice id = row_text(rows, 0), index = row_text(rows, 1), text = row_text(rows, 2);
    json_t *hit = json_object(), *sort = json_array();

    json_object_set_new(hit, "_index", json_stringn((const char *)index.p, index.len));
    json_object_set_new(hit, "_id", json_stringn((const char *)id.p, id.len));
    json_object_set_new(hit, "_score", q->has_sort ? json_null() : json_real(1.0));
    json_t *source = source_of(text, q->source_spec);
    if (source)
        json_object_set_new(hit, "_source", source);
    add_fields(q, text, hit);
    for (size_t i = 0; i < q->n_sorts; i++) {
        const struct sort *s = &q->sorts[i];
        json_t *v = row_json(rows, 3 + i);
        if (s->f.is_time && json_is_integer(v))
            json_integer_set(v, json_integer_value(v) / 1000000);
        json_array_append_new(sort, v);
    }
    if (q->has_sort)
        json_object_set_new(hit, "sort", sort);
    else
        json_decref(sort);
    return hit;
}

static json_t *
run_hits(struct request *q)
{
    struct sql sql;
    struct rows rows;
    json_t *hits = json_array();

    if (q->size == 0)
        return hits;
    sql_init(&sql, q->where.schema);
    sql_add(&sql, "SELECT coalesce(\"event.id\", ''), _index, src");
    for (size_t i = 0; i < q->n_sorts; i++)
        sql_add(&sql, ", %s", q->sorts[i].f.place == PLACE_NONE ? "NULL::BIGINT" : q->sorts[i].f.value);
    sql_add(&sql, " FROM (");
    buf_add(&sql.text, q->from.p, q->from.len);
    sql_add(&sql, ") WHERE ");
    size_t before = q->where.text.len, n_before = q->where.n_params;
    bool ok = search_after(q, json_object_get(q->r->body, "search_after"));
    sql_append(&sql, &q->where);
    q->where.text.len = before;
    while (q->where.n_params > n_before)
        free(q->where.params[--q->where.n_params].text);
    sql_add(&sql, " ORDER BY ");
    for (size_t i = 0; i < q->n_sorts; i++)
        sql_add(&sql, "%s%zu %s NULLS LAST", i ? ", " : "", 4 + i, q->sorts[i].is_descending ? "DESC" : "ASC");
    sql_add(&sql, " LIMIT %" PRId64 " OFFSET %" PRId64, q->size, q->offset);
    if (ok && rows_open(q->s, &sql, &rows)) {
        while (rows_next(&rows))
            json_array_append_new(hits, make_hit(q, &rows));
        rows_close(&rows);
    } else if (ok) {
        (void)sql_refuse(&q->where, sql.status, sql.type, "%s", sql.reason);
    }
    sql_fini(&sql);
    return hits;
}

static int64_t
run_count(struct request *q)
{
    struct sql sql;
    struct rows rows;
    int64_t n = 0;

    sql_init(&sql, q->where.schema);
    sql_add(&sql, "SELECT count(*) FROM (");
    buf_add(&sql.text, q->from.p, q->from.len);
    sql_add(&sql, ") WHERE ");
    sql_append(&sql, &q->where);
    if (rows_open(q->s, &sql, &rows)) {
        if (rows_next(&rows))
            n = row_int(&rows, 0);
        rows_close(&rows);
    } else {
        (void)sql_refuse(&q->where, sql.status, sql.type, "%s", sql.reason);
    }
    sql_fini(&sql);
    return n;
}

static json_t *
shards(size_t n)
{
    return json_pack("{s:I,s:I,s:i,s:i}", "total", (json_int_t)n, "successful", (json_int_t)n, "skipped", 0, "failed", 0);
}

/* Opens a request: indexes, condition. 0, or the status of a refusal with its body. */
static int
open_request(struct request *q, struct searcher *s, const struct search_request *r, size_t *ret_n, json_t **ret)
{
    char missing[256];
    const json_t *timeout = json_object_get(r->body, "timeout");
    uint64_t deadline = r->deadline_ms ? r->deadline_ms : DEFAULT_DEADLINE_MS;

    *q = (struct request){.s = s, .r = r};
    sql_init(&q->where, store_schema(s->store));
    buf_init(&q->from, SQL_MAX);
    if (json_is_string(timeout) && strtoull(json_string_value(timeout), NULL, 10) * (strstr(json_string_value(timeout), "ms") ? 1 : 1000) < deadline)
        deadline = strtoull(json_string_value(timeout), NULL, 10) * (strstr(json_string_value(timeout), "ms") ? 1 : 1000);
    search_deadline(s, deadline ? deadline : 1, r->cancel);
    bool lenient = (r->params && json_object_get(r->params, "ignore_unavailable")) || json_is_true(json_object_get(r->body, "ignore_unavailable"));
    if (!from_sql(s, r->index, &q->from, ret_n, missing, sizeof(missing)) && !lenient) {
        char reason[300];
        (void)snprintf(reason, sizeof(reason), "no such index [%s]", missing);
        *ret = search_error(404, "index_not_found_exception", reason, missing);
        return 404;
    }
    return 0;
}

static void
close_request(struct request *q)
{
    search_deadline(q->s, 0, NULL);
    json_decref(q->source_spec);
    sql_fini(&q->where);
    buf_fini(&q->from);
}

static json_t *
total_of(const struct request *q, int64_t n)
{
    bool capped = q->total_limit > 0 && n > q->total_limit;
    return json_pack("{s:I,s:s}", "value", (json_int_t)(capped ? q->total_limit : n), "relation", capped ? "gte" : "eq");
}

int
search_search(struct searcher *s, const struct search_request *r, json_t **ret)
{
    struct request q;
    size_t n_indexes = 0;
    uint64_t began = now_ms();
    int status = open_request(&q, s, r, &n_indexes, ret);

    if (status != 0) {
        close_request(&q);
        return status;
    }
    json_t *hits = NULL, *aggs = NULL, *spec = json_object_get(r->body, "aggs");
    int64_t total = 0;
    if (!spec)
        spec = json_object_get(r->body, "aggregations");
    bool ok = parse_request(&q);
    q.source_spec = source_spec(&q);
    if (ok && n_indexes > 0) {
        hits = run_hits(&q);
        if (q.total_limit != 0 && q.where.status == 0)
            total = run_count(&q);
        if (spec && q.where.status == 0) {
            buf_add_byte(&q.from, '\0');
            aggs = aggs_run(s, &q.where, (const char *)q.from.p, spec, 0);
        }
    }
    if (!ok || q.where.status != 0) {
        json_decref(hits);
        json_decref(aggs);
        status = refusal(&q.where, ret);
        close_request(&q);
        return status;
    }
    json_t *body = json_object();
    json_object_set_new(body, "took", json_integer((json_int_t)(now_ms() - began)));
    json_object_set_new(body, "timed_out", json_false());
    json_object_set_new(body, "_shards", shards(n_indexes));
    json_t *h = json_object();
    if (q.total_limit != 0)
        json_object_set_new(h, "total", total_of(&q, total));
    json_object_set_new(h, "max_score", q.has_sort || total == 0 || json_array_size(hits) == 0 ? json_null() : json_real(1.0));
    json_object_set_new(h, "hits", hits ? hits : json_array());
    json_object_set_new(body, "hits", h);
    if (spec)
        json_object_set_new(body, "aggregations", aggs ? aggs : json_object());
    close_request(&q);
    *ret = body;
    return 200;
}

int
search_count(struct searcher *s, const struct search_request *r, json_t **ret)
{
    struct request q;
    size_t n_indexes = 0;
    int64_t n = 0;
    int status = open_request(&q, s, r, &n_indexes, ret);

    if (status == 0) {
        if (parse_where(&q) && n_indexes > 0)
            n = run_count(&q);
        status = q.where.status ? refusal(&q.where, ret) : 200;
        if (status == 200)
            *ret = json_pack("{s:I,s:o}", "count", (json_int_t)n, "_shards", shards(n_indexes));
    }
    close_request(&q);
    return status;
}

int
search_get(struct searcher *s, const char *index, const char *id, json_t **ret)
{
    json_t *body = json_pack("{s:{s:{s:[s]}},s:i,s:b}", "query", "ids", "values", id, "size", 1, "track_total_hits", 0);
    struct search_request r = {.index = index, .body = body};
    json_t *answer = NULL;
    int status = search_search(s, &r, &answer);

    json_decref(body);
    if (status != 200) {
        *ret = answer;
        return status;
    }
    json_t *hit = json_array_get(json_object_get(json_object_get(answer, "hits"), "hits"), 0);
    if (hit) {
        *ret = json_pack("{s:O,s:s,s:i,s:i,s:i,s:b,s:O}", "_index", json_object_get(hit, "_index"), "_id", id, "_version", 1, "_seq_no",
                         0, "_primary_term", 1, "found", 1, "_source", json_object_get(hit, "_source"));
        status = 200;
    } else {
        *ret = json_pack("{s:s,s:s,s:b}", "_index", index, "_id", id, "found", 0);
        status = 404;
    }
    json_decref(answer);
    return status;
}

static const char *
elastic_type(const struct field *f)
{
    switch ((enum field_kind)f->kind) {
    case KIND_UINT:
    case KIND_INT:
    case KIND_DURATION:
        return "long";
    case KIND_FLOAT:
        return "double";
    case KIND_BOOL:
        return "boolean";
    case KIND_IP:
        return "ip";
    case KIND_TIME:
        return "date";
    case KIND_MAP:
        return "flattened";
    case KIND_GROUP:
        return "object";
    default:
        return f->flags & FIELD_LARGE ? "text" : "keyword";
    }
}

/* Enters {"type": t} below "a.b.c" in nested properties. */
static void
put_property(json_t *properties, const char *name, const char *type)
{
    char part[256];

    for (const char *dot; (dot = strchr(name, '.')); name = dot + 1) {
        (void)snprintf(part, sizeof(part), "%.*s", (int)(dot - name), name);
        json_t *object = json_object_get(properties, part);
        if (!object) {
            object = json_pack("{s:{}}", "properties");
            json_object_set_new(properties, part, object);
        }
        json_t *inner = json_object_get(object, "properties");
        if (!inner) {
            inner = json_object();
            json_object_set_new(object, "properties", inner);
        }
        properties = inner;
    }
    if (!json_object_get(properties, name))
        json_object_set_new(properties, name, json_pack("{s:s}", "type", type));
}

static const struct field *
shown_as(const struct schema *s, const struct field *f)
{
    return f->flags & FIELD_MIRROR ? schema_field(s, f->of) : f;
}

int
search_mapping(struct searcher *s, const char *index, json_t **ret)
{
    const struct schema *schema = store_schema(s->store);
    struct store_index *list = NULL;
    size_t n = 0;
    json_t *properties = json_object(), *out = json_object();

    for (uint16_t id = 1; id < schema_n_fields(schema); id++) {
        const struct field *f = schema_field(schema, id), *shown = f ? shown_as(schema, f) : NULL;
        if (shown && f->kind != KIND_GROUP)
            put_property(properties, f->name, elastic_type(shown));
    }
    (void)store_indexes(s->store, &list, &n, NULL);
    for (size_t i = 0; i < n; i++)
        if (search_index_matches(index, list[i].name))
            json_object_set_new(out, list[i].name, json_pack("{s:{s:O}}", "mappings", "properties", properties));
    free(list);
    json_decref(properties);
    if (json_object_size(out) == 0 && index && *index && !strpbrk(index, "*,")) {
        json_decref(out);
        *ret = search_error(404, "index_not_found_exception", "no such index", index);
        return 404;
    }
    *ret = out;
    return 200;
}

int
search_field_caps(struct searcher *s, const char *index, const char *fields, json_t **ret)
{
    const struct schema *schema = store_schema(s->store);
    struct store_index *list = NULL;
    size_t n = 0;
    json_t *out = json_object(), *names = json_array();

    for (uint16_t id = 1; id < schema_n_fields(schema); id++) {
        const struct field *f = schema_field(schema, id), *shown = f ? shown_as(schema, f) : NULL;
        if (!shown || !search_index_matches(fields, f->name))
            continue;
        const char *type = elastic_type(shown);
        json_object_set_new(out, f->name, json_pack("{s:{s:s,s:b,s:b,s:b}}", type, "type", type, "metadata_field", 0, "searchable", 1,
                                                    "aggregatable", shown->kind != KIND_GROUP && !(shown->flags & FIELD_LARGE)));
    }
    (void)store_indexes(s->store, &list, &n, NULL);
    for (size_t i = 0; i < n; i++)
        if (search_index_matches(index, list[i].name))
            json_array_append_new(names, json_string(list[i].name));
    free(list);
    *ret = json_pack("{s:o,s:o}", "indices", names, "fields", out);
    return 200;
}
