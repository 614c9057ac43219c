/* SPDX-License-Identifier: Apache-2.0 */
/* The _cat endpoints: tables as text, or JSON with every value a text. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "web/web_priv.h"

enum { CAT_MAX_COLUMNS = 16, CAT_MAX_ROWS = 4096, CAT_CELL = 128 };

struct column {
    const char *name, *alias;
    bool is_right; /* numbers */
};

struct table {
    const struct column *columns;
    size_t n_columns;
    char (*cells)[CAT_CELL]; /* row by row */
    uint64_t *sort_values;   /* the number behind a cell, for s= */
    size_t n_rows;
};

static bool
table_init(struct table *t, const struct column *columns, size_t n_columns, size_t n_rows)
{
    *t = (struct table){.columns = columns, .n_columns = n_columns};
    t->cells = calloc(n_rows * n_columns + 1, CAT_CELL);
    t->sort_values = calloc(n_rows * n_columns + 1, sizeof(*t->sort_values));
    return t->cells && t->sort_values;
}

static void
table_fini(struct table *t)
{
    free(t->cells);
    free(t->sort_values);
}

static void
put_text(struct table *t, size_t row, size_t column, const char *text)
{
    (void)snprintf(t->cells[row * t->n_columns + column], CAT_CELL, "%s", text);
}

static void
put_number(struct table *t, size_t row, size_t column, uint64_t n)
{
    (void)snprintf(t->cells[row * t->n_columns + column], CAT_CELL, "%" PRIu64, n);
    t->sort_values[row * t->n_columns + column] = n;
}

/* Bytes as Elasticsearch writes them: 6.1mb; with bytes=b plain. */
static void
put_bytes(const struct request *r, struct table *t, size_t row, size_t column, uint64_t n)
{
    static const char *const units[] = {"b", "kb", "mb", "gb", "tb"};
    const char *unit = request_param(r, "bytes");
    char *cell = t->cells[row * t->n_columns + column];
    double value = (double)n;
    size_t u = 0;

    t->sort_values[row * t->n_columns + column] = n;
    if (unit) {
        while (u < 4 && strcmp(units[u], unit) != 0)
            u++;
        for (size_t i = 0; i < u && u < 5; i++)
            value /= 1024;
        (void)snprintf(cell, CAT_CELL, "%" PRIu64, (uint64_t)value);
        return;
    }
    while (value >= 1024 && u < 4) {
        value /= 1024;
        u++;
    }
    if (u == 0)
        (void)snprintf(cell, CAT_CELL, "%" PRIu64 "b", n);
    else
        (void)snprintf(cell, CAT_CELL, "%.1f%s", value, units[u]);
}

static bool
column_is(const struct column *c, const char *name, size_t len)
{
    return (strlen(c->name) == len && strncmp(c->name, name, len) == 0) ||
           (c->alias && strlen(c->alias) == len && strncmp(c->alias, name, len) == 0);
}

/* The columns of h=, in its order; all without it. */
static size_t
chosen_columns(const struct request *r, const struct table *t, size_t *ret)
{
    const char *h = request_param(r, "h");
    size_t n = 0;

    if (!h || !*h) {
        for (size_t i = 0; i < t->n_columns; i++)
            ret[n++] = i;
        return n;
    }
    while (*h && n < CAT_MAX_COLUMNS) {
        size_t len = strcspn(h, ",");
        for (size_t i = 0; i < t->n_columns; i++)
            if (column_is(&t->columns[i], h, len) || (len == 1 && h[0] == '*')) {
                ret[n++] = i;
                if (n == CAT_MAX_COLUMNS)
                    break;
            }
        h += len + (h[len] == ',');
    }
    return n;
}

struct order {
    const struct table *table;
    size_t column;
    bool descending;
};

static int
compare_rows(const void *a, const void *b, void *arg)
{
    const struct order *o = arg;
    const size_t ia = *(const size_t *)a * o->table->n_columns + o->column;
    const size_t ib = *(const size_t *)b * o->table->n_columns + o->column;
    int d;

    if (o->table->columns[o->column].is_right)
        d = (o->table->sort_values[ia] > o->table->sort_values[ib]) - (o->table->sort_values[ia] < o->table->sort_values[ib]);
    else
        d = strcmp(o->table->cells[ia], o->table->cells[ib]);
    return o->descending ? -d : d;
}

/* s=docs.count:desc, the first key only. */
static void
sort_rows(const struct request *r, const struct table *t, size_t *rows)
{
    const char *s = request_param(r, "s");
    size_t len = s ? strcspn(s, ":,") : 0;

    for (size_t i = 0; i < t->n_rows; i++)
        rows[i] = i;
    for (size_t i = 0; s && i < t->n_columns; i++) {
        if (!column_is(&t->columns[i], s, len))
            continue;
        struct order o = {.table = t, .column = i, .descending = strncmp(s + len, ":desc", 5) == 0};
        qsort_r(rows, t->n_rows, sizeof(*rows), compare_rows, &o);
    }
}

static void
add_cell(struct buf *out, const char *text, size_t width, bool is_right, bool is_last)
{
    size_t len = strlen(text), pad = width > len ? width - len : 0;

    for (size_t i = 0; is_right && i < pad; i++)
        buf_add_byte(out, ' ');
    buf_add_text(out, text);
    for (size_t i = 0; !is_right && !is_last && i < pad; i++)
        buf_add_byte(out, ' ');
    if (!is_last)
        buf_add_byte(out, ' ');
}

static void
print_text(struct request *r, const struct table *t, const size_t *rows)
{
    size_t chosen[CAT_MAX_COLUMNS], width[CAT_MAX_COLUMNS] = {0};
    size_t n = chosen_columns(r, t, chosen);
    bool with_head = request_flag(r, "v");

    for (size_t c = 0; c < n; c++) {
        width[c] = with_head ? strlen(t->columns[chosen[c]].name) : 0;
        for (size_t i = 0; i < t->n_rows; i++) {
            size_t len = strlen(t->cells[i * t->n_columns + chosen[c]]);
            width[c] = len > width[c] ? len : width[c];
        }
    }
    for (size_t c = 0; with_head && c < n; c++)
        add_cell(&r->text, t->columns[chosen[c]].name, width[c], t->columns[chosen[c]].is_right, c + 1 == n);
    if (with_head)
        buf_add_byte(&r->text, '\n');
    for (size_t i = 0; i < t->n_rows; i++) {
        for (size_t c = 0; c < n; c++)
            add_cell(&r->text, t->cells[rows[i] * t->n_columns + chosen[c]], width[c], t->columns[chosen[c]].is_right, c + 1 == n);
        buf_add_byte(&r->text, '\n');
    }
    answer_text(r, 200, "text/plain; charset=UTF-8");
}

static void
print_json(struct request *r, const struct table *t, const size_t *rows)
{
    size_t chosen[CAT_MAX_COLUMNS];
    size_t n = chosen_columns(r, t, chosen);
    json_t *out = json_array();

    for (size_t i = 0; i < t->n_rows; i++) {
        json_t *row = json_object();
        for (size_t c = 0; c < n; c++)
            json_object_set_new(row, t->columns[chosen[c]].name, json_string(t->cells[rows[i] * t->n_columns + chosen[c]]));
        json_array_append_new(out, row);
    }
    answer_json(r, 200, out);
}

static void
print_help(struct request *r, const struct table *t)
{
    for (size_t i = 0; i < t->n_columns; i++)
        buf_printf(&r->text, "%-24s | %-8s |\n", t->columns[i].name, t->columns[i].alias ? t->columns[i].alias : "");
    answer_text(r, 200, "text/plain; charset=UTF-8");
}

static void
print_table(struct request *r, const struct table *t)
{
    const char *format = request_param(r, "format");
    const char *accept = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Accept");
    size_t *rows = calloc(t->n_rows + 1, sizeof(*rows));

    if (!rows) {
        answer_error(r, 503, "circuit_breaking_exception", "no memory for the answer", NULL);
        return;
    }
    sort_rows(r, t, rows);
    bool wants_json = format ? strcmp(format, "json") == 0 : accept && strncmp(accept, "application/", 12) == 0 && strstr(accept, "json");
    if (request_flag(r, "help"))
        print_help(r, t);
    else if (wants_json)
        print_json(r, t, rows);
    else
        print_text(r, t, rows);
    free(rows);
}

static const struct column index_columns[] = {
    {"health", "h", false},        {"status", "s", false},           {"index", "i", false},     {"uuid", "id", false},
    {"pri", "p", true},            {"rep", "r", true},               {"docs.count", "dc", true}, {"docs.deleted", "dd", true},
    {"store.size", "ss", true},    {"pri.store.size", NULL, true},   {"dataset.size", NULL, true},
};

void
cat_indices(struct request *r)
{
    struct store_index *indexes = NULL;
    size_t n = 0, row = 0;
    struct err err = {0};
    struct table t;
    const char *wanted = r->n_parts > 2 ? r->parts[2] : "";

    if (store_indexes(r->web->options.store, &indexes, &n, &err) < 0) {
        answer_error(r, 503, "no_shard_available_action_exception", err.text, NULL);
        return;
    }
    if (!table_init(&t, index_columns, sizeof(index_columns) / sizeof(index_columns[0]), n)) {
        answer_error(r, 503, "circuit_breaking_exception", "no memory for the answer", NULL);
    } else {
        for (size_t i = 0; i < n && row < CAT_MAX_ROWS; i++) {
            if (!search_index_matches(wanted, indexes[i].name))
                continue;
            put_text(&t, row, 0, "green");
            put_text(&t, row, 1, "open");
            put_text(&t, row, 2, indexes[i].name);
            put_text(&t, row, 3, indexes[i].uuid);
            put_number(&t, row, 4, 1);
            put_number(&t, row, 5, 0);
            put_number(&t, row, 6, indexes[i].docs);
            put_number(&t, row, 7, 0);
            for (size_t c = 8; c < 11; c++)
                put_bytes(r, &t, row, c, indexes[i].bytes);
            row++;
        }
        t.n_rows = row;
        if (row == 0 && wanted[0] && !strpbrk(wanted, "*,"))
            answer_error(r, 404, "index_not_found_exception", "no such index", wanted);
        else
            print_table(r, &t);
    }
    table_fini(&t);
    free(indexes);
}

static const struct column health_columns[] = {
    {"epoch", "t", true},          {"timestamp", "ts", false}, {"cluster", "cl", false}, {"status", "st", false},
    {"node.total", "nt", true},    {"node.data", "nd", true},  {"shards", "sh", true},   {"pri", "p", true},
    {"relo", "r", true},           {"init", "i", true},        {"unassign", "u", true},  {"pending_tasks", "pt", true},
    {"max_task_wait_time", "mtwt", false}, {"active_shards_percent", "asp", true},
};

void
cat_health(struct request *r)
{
    struct store_stats stats = {0};
    struct store_index *indexes = NULL;
    struct table t;
    struct tm tm;
    char clock[16];
    size_t n = 0;
    time_t now = time(NULL);

    store_stats(r->web->options.store, &stats);
    (void)store_indexes(r->web->options.store, &indexes, &n, NULL);
    free(indexes);
    if (!table_init(&t, health_columns, sizeof(health_columns) / sizeof(health_columns[0]), 1)) {
        answer_error(r, 503, "circuit_breaking_exception", "no memory for the answer", NULL);
        table_fini(&t);
        return;
    }
    t.n_rows = 1;
    (void)strftime(clock, sizeof(clock), "%H:%M:%S", gmtime_r(&now, &tm));
    put_number(&t, 0, 0, (uint64_t)now);
    put_text(&t, 0, 1, clock);
    put_text(&t, 0, 2, "remora");
    put_text(&t, 0, 3, !stats.writable && stats.trouble[0] ? "red" : stats.dropped ? "yellow" : "green");
    put_number(&t, 0, 4, 1);
    put_number(&t, 0, 5, 1);
    put_number(&t, 0, 6, n);
    put_number(&t, 0, 7, n);
    for (size_t c = 8; c < 12; c++)
        put_number(&t, 0, c, 0);
    put_text(&t, 0, 12, "-");
    put_text(&t, 0, 13, "100.0%");
    print_table(r, &t);
    table_fini(&t);
}

static const struct column count_columns[] = {{"epoch", "t", true}, {"timestamp", "ts", false}, {"count", "dc", true}};

void
cat_count(struct request *r)
{
    struct store_index *indexes = NULL;
    struct table t;
    struct tm tm;
    char clock[16];
    size_t n = 0;
    uint64_t docs = 0;
    time_t now = time(NULL);

    (void)store_indexes(r->web->options.store, &indexes, &n, NULL);
    for (size_t i = 0; i < n; i++)
        if (search_index_matches(r->n_parts > 2 ? r->parts[2] : "", indexes[i].name))
            docs += indexes[i].docs;
    free(indexes);
    if (table_init(&t, count_columns, 3, 1)) {
        t.n_rows = 1;
        (void)strftime(clock, sizeof(clock), "%H:%M:%S", gmtime_r(&now, &tm));
        put_number(&t, 0, 0, (uint64_t)now);
        put_text(&t, 0, 1, clock);
        put_number(&t, 0, 2, docs);
        print_table(r, &t);
    } else {
        answer_error(r, 503, "circuit_breaking_exception", "no memory for the answer", NULL);
    }
    table_fini(&t);
}

void
cat_nodes(struct request *r)
{
    static const struct column columns[] = {{"ip", "i", false}, {"node.role", "r", false}, {"master", "m", false}, {"name", "n", false}};
    struct table t;

    if (table_init(&t, columns, 4, 1)) {
        t.n_rows = 1;
        put_text(&t, 0, 0, "127.0.0.1");
        put_text(&t, 0, 1, "dim");
        put_text(&t, 0, 2, "*");
        put_text(&t, 0, 3, "node-1");
        print_table(r, &t);
    }
    table_fini(&t);
}

void
cat_help(struct request *r)
{
    buf_add_text(&r->text, "=^.^=\n/_cat/indices\n/_cat/indices/{index}\n/_cat/health\n/_cat/count\n/_cat/count/{index}\n/_cat/nodes\n");
    answer_text(r, 200, "text/plain; charset=UTF-8");
}
