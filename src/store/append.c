/* SPDX-License-Identifier: Apache-2.0 */
/* Records into data chunks: columns, one text of all other fields, the event as text. */
#include <stdio.h>
#include <stdlib.h>

#include "event/value.h"
#include "store/store_priv.h"

enum { MAX_PAIRS = 512, MAX_TEXT = 64 << 10, KV_MAX = 1 << 20 };

/* One value of the map: which field, and its text. */
struct pair {
    const char *key;
    struct slice map_key; /* of a MAP field, behind the name and a dot */
    struct cell cell;
    bool is_done;
};

/* DuckDB takes valid UTF-8 only: what is not becomes a question mark. Returns a copy only when needed. */
static struct slice
clean(struct slice s, uint8_t *scratch, size_t cap)
{
    size_t i = 0;

    s = slice_head(s, cap);
    while (i < s.len && s.p[i] < 0x80 && s.p[i] != 0)
        i++;
    if (i == s.len)
        return s;
    size_t n = i;
    memcpy(scratch, s.p, i);
    while (i < s.len) {
        unsigned len = s.p[i] == 0 ? 0 : value_utf8_len(slice_from(s, i));
        if (len == 0) {
            scratch[n++] = '?';
            i++;
            continue;
        }
        memcpy(scratch + n, s.p + i, len);
        n += len;
        i += len;
    }
    return slice_of(scratch, n);
}

static void
set_text(duckdb_vector v, idx_t row, struct slice text)
{
    static _Thread_local uint8_t scratch[MAX_TEXT];
    struct slice s = clean(text, scratch, sizeof(scratch));

    duckdb_vector_assign_string_element_len(v, row, (const char *)s.p, s.len);
}

static void
set_null(duckdb_vector v, idx_t row)
{
    duckdb_vector_ensure_validity_writable(v);
    duckdb_validity_set_row_invalid(duckdb_vector_get_validity(v), row);
}

/* The value of a cell as text, in memory of the caller. */
static struct slice
cell_text(const struct cell *c, uint8_t out[VALUE_MAX_IP + VALUE_MAX_TIME])
{
    struct value_clock clock = {0};

    switch ((enum field_kind)c->kind) {
    case KIND_UINT:
    case KIND_DURATION:
        return slice_of(out, (size_t)(value_uint(out, c->n.u) - out));
    case KIND_INT:
        return slice_of(out, (size_t)(value_int(out, c->n.i) - out));
    case KIND_FLOAT:
        return slice_of(out, (size_t)(value_float(out, c->n.f) - out));
    case KIND_BOOL:
        return c->n.u ? SLICE("true") : SLICE("false");
    case KIND_IP:
        return slice_of(out, (size_t)(value_ip(out, c->bytes) - out));
    case KIND_TIME:
        return slice_of(out, (size_t)(value_time(out, &clock, c->n.u, 9) - out));
    default:
        return c->bytes;
    }
}

static void
set_column(duckdb_vector v, idx_t row, const struct field *f, const struct cell *c)
{
    uint8_t text[VALUE_MAX_IP + VALUE_MAX_TIME];

    switch ((enum field_kind)f->kind) {
    case KIND_UINT:
        ((uint64_t *)duckdb_vector_get_data(v))[row] = c->n.u;
        break;
    case KIND_INT:
    case KIND_TIME:
    case KIND_DURATION:
        ((int64_t *)duckdb_vector_get_data(v))[row] = (int64_t)c->n.u;
        break;
    case KIND_FLOAT:
        ((double *)duckdb_vector_get_data(v))[row] = c->n.f;
        break;
    case KIND_BOOL:
        ((bool *)duckdb_vector_get_data(v))[row] = c->n.u != 0;
        break;
    default:
        set_text(v, row, cell_text(c, text));
        break;
    }
}

static bool
is_column(const struct store *s, uint16_t field)
{
    const struct field *f = schema_field(s->schema, field);
    return f && (f->flags & FIELD_COLUMN);
}

static void
fill_columns(struct store *s, struct day *d, const struct record *r)
{
    idx_t row = d->n_rows;

    for (size_t i = 0; i < s->n_columns; i++) {
        duckdb_vector v = duckdb_data_chunk_get_vector(d->chunk, i);
        uint16_t id = s->columns[i];
        struct cell c;
        const char *fixed;
        if (id == FIELD_TIMESTAMP) {
            ((int64_t *)duckdb_vector_get_data(v))[row] = (int64_t)r->head->time_ns;
            continue;
        }
        if (record_find(r, id, &c))
            set_column(v, row, schema_field(s->schema, id), &c);
        else if ((fixed = schema_const(s->schema, r->head->dataset, id)))
            set_text(v, row, slice_text(fixed));
        else
            set_null(v, row);
    }
}

/* All cells that have no column of their own. */
static size_t
gather(struct store *s, const struct record *r, struct pair *pairs)
{
    struct cell_walk walk;
    struct cell c;
    size_t n = 0;

    record_cells(r, NULL, &walk);
    while (n < MAX_PAIRS && cell_next(&walk, &c)) {
        const struct field *f = schema_field(s->schema, c.field);
        if (!f || (is_column(s, c.field) && !(f->flags & FIELD_LIST)) || (f->flags & FIELD_LARGE))
            continue;
        pairs[n++] = (struct pair){.key = f->name, .map_key = c.kind == KIND_MAP ? c.key : (struct slice){NULL, 0}, .cell = c};
    }
    return n;
}

static bool
same_key(const struct pair *a, const struct pair *b)
{
    return a->key == b->key && slice_eq(a->map_key, b->map_key);
}

/* A value without what separates values. */
static void
add_value(struct buf *out, struct slice s)
{
    size_t at = out->len;

    buf_add(out, s.p, s.len < MAX_TEXT ? s.len : MAX_TEXT);
    for (size_t i = at; i < out->len; i++)
        if (out->p[i] >= STORE_KV_NEXT && out->p[i] <= STORE_KV_PAIR)
            out->p[i] = '?';
}

/* All that has no column: PAIR name VALUE value [NEXT value]... and so on, PAIR at the end (see store_priv.h). */
static void
fill_kv(struct store *s, struct day *d, const struct record *r)
{
    static _Thread_local struct pair pairs[MAX_PAIRS];
    static _Thread_local uint8_t scratch[KV_MAX];
    size_t n = gather(s, r, pairs);
    struct buf *out = &s->kv;

    buf_clear(out);
    buf_add_byte(out, STORE_KV_PAIR);
    for (size_t i = 0; i < n; i++) {
        if (pairs[i].is_done)
            continue;
        buf_add_text(out, pairs[i].key);
        if (pairs[i].map_key.len > 0) {
            buf_add_byte(out, '.');
            add_value(out, slice_head(pairs[i].map_key, 256));
        }
        for (size_t k = i, n_values = 0; k < n; k++) {
            uint8_t text[VALUE_MAX_IP + VALUE_MAX_TIME];
            if (!same_key(&pairs[k], &pairs[i]))
                continue;
            pairs[k].is_done = true;
            buf_add_byte(out, n_values++ ? STORE_KV_NEXT : STORE_KV_VALUE);
            add_value(out, cell_text(&pairs[k].cell, text));
        }
        buf_add_byte(out, STORE_KV_PAIR);
    }
    struct slice all = clean(buf_slice(out), scratch, sizeof(scratch));
    duckdb_vector_assign_string_element_len(duckdb_data_chunk_get_vector(d->chunk, s->n_columns), d->n_rows, (const char *)all.p, all.len);
}

static int
open_appender(struct store *s, struct day *d, struct err *err)
{
    if (d->has_appender)
        return 0;
    if (duckdb_appender_create_ext(s->writer, d->name, "main", "ev", &d->appender) != DuckDBSuccess) {
        duckdb_appender_destroy(&d->appender);
        return err_set(err, ERR_IO, "the store cannot write to %s", d->name);
    }
    d->has_appender = true;
    d->chunk = duckdb_create_data_chunk(s->types, s->n_columns + 2);
    d->n_rows = 0;
    return 0;
}

static int
push_chunk(struct day *d, struct err *err)
{
    if (d->n_rows == 0)
        return 0;
    duckdb_data_chunk_set_size(d->chunk, d->n_rows);
    if (duckdb_append_data_chunk(d->appender, d->chunk) != DuckDBSuccess) {
        const char *why = duckdb_appender_error(d->appender);
        return err_set(err, ERR_IO, "the store refuses rows: %s", why ? why : "no reason given");
    }
    duckdb_data_chunk_reset(d->chunk);
    d->n_rows = 0;
    return 0;
}

int
append_row(struct store *s, struct day *d, const struct record *r, struct err *err)
{
    int rc = open_appender(s, d, err);

    if (rc < 0)
        return rc;
    fill_columns(s, d, r);
    fill_kv(s, d, r);
    buf_clear(&s->line);
    ndjson_record(s->ndjson, r, &s->line);
    duckdb_vector src = duckdb_data_chunk_get_vector(d->chunk, s->n_columns + 1);
    duckdb_vector_assign_string_element_len(src, d->n_rows, (const char *)s->line.p, s->line.len);
    d->n_rows++;
    d->n_pending++;
    s->n_pending++;
    if (d->pending_oldest == 0 || r->head->time_ns < d->pending_oldest)
        d->pending_oldest = r->head->time_ns;
    if (r->head->time_ns > d->pending_newest)
        d->pending_newest = r->head->time_ns;
    return d->n_rows == duckdb_vector_size() ? push_chunk(d, err) : 0;
}

int
append_flush(struct store *s, struct day *d, struct err *err)
{
    int rc = push_chunk(d, err);

    (void)s;
    if (rc == 0 && duckdb_appender_flush(d->appender) != DuckDBSuccess)
        rc = err_set(err, ERR_IO, "the store cannot write its rows");
    return rc;
}

void
append_close(struct day *d)
{
    if (!d->has_appender)
        return;
    duckdb_destroy_data_chunk(&d->chunk);
    duckdb_appender_destroy(&d->appender);
    d->has_appender = false;
}
