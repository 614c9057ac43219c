/* SPDX-License-Identifier: Apache-2.0 */
/* Statements with bound values; results row by row. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "search/search_priv.h"

void
sql_init(struct sql *q, const struct schema *schema)
{
    struct timespec now;

    *q = (struct sql){.schema = schema};
    buf_init(&q->text, SQL_MAX);
    q->params = calloc(SQL_MAX_PARAMS, sizeof(*q->params));
    clock_gettime(CLOCK_REALTIME, &now);
    q->now_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    if (!q->params)
        (void)sql_refuse(q, 503, "circuit_breaking_exception", "no memory for the query");
}

void
sql_fini(struct sql *q)
{
    for (size_t i = 0; q->params && i < q->n_params; i++)
        free(q->params[i].text);
    free(q->params);
    buf_fini(&q->text);
}

void
sql_add(struct sql *q, const char *fmt, ...)
{
    char part[8192];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(part, sizeof(part), fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof(part)) {
        (void)sql_refuse(q, 400, "illegal_argument_exception", "a part of the query is too long");
        return;
    }
    buf_add(&q->text, part, (size_t)n);
}

static struct param *
next_param(struct sql *q)
{
    static struct param spare;

    buf_add_text(&q->text, "?");
    if (q->params && q->n_params < SQL_MAX_PARAMS)
        return &q->params[q->n_params++];
    (void)sql_refuse(q, 400, "too_many_clauses", "maxClauseCount is set to 1024");
    return &spare;
}

void
sql_text(struct sql *q, struct slice value)
{
    struct param *p = next_param(q);

    *p = (struct param){.kind = PARAM_TEXT, .text = strndup((const char *)(value.p ? value.p : (const uint8_t *)""), value.len)};
}

void
sql_int(struct sql *q, int64_t value)
{
    *next_param(q) = (struct param){.kind = PARAM_INT, .i = value};
}

void
sql_double(struct sql *q, double value)
{
    *next_param(q) = (struct param){.kind = PARAM_DOUBLE, .d = value};
}

bool
sql_refuse(struct sql *q, int status, const char *type, const char *fmt, ...)
{
    va_list ap;

    if (q->status != 0)
        return false;
    q->status = status;
    (void)snprintf(q->type, sizeof(q->type), "%s", type);
    va_start(ap, fmt);
    (void)vsnprintf(q->reason, sizeof(q->reason), fmt, ap);
    va_end(ap);
    return false;
}

void
sql_append(struct sql *q, const struct sql *more)
{
    buf_add(&q->text, more->text.p, more->text.len);
    for (size_t i = 0; i < more->n_params; i++) {
        if (q->n_params == SQL_MAX_PARAMS) {
            (void)sql_refuse(q, 400, "too_many_clauses", "maxClauseCount is set to 1024");
            return;
        }
        struct param p = more->params[i];
        if (p.text)
            p.text = strdup(p.text);
        q->params[q->n_params++] = p;
    }
}

static bool
failed(struct searcher *s, struct sql *q, const char *why)
{
    if (s->timed_out)
        return sql_refuse(q, 503, "search_timeout_exception", "the query took longer than its time-out and was ended");
    if (why && strstr(why, "Out of Memory"))
        return sql_refuse(q, 503, "circuit_breaking_exception", "the query needs more memory than store.memory_limit");
    return sql_refuse(q, 400, "search_phase_execution_exception", "%s", why ? why : "the store refused the query");
}

static uint64_t
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

bool
rows_open(struct searcher *s, struct sql *q, struct rows *ret)
{
    duckdb_prepared_statement st = NULL;

    *ret = (struct rows){0};
    buf_add_byte(&q->text, '\0');
    if (q->text.failed)
        return sql_refuse(q, 400, "illegal_argument_exception", "the query is too long");
    if (q->status != 0)
        return false;
    if (s->cancel && atomic_load(s->cancel))
        return sql_refuse(q, 503, "task_cancelled_exception", "the query was cancelled");
    pthread_mutex_lock(&s->lock);
    if (s->deadline_ms && now_ms() >= s->deadline_ms)
        s->timed_out = true;
    bool late = s->timed_out;
    pthread_mutex_unlock(&s->lock);
    if (late)
        return failed(s, q, NULL);
    if (duckdb_prepare(s->con, (const char *)q->text.p, &st) != DuckDBSuccess) {
        (void)failed(s, q, duckdb_prepare_error(st));
        duckdb_destroy_prepare(&st);
        return false;
    }
    for (size_t i = 0; i < q->n_params; i++) {
        const struct param *p = &q->params[i];
        if (p->kind == PARAM_TEXT)
            (void)duckdb_bind_varchar(st, i + 1, p->text);
        else if (p->kind == PARAM_INT)
            (void)duckdb_bind_int64(st, i + 1, p->i);
        else
            (void)duckdb_bind_double(st, i + 1, p->d);
    }
    ret->has_result = true;
    bool ok = duckdb_execute_prepared(st, &ret->result) == DuckDBSuccess;
    if (!ok)
        (void)failed(s, q, duckdb_result_error(&ret->result));
    duckdb_destroy_prepare(&st);
    if (!ok)
        rows_close(ret);
    return ok;
}

bool
rows_next(struct rows *r)
{
    if (r->chunk && ++r->row < r->n)
        return true;
    if (r->chunk)
        duckdb_destroy_data_chunk(&r->chunk);
    r->chunk = duckdb_fetch_chunk(r->result);
    r->row = 0;
    r->n = r->chunk ? duckdb_data_chunk_get_size(r->chunk) : 0;
    return r->n > 0;
}

void
rows_close(struct rows *r)
{
    if (r->chunk)
        duckdb_destroy_data_chunk(&r->chunk);
    if (r->has_result)
        duckdb_destroy_result(&r->result);
    r->has_result = false;
}

bool
row_is_null(const struct rows *r, idx_t column)
{
    uint64_t *valid = duckdb_vector_get_validity(duckdb_data_chunk_get_vector(r->chunk, column));
    return valid && !duckdb_validity_row_is_valid(valid, r->row);
}

static const void *
row_data(const struct rows *r, idx_t column)
{
    return duckdb_vector_get_data(duckdb_data_chunk_get_vector(r->chunk, column));
}

static duckdb_type
row_type(const struct rows *r, idx_t column)
{
    duckdb_result copy = r->result;
    return duckdb_column_type(&copy, column);
}

int64_t
row_int(const struct rows *r, idx_t column)
{
    switch (row_type(r, column)) {
    case DUCKDB_TYPE_HUGEINT:
        return (int64_t)((const duckdb_hugeint *)row_data(r, column))[r->row].lower;
    case DUCKDB_TYPE_INTEGER:
        return ((const int32_t *)row_data(r, column))[r->row];
    case DUCKDB_TYPE_BOOLEAN:
        return ((const bool *)row_data(r, column))[r->row];
    case DUCKDB_TYPE_DOUBLE:
        return (int64_t)((const double *)row_data(r, column))[r->row];
    default:
        return ((const int64_t *)row_data(r, column))[r->row];
    }
}

double
row_double(const struct rows *r, idx_t column)
{
    return row_type(r, column) == DUCKDB_TYPE_DOUBLE ? ((const double *)row_data(r, column))[r->row] : (double)row_int(r, column);
}

struct slice
row_text(const struct rows *r, idx_t column)
{
    duckdb_string_t *s = &((duckdb_string_t *)(uintptr_t)row_data(r, column))[r->row];
    return slice_of(duckdb_string_t_data(s), duckdb_string_t_length(*s));
}

json_t *
row_json(const struct rows *r, idx_t column)
{
    if (row_is_null(r, column))
        return json_null();
    switch (row_type(r, column)) {
    case DUCKDB_TYPE_VARCHAR: {
        struct slice s = row_text(r, column);
        json_t *text = json_stringn((const char *)s.p, s.len);
        return text ? text : json_string("");
    }
    case DUCKDB_TYPE_DOUBLE:
        return json_real(row_double(r, column));
    case DUCKDB_TYPE_BOOLEAN:
        return json_boolean(row_int(r, column));
    default:
        return json_integer(row_int(r, column));
    }
}
