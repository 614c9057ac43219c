/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aggregations: each bucket level is one GROUP BY; what stands inside a bucket is asked for with the
 * bucket's condition added. Bounded in depth and in buckets.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "search/search_priv.h"

static json_t *
number(double d)
{
    return isfinite(d) ? json_real(d) : json_null();
}

/* SELECT <select> FROM base AND extra <tail>. */
static bool
run(struct searcher *s, struct sql *base, const char *from, const char *select, const char *tail, struct sql *sql, struct rows *rows)
{
    sql_init(sql, base->schema);
    buf_add_text(&sql->text, "SELECT ");
    buf_add_text(&sql->text, select);
    buf_add_text(&sql->text, " FROM (");
    buf_add_text(&sql->text, from);
    buf_add_text(&sql->text, ") WHERE ");
    sql_append(sql, base);
    buf_add_text(&sql->text, tail);
    if (rows_open(s, sql, rows))
        return true;
    return sql_refuse(base, sql->status, sql->type, "%s", sql->reason);
}

/* The condition of `base` and one more. */
static void
narrow(struct sql *out, const struct sql *base)
{
    sql_init(out, base->schema);
    sql_append(out, base);
    sql_add(out, " AND ");
}

static json_t *
sub_aggs(struct searcher *s, struct sql *base, struct sql *inner, const char *from, const json_t *subs, json_t *bucket, int depth)
{
    json_t *found = aggs_run(s, inner, from, subs, depth + 1);

    if (!found) {
        (void)sql_refuse(base, inner->status, inner->type, "%s", inner->reason);
        json_decref(bucket);
        return NULL;
    }
    json_object_update(bucket, found);
    json_decref(found);
    return bucket;
}

static const json_t *
subs_of(const json_t *agg)
{
    const json_t *subs = json_object_get(agg, "aggs");
    return subs ? subs : json_object_get(agg, "aggregations");
}

static bool
need_field(struct sql *base, const json_t *spec, const char *kind, struct field_ref *ret)
{
    const char *name = json_string_value(json_object_get(spec, "field"));

    if (!name)
        return sql_refuse(base, 400, "illegal_argument_exception", "Required one of fields [field, script], but none were specified. (%s)", kind);
    field_find(base->schema, name, ret);
    return true;
}

/* avg, min, max, sum, stats, value_count, cardinality */
static json_t *
metric(struct searcher *s, struct sql *base, const char *from, const char *kind, const json_t *spec)
{
    char n[4096], select[24576];
    struct field_ref f;
    struct sql sql;
    struct rows rows;
    json_t *out = NULL;

    if (!need_field(base, spec, kind, &f))
        return NULL;
    field_number(&f, n, sizeof(n));
    if (strcmp(kind, "cardinality") == 0)
        (void)snprintf(select, sizeof(select), "count(DISTINCT %s)", f.place == PLACE_NONE ? "NULL::BIGINT" : f.value);
    else if (strcmp(kind, "value_count") == 0)
        (void)snprintf(select, sizeof(select), "count(%s)", f.place == PLACE_NONE ? "NULL::BIGINT" : f.value);
    else
        (void)snprintf(select, sizeof(select), "count(%s), CAST(min(%s) AS DOUBLE), CAST(max(%s) AS DOUBLE), avg(%s), CAST(sum(%s) AS DOUBLE)", n, n, n, n, n);
    if (!run(s, base, from, select, "", &sql, &rows)) {
        sql_fini(&sql);
        return NULL;
    }
    (void)rows_next(&rows);
    int64_t count = row_int(&rows, 0);
    if (strcmp(kind, "cardinality") == 0 || strcmp(kind, "value_count") == 0) {
        out = json_pack("{s:I}", "value", (json_int_t)count);
    } else {
        static const char *const names[] = {"", "min", "max", "avg", "sum"};
        double v[5];
        for (idx_t i = 1; i < 5; i++)
            v[i] = row_is_null(&rows, i) ? (i == 4 ? 0 : NAN) : row_double(&rows, i);
        if (strcmp(kind, "stats") == 0) {
            out = json_pack("{s:I}", "count", (json_int_t)count);
            for (int i = 1; i < 5; i++)
                json_object_set_new(out, names[i], number(v[i]));
        } else {
            for (int i = 1; i < 5; i++)
                if (strcmp(kind, names[i]) == 0)
                    out = json_pack("{s:o}", "value", number(v[i]));
        }
    }
    rows_close(&rows);
    sql_fini(&sql);
    return out;
}

static json_t *
percentiles(struct searcher *s, struct sql *base, const char *from, const json_t *spec)
{
    static const double usual[] = {1, 5, 25, 50, 75, 95, 99};
    json_t *list = json_object_get(spec, "percents");
    size_t n = json_is_array(list) ? json_array_size(list) : 7;
    char f_sql[4096], select[8192];
    struct field_ref f;
    struct sql sql;
    struct rows rows;

    if (!need_field(base, spec, "percentiles", &f))
        return NULL;
    if (n == 0 || n > 32) {
        (void)sql_refuse(base, 400, "illegal_argument_exception", "[percents] must have 1 to 32 values");
        return NULL;
    }
    field_number(&f, f_sql, sizeof(f_sql));
    size_t len = (size_t)snprintf(select, sizeof(select), "quantile_cont(CAST(%s AS DOUBLE), [", f_sql);
    for (size_t i = 0; i < n; i++) {
        double p = json_is_array(list) ? json_number_value(json_array_get(list, i)) : usual[i];
        len += (size_t)snprintf(select + len, sizeof(select) - len, "%s%.6f", i ? ", " : "", (p < 0 ? 0 : p > 100 ? 100 : p) / 100);
    }
    (void)snprintf(select + len, sizeof(select) - len, "])");
    json_t *values = json_object(), *out = NULL;
    if (run(s, base, from, select, "", &sql, &rows)) {
        bool any = rows_next(&rows) && !row_is_null(&rows, 0);
        duckdb_vector v = any ? duckdb_data_chunk_get_vector(rows.chunk, 0) : NULL;
        const duckdb_list_entry *e = any ? (const duckdb_list_entry *)duckdb_vector_get_data(v) : NULL;
        const double *data = any ? (const double *)duckdb_vector_get_data(duckdb_list_vector_get_child(v)) : NULL;
        for (size_t i = 0; i < n; i++) {
            char key[32];
            double p = json_is_array(list) ? json_number_value(json_array_get(list, i)) : usual[i];
            (void)snprintf(key, sizeof(key), p == floor(p) ? "%.1f" : "%g", p);
            json_object_set_new(values, key, any ? number(data[e->offset + i]) : json_null());
        }
        out = json_pack("{s:O}", "values", values);
        if (json_is_false(json_object_get(spec, "keyed"))) {
            json_t *rows_out = json_array(), *value;
            const char *key;
            json_object_foreach(values, key, value)
                json_array_append_new(rows_out, json_pack("{s:f,s:O}", "key", atof(key), "value", value));
            json_object_set_new(out, "values", rows_out);
        }
        rows_close(&rows);
    }
    json_decref(values);
    sql_fini(&sql);
    return out;
}

/* How a bucket's key is shown, by the kind of its field. */
static void
put_key(json_t *bucket, const struct field_ref *f, const struct rows *rows)
{
    json_t *key = row_json(rows, 0);

    if (f->kind == KIND_BOOL && f->place == PLACE_COLUMN) {
        bool yes = row_int(rows, 0) != 0;
        json_decref(key);
        key = json_integer(yes);
        json_object_set_new(bucket, "key_as_string", json_string(yes ? "true" : "false"));
    }
    if (f->is_time && json_is_integer(key))
        json_integer_set(key, json_integer_value(key) / 1000000);
    json_object_set_new(bucket, "key", key);
}

/* What one bucket of a terms aggregation narrows to. */
static void
key_condition(struct sql *inner, const struct field_ref *f, const struct rows *rows)
{
    sql_add(inner, "%s = ", f->value);
    if (f->place == PLACE_COLUMN && f->kind == KIND_FLOAT)
        sql_double(inner, row_double(rows, 0));
    else if (f->place == PLACE_COLUMN && (f->is_number || f->is_time || f->kind == KIND_BOOL))
        sql_int(inner, row_int(rows, 0));
    else
        sql_text(inner, row_text(rows, 0));
}

/* ORDER BY of a terms aggregation: _count, _key, or a metric beside it. */
static void
terms_order(const json_t *agg, const json_t *spec, const struct sql *base, char *out, size_t len)
{
    json_t *order = json_object_get(spec, "order"), *how;
    const char *name;

    if (json_is_array(order))
        order = json_array_get(order, 0);
    (void)snprintf(out, len, "2 DESC, 1 ASC");
    json_object_foreach(order, name, how)
    {
        const char *dir = json_string_value(how) && strcmp(json_string_value(how), "asc") == 0 ? "ASC" : "DESC";
        if (strcmp(name, "_count") == 0) {
            (void)snprintf(out, len, "2 %s, 1 ASC", dir);
        } else if (strcmp(name, "_key") == 0 || strcmp(name, "_term") == 0) {
            (void)snprintf(out, len, "1 %s", dir);
        } else {
            char bare[128];
            (void)snprintf(bare, sizeof(bare), "%.100s", name);
            bare[strcspn(bare, ".[")] = '\0';
            json_t *metric_agg = json_object_get(subs_of(agg), bare), *m;
            const char *kind;
            json_object_foreach(metric_agg, kind, m)
            {
                struct field_ref f;
                char n[4096];
                const char *field = json_string_value(json_object_get(m, "field"));
                field_find(base->schema, field ? field : "", &f);
                field_number(&f, n, sizeof(n));
                if (strcmp(kind, "avg") == 0 || strcmp(kind, "min") == 0 || strcmp(kind, "max") == 0 || strcmp(kind, "sum") == 0)
                    (void)snprintf(out, len, "%s(%s) %s NULLS LAST, 1", kind, n, dir);
                else if (strcmp(kind, "percentiles") == 0)
                    (void)snprintf(out, len, "quantile_cont(CAST(%s AS DOUBLE), 0.95) %s NULLS LAST, 1", n, dir);
                else if (strcmp(kind, "cardinality") == 0)
                    (void)snprintf(out, len, "count(DISTINCT %s) %s, 1", f.value[0] ? f.value : "NULL", dir);
            }
        }
    }
}

static json_t *
terms(struct searcher *s, struct sql *base, const char *from, const json_t *agg, const json_t *spec, int depth)
{
    json_t *size = json_object_get(spec, "size");
    int64_t limit = json_is_integer(size) ? json_integer_value(size) : 10, total = 0, shown = 0;
    char select[4096], tail[16384], order[12288];
    struct field_ref f;
    struct sql sql;
    struct rows rows;

    if (!need_field(base, spec, "terms", &f))
        return NULL;
    if (limit < 1 || limit > BUCKETS_MAX) {
        (void)sql_refuse(base, 400, "too_many_buckets_exception", "[size] must be 1 to %d", BUCKETS_MAX);
        return NULL;
    }
    json_t *buckets = json_array();
    if (f.place != PLACE_NONE) {
        terms_order(agg, spec, base, order, sizeof(order));
        (void)snprintf(select, sizeof(select), "%s, count(*), sum(count(*)) OVER ()", f.value);
        (void)snprintf(tail, sizeof(tail), " AND %s IS NOT NULL GROUP BY 1 ORDER BY %s LIMIT %" PRId64, f.value, order, limit);
        if (!run(s, base, from, select, tail, &sql, &rows)) {
            sql_fini(&sql);
            json_decref(buckets);
            return NULL;
        }
        bool ok = true;
        while (ok && rows_next(&rows)) {
            json_t *bucket = json_object();
            put_key(bucket, &f, &rows);
            total = row_int(&rows, 2);
            shown += row_int(&rows, 1);
            json_object_set_new(bucket, "doc_count", json_integer(row_int(&rows, 1)));
            if (subs_of(agg)) {
                struct sql inner;
                narrow(&inner, base);
                key_condition(&inner, &f, &rows);
                bucket = sub_aggs(s, base, &inner, from, subs_of(agg), bucket, depth);
                sql_fini(&inner);
            }
            ok = bucket != NULL;
            if (ok)
                json_array_append_new(buckets, bucket);
        }
        rows_close(&rows);
        sql_fini(&sql);
        if (!ok) {
            json_decref(buckets);
            return NULL;
        }
    }
    return json_pack("{s:i,s:I,s:o}", "doc_count_error_upper_bound", 0, "sum_other_doc_count", (json_int_t)(total - shown), "buckets", buckets);
}

/* "30s", "1h", "minute", "500ms" in ns; 0: not understood. */
static int64_t
interval_ns(const char *text)
{
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = {{"ms", 1000000},      {"s", 1000000000},        {"m", 60000000000},       {"h", 3600000000000}, {"d", 86400000000000},
                 {"w", 604800000000000}, {"second", 1000000000}, {"minute", 60000000000},  {"hour", 3600000000000}, {"day", 86400000000000},
                 {"week", 604800000000000}, {"month", 2592000000000000}, {"M", 2592000000000000}, {"quarter", 7776000000000000},
                 {"year", 31536000000000000}, {"y", 31536000000000000}};
    char *end;
    double n = strtod(text, &end);

    if (end == text)
        n = 1;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(end, units[i].name) == 0)
            return (int64_t)(n * (double)units[i].ns);
    return 0;
}

static json_t *
time_key(int64_t ms, const char *format)
{
    char text[48];
    struct tm tm;
    time_t t = (time_t)(ms / 1000);

    if (format && strncmp(format, "epoch_millis", 12) == 0) {
        (void)snprintf(text, sizeof(text), "%" PRId64, ms);
        return json_string(text);
    }
    size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", gmtime_r(&t, &tm));
    (void)snprintf(text + n, sizeof(text) - n, ".%03dZ", (int)(ms % 1000));
    return json_string(text);
}

struct grid {
    const char *expr;     /* SQL of the bucket's number */
    double width;         /* shown width of a bucket */
    bool is_time;
    int64_t min_count;
    const char *format;
};

static json_t *
empty_bucket(const struct grid *g, int64_t i)
{
    json_t *b = json_object();

    if (g->is_time) {
        int64_t ms = (int64_t)((double)i * g->width);
        json_object_set_new(b, "key_as_string", time_key(ms, g->format));
        json_object_set_new(b, "key", json_integer(ms));
    } else {
        json_object_set_new(b, "key", json_real((double)i * g->width));
    }
    json_object_set_new(b, "doc_count", json_integer(0));
    return b;
}

/* Bounds of the grid from extended_bounds; false: none. */
static bool
grid_bounds(const struct sql *base, const json_t *spec, const struct grid *g, int64_t *lo, int64_t *hi)
{
    json_t *bounds = json_object_get(spec, "extended_bounds");
    json_t *v[2] = {json_object_get(bounds, "min"), json_object_get(bounds, "max")};
    int64_t out[2];

    if (!v[0] || !v[1])
        return false;
    for (int i = 0; i < 2; i++) {
        double n = json_number_value(v[i]);
        int64_t t;
        if (json_is_string(v[i])) {
            if (!g->is_time || !parse_time(json_string_value(v[i]), base->now_ns, i == 1, &t))
                return false;
            n = (double)t / 1e6;
        }
        out[i] = (int64_t)floor(n / g->width);
    }
    *lo = out[0];
    *hi = out[1];
    return true;
}

static json_t *
grid_buckets(struct searcher *s, struct sql *base, const char *from, const json_t *agg, const json_t *spec, const struct grid *g, int depth)
{
    char select[4608], tail[4608];
    struct sql sql;
    struct rows rows;
    json_t *buckets = json_array();
    int64_t next = 0, lo = 0, hi = 0;
    bool has_bounds = grid_bounds(base, spec, g, &lo, &hi), any = has_bounds, ok = true;

    if (has_bounds)
        next = lo;
    (void)snprintf(select, sizeof(select), "CAST(%s AS BIGINT) AS b, count(*)", g->expr);
    (void)snprintf(tail, sizeof(tail), " AND %s IS NOT NULL GROUP BY 1 ORDER BY 1 LIMIT %d", g->expr, BUCKETS_MAX + 1);
    if (!run(s, base, from, select, tail, &sql, &rows)) {
        sql_fini(&sql);
        json_decref(buckets);
        return NULL;
    }
    while (ok && rows_next(&rows)) {
        int64_t at = row_int(&rows, 0);
        for (; g->min_count == 0 && any && next < at && ok; next++) {
            json_array_append_new(buckets, empty_bucket(g, next));
            ok = json_array_size(buckets) <= BUCKETS_MAX;
        }
        next = at + 1;
        any = true;
        if (row_int(&rows, 1) < g->min_count)
            continue;
        json_t *bucket = empty_bucket(g, at);
        json_object_set_new(bucket, "doc_count", json_integer(row_int(&rows, 1)));
        if (subs_of(agg)) {
            struct sql inner;
            narrow(&inner, base);
            sql_add(&inner, "CAST(%s AS BIGINT) = ", g->expr);
            sql_int(&inner, at);
            bucket = sub_aggs(s, base, &inner, from, subs_of(agg), bucket, depth);
            sql_fini(&inner);
        }
        if (!bucket) {
            rows_close(&rows);
            sql_fini(&sql);
            json_decref(buckets);
            return NULL;
        }
        json_array_append_new(buckets, bucket);
        ok = ok && json_array_size(buckets) <= BUCKETS_MAX;
    }
    for (; ok && has_bounds && g->min_count == 0 && next <= hi; next++) {
        json_array_append_new(buckets, empty_bucket(g, next));
        ok = json_array_size(buckets) <= BUCKETS_MAX;
    }
    rows_close(&rows);
    sql_fini(&sql);
    if (!ok) {
        json_decref(buckets);
        (void)sql_refuse(base, 400, "too_many_buckets_exception", "Trying to create too many buckets. Must be less than or equal to: [%d]", BUCKETS_MAX);
        return NULL;
    }
    return json_pack("{s:o}", "buckets", buckets);
}

static json_t *
histogram(struct searcher *s, struct sql *base, const char *from, const json_t *agg, const json_t *spec, bool is_date, int depth)
{
    static const char *const names[] = {"fixed_interval", "calendar_interval", "interval"};
    char expr[4200], n[4096];
    struct field_ref f;
    json_t *v = NULL, *min = json_object_get(spec, "min_doc_count");

    if (!need_field(base, spec, is_date ? "date_histogram" : "histogram", &f))
        return NULL;
    for (int i = 0; i < 3 && !v; i++)
        v = json_object_get(spec, names[i]);
    struct grid g = {.expr = expr, .is_time = is_date, .min_count = min ? json_integer_value(min) : 0,
                     .format = json_string_value(json_object_get(spec, "format"))};
    if (is_date) {
        int64_t ns = json_is_string(v) ? interval_ns(json_string_value(v)) : 0;
        if (ns <= 0) {
            (void)sql_refuse(base, 400, "illegal_argument_exception", "failed to parse the interval of [date_histogram]");
            return NULL;
        }
        (void)snprintf(expr, sizeof(expr), "(%s // %" PRId64 ")", f.place == PLACE_COLUMN ? f.value : "CAST(NULL AS BIGINT)", ns);
        g.width = (double)ns / 1e6;
    } else {
        double width = json_is_string(v) ? atof(json_string_value(v)) : json_number_value(v);
        if (!(width > 0)) {
            (void)sql_refuse(base, 400, "illegal_argument_exception", "[interval] must be >0 for histogram aggregation");
            return NULL;
        }
        field_number(&f, n, sizeof(n));
        (void)snprintf(expr, sizeof(expr), "floor(%s / %.17g)", n, width);
        g.width = width;
    }
    return grid_buckets(s, base, from, agg, spec, &g, depth);
}

/* One bucket of a condition, with what stands inside. */
static json_t *
condition_bucket(struct searcher *s, struct sql *base, const char *from, const json_t *agg, const json_t *query, int depth)
{
    struct sql inner, sql;
    struct rows rows;
    json_t *bucket = NULL;

    narrow(&inner, base);
    bool ok = query_sql(&inner, query, 0) && run(s, &inner, from, "count(*)", "", &sql, &rows);
    if (ok) {
        (void)rows_next(&rows);
        bucket = json_pack("{s:I}", "doc_count", (json_int_t)row_int(&rows, 0));
        rows_close(&rows);
        sql_fini(&sql);
        if (subs_of(agg))
            bucket = sub_aggs(s, base, &inner, from, subs_of(agg), bucket, depth);
    } else if (inner.status) {
        (void)sql_refuse(base, inner.status, inner.type, "%s", inner.reason);
    }
    sql_fini(&inner);
    return bucket;
}

static json_t *
filters(struct searcher *s, struct sql *base, const char *from, const json_t *agg, const json_t *spec, int depth)
{
    json_t *list = json_object_get(spec, "filters"), *query;
    json_t *buckets = json_is_array(list) ? json_array() : json_object();
    const char *name;
    size_t i;

    json_array_foreach(list, i, query)
    {
        json_t *b = condition_bucket(s, base, from, agg, query, depth);
        if (!b) {
            json_decref(buckets);
            return NULL;
        }
        json_array_append_new(buckets, b);
    }
    json_object_foreach(list, name, query)
    {
        json_t *b = condition_bucket(s, base, from, agg, query, depth);
        if (!b) {
            json_decref(buckets);
            return NULL;
        }
        json_object_set_new(buckets, name, b);
    }
    return json_pack("{s:o}", "buckets", buckets);
}

static json_t *
top_hits(struct searcher *s, struct sql *base, const char *from, const json_t *spec)
{
    json_t *size = json_object_get(spec, "size"), *hits = json_array();
    int64_t n = json_is_integer(size) ? json_integer_value(size) : 3, total = 0;
    char tail[96];
    struct sql sql;
    struct rows rows;

    if (n < 0 || n > 100)
        n = 100;
    (void)snprintf(tail, sizeof(tail), " ORDER BY 4 DESC LIMIT %" PRId64, n);
    if (!run(s, base, from, "coalesce(\"event.id\", ''), _index, src, \"@timestamp\", count(*) OVER ()", tail, &sql, &rows)) {
        sql_fini(&sql);
        json_decref(hits);
        return NULL;
    }
    while (rows_next(&rows)) {
        struct slice id = row_text(&rows, 0), index = row_text(&rows, 1), text = row_text(&rows, 2);
        json_t *source = source_of(text, json_object_get(spec, "_source"));
        total = row_int(&rows, 4);
        json_array_append_new(hits, json_pack("{s:o,s:o,s:n,s:o,s:[I]}", "_index", json_stringn((const char *)index.p, index.len), "_id",
                                              json_stringn((const char *)id.p, id.len), "_score", "_source", source ? source : json_object(),
                                              "sort", (json_int_t)(row_int(&rows, 3) / 1000000)));
    }
    rows_close(&rows);
    sql_fini(&sql);
    return json_pack("{s:{s:{s:I,s:s},s:n,s:o}}", "hits", "total", "value", (json_int_t)total, "relation", "eq", "max_score", "hits", hits);
}

static bool
is_metric(const char *kind)
{
    static const char *const kinds[] = {"avg", "min", "max", "sum", "stats", "value_count", "cardinality"};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i], kind) == 0)
            return true;
    return false;
}

static json_t *
one_agg(struct searcher *s, struct sql *base, const char *from, const json_t *agg, int depth)
{
    const char *kind;
    json_t *spec;

    json_object_foreach((json_t *)(uintptr_t)agg, kind, spec)
    {
        if (strcmp(kind, "aggs") == 0 || strcmp(kind, "aggregations") == 0 || strcmp(kind, "meta") == 0)
            continue;
        if (is_metric(kind))
            return metric(s, base, from, kind, spec);
        if (strcmp(kind, "percentiles") == 0)
            return percentiles(s, base, from, spec);
        if (strcmp(kind, "terms") == 0)
            return terms(s, base, from, agg, spec, depth);
        if (strcmp(kind, "date_histogram") == 0 || strcmp(kind, "histogram") == 0)
            return histogram(s, base, from, agg, spec, kind[0] == 'd', depth);
        if (strcmp(kind, "filter") == 0)
            return condition_bucket(s, base, from, agg, spec, depth);
        if (strcmp(kind, "filters") == 0)
            return filters(s, base, from, agg, spec, depth);
        if (strcmp(kind, "top_hits") == 0)
            return top_hits(s, base, from, spec);
        (void)sql_refuse(base, 400, "parsing_exception", "Unknown aggregation type [%.60s]", kind);
        return NULL;
    }
    (void)sql_refuse(base, 400, "parsing_exception", "Missing definition for an aggregation");
    return NULL;
}

json_t *
aggs_run(struct searcher *s, struct sql *base, const char *from, const json_t *aggs, int depth)
{
    json_t *out = json_object(), *agg;
    const char *name;

    if (depth >= AGG_MAX_DEPTH) {
        (void)sql_refuse(base, 400, "illegal_argument_exception", "aggregations are nested deeper than %d levels", AGG_MAX_DEPTH);
        json_decref(out);
        return NULL;
    }
    json_object_foreach((json_t *)(uintptr_t)aggs, name, agg)
    {
        json_t *one = json_is_object(agg) ? one_agg(s, base, from, agg, depth) : NULL;
        if (!one) {
            if (base->status == 0)
                (void)sql_refuse(base, 400, "parsing_exception", "[%.100s] is no aggregation", name);
            json_decref(out);
            return NULL;
        }
        json_object_set_new(out, name, one);
    }
    return out;
}
