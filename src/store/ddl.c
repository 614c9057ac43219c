/* SPDX-License-Identifier: Apache-2.0 */
/* The table of a day: typed columns of the fields with FIELD_COLUMN, everything else in a map. */
#include <stdarg.h>
#include <stdio.h>

#include "store/store_priv.h"

static duckdb_type
column_type(const struct field *f)
{
    switch ((enum field_kind)f->kind) {
    case KIND_UINT:
        return DUCKDB_TYPE_UBIGINT;
    case KIND_INT:
    case KIND_TIME:
    case KIND_DURATION:
        return DUCKDB_TYPE_BIGINT;
    case KIND_FLOAT:
        return DUCKDB_TYPE_DOUBLE;
    case KIND_BOOL:
        return DUCKDB_TYPE_BOOLEAN;
    default:
        return DUCKDB_TYPE_VARCHAR;
    }
}

static const char *
type_name(duckdb_type t)
{
    switch (t) {
    case DUCKDB_TYPE_UBIGINT:
        return "UBIGINT";
    case DUCKDB_TYPE_BIGINT:
        return "BIGINT";
    case DUCKDB_TYPE_DOUBLE:
        return "DOUBLE";
    case DUCKDB_TYPE_BOOLEAN:
        return "BOOLEAN";
    default:
        return "VARCHAR";
    }
}

void
ddl_columns(struct store *s)
{
    for (uint16_t id = 1; id < schema_n_fields(s->schema) && s->n_columns < STORE_MAX_COLUMNS; id++) {
        const struct field *f = schema_field(s->schema, id);
        if (!f || !(f->flags & FIELD_COLUMN))
            continue;
        s->types[s->n_columns] = duckdb_create_logical_type(column_type(f));
        s->columns[s->n_columns++] = id;
    }
    duckdb_logical_type text = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
    s->types[s->n_columns] = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
    s->types[s->n_columns + 1] = text;
}

int
store_sql(struct store *s, struct err *err, const char *fmt, ...)
{
    char sql[16384];
    duckdb_result result;
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(sql, sizeof(sql), fmt, ap);
    va_end(ap);
    int rc = duckdb_query(s->writer, sql, &result) == DuckDBSuccess ? 0 : ERR_IO;
    if (rc < 0)
        (void)err_set(err, rc, "the store: %s", duckdb_result_error(&result));
    duckdb_destroy_result(&result);
    return rc;
}

int
ddl_create(struct store *s, struct day *d, struct err *err)
{
    char sql[12288];
    size_t n = 0;

    n += (size_t)snprintf(sql, sizeof(sql), "CREATE TABLE IF NOT EXISTS \"%s\".ev (", d->name);
    for (size_t i = 0; i < s->n_columns; i++) {
        const struct field *f = schema_field(s->schema, s->columns[i]);
        n += (size_t)snprintf(sql + n, sizeof(sql) - n, "\"%s\" %s, ", f->name, type_name(column_type(f)));
    }
    (void)snprintf(sql + n, sizeof(sql) - n, "kv VARCHAR USING COMPRESSION zstd, src VARCHAR USING COMPRESSION zstd)");
    int rc = store_sql(s, err, "%s", sql);
    if (rc == 0)
        rc = store_sql(s, err, "CREATE TABLE IF NOT EXISTS \"%s\".ring (id BIGINT, pos BIGINT)", d->name);
    /* A file of an older version may lack columns that are new. */
    for (size_t i = 0; rc == 0 && i < s->n_columns; i++) {
        const struct field *f = schema_field(s->schema, s->columns[i]);
        rc = store_sql(s, err, "ALTER TABLE \"%s\".ev ADD COLUMN IF NOT EXISTS \"%s\" %s", d->name, f->name,
                       type_name(column_type(f)));
    }
    return rc;
}
