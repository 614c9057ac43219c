/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of search: SQL with bound values, fields as expressions, results as rows. */
#ifndef SEARCH_SEARCH_PRIV_H
#define SEARCH_SEARCH_PRIV_H

#include <duckdb.h>
#include <pthread.h>

#include "base/buf.h"
#include "search/search.h"

enum {
    SQL_MAX = 1 << 20,
    SQL_MAX_PARAMS = 4096,
    QUERY_MAX_DEPTH = 20,
    QUERY_MAX_CLAUSES = 1024,
    WINDOW_MAX = 10000,       /* from + size */
    BUCKETS_MAX = 10000,
    AGG_MAX_DEPTH = 6
};

enum param_kind { PARAM_TEXT, PARAM_INT, PARAM_DOUBLE };

struct param {
    enum param_kind kind;
    char *text;
    int64_t i;
    double d;
};

/* A statement in the making. `status` not 0: refused, with type and reason for the answer. */
struct sql {
    struct buf text;
    struct param *params;
    size_t n_params;
    unsigned n_clauses;
    int status;
    char type[64], reason[512];
    const struct schema *schema;
    int64_t now_ns;
};

void sql_init(struct sql *q, const struct schema *schema);
void sql_fini(struct sql *q);
void sql_add(struct sql *q, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Adds "?" and remembers the value. */
void sql_text(struct sql *q, struct slice value);
void sql_int(struct sql *q, int64_t value);
void sql_double(struct sql *q, double value);
/* Refuses the request; the first refusal stands. Returns false. */
bool sql_refuse(struct sql *q, int status, const char *type, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Copies text and parameters of another statement behind this one's. */
void sql_append(struct sql *q, const struct sql *more);

enum field_place { PLACE_NONE, PLACE_COLUMN, PLACE_KV, PLACE_INDEX };

struct field_ref {
    enum field_place place;
    enum field_kind kind;
    double scale;        /* shown value = stored * scale; 0: as it is */
    char value[3072];    /* SQL of the (first) value in its own type: text for PLACE_KV */
    char list[3072];     /* PLACE_KV: SQL of the list of texts */
    bool is_number, is_time, is_ip;
};

/* The field of a name; PLACE_NONE when there is none (then nothing matches). */
void field_find(const struct schema *schema, const char *name, struct field_ref *ret);
/* SQL of a number for aggregations and ranges; "NULL" when it has none. */
void field_number(const struct field_ref *f, char *out, size_t len);

/* search.c: an event's text as JSON, of it what `spec` (a body's _source; NULL: all) asks for. NULL: nothing. */
json_t *source_of(struct slice text, const json_t *spec);

/* query.c: a condition for this query. false: refused. */
bool query_sql(struct sql *q, const json_t *query, int depth);
/* A time: ISO, epoch ms, date math; ns. `round_up`: the end of the unit. */
bool parse_time(const char *text, int64_t now_ns, bool round_up, int64_t *ret);
/* One field compared with a text: what term and query strings do. May hold * and ?. */
bool term_sql(struct sql *q, const char *field, const char *value, bool wildcard);
bool range_sql(struct sql *q, const char *field, const char *op, const json_t *value);
bool exists_sql(struct sql *q, const char *field);
/* Words without a field, over the fields for free text. */
bool free_text_sql(struct sql *q, const char *word, bool wildcard);
/* lucene.c */
bool lucene_sql(struct sql *q, const char *text, const char *default_operator, const char *default_field);
/* The same for KQL: and, or, not in any case, comparisons without a colon, words beside each other must all match. */
bool kql_sql(struct sql *q, const char *text);

struct searcher {
    struct store *store;
    duckdb_connection con;
    pthread_t watchdog;
    pthread_mutex_t lock;
    pthread_cond_t bell;
    uint64_t deadline_ms; /* of what runs; 0: nothing runs */
    bool is_stopping, timed_out;
    atomic_bool *cancel;
};

struct rows {
    duckdb_result result;
    duckdb_data_chunk chunk;
    idx_t row, n;
    bool has_result;
};

/* Runs it; false: refused (q->status is set). Each row by rows_next(). */
bool rows_open(struct searcher *s, struct sql *q, struct rows *ret);
bool rows_next(struct rows *r);
void rows_close(struct rows *r);
bool row_is_null(const struct rows *r, idx_t column);
int64_t row_int(const struct rows *r, idx_t column);
double row_double(const struct rows *r, idx_t column);
/* Borrowed until the next row. */
struct slice row_text(const struct rows *r, idx_t column);
/* A value as JSON by the type of its column. */
json_t *row_json(const struct rows *r, idx_t column);

/* The indexes of an expression as SQL behind FROM. false: a concrete name has none (404). */
bool from_sql(struct searcher *s, const char *expression, struct buf *out, size_t *ret_n, char *missing, size_t missing_len);

/* aggs.c: runs all aggregations of an object over `from` and `where`. NULL: refused. */
json_t *aggs_run(struct searcher *s, struct sql *base, const char *from, const json_t *aggs, int depth);

void search_deadline(struct searcher *s, uint64_t ms, atomic_bool *cancel);

#endif
