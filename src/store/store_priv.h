/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of store: day files, their appenders, what waits to be committed. */
#ifndef STORE_STORE_PRIV_H
#define STORE_STORE_PRIV_H

#include <duckdb.h>
#include <pthread.h>

#include "event/ndjson.h"
#include "store/store.h"

enum {
    STORE_MAX_DAYS = 64,           /* files that are attached at once */
    STORE_MAX_IMPORT_DAYS = 48,    /* of one capture; the days beyond them share one more */
    STORE_MAX_COLUMNS = 64,
    STORE_MAX_PENDING = 400000,    /* rows that wait for a commit */
    STORE_WATERMARK = 512 << 20    /* free bytes below which nothing is committed */
};

/*
 * Fields without a column stand in one text, kv: each pair begins with PAIR, its name ends with VALUE, further values
 * begin with NEXT, the text ends with PAIR. A MAP would do the same, but DuckDB writes the maps of up to 2,048 rows to
 * its log for each small commit (docs/adr/0007). Bytes like these inside values become question marks.
 */
enum { STORE_KV_NEXT = 0x1d, STORE_KV_VALUE = 0x1e, STORE_KV_PAIR = 0x1f };

struct day {
    char name[128];           /* index name, also the name under which it is attached */
    char path[4352];
    uint64_t docs, oldest_ns, newest_ns; /* committed */
    uint64_t ring_id, ring_pos;          /* committed: batches of this ring below this position are in the file */
    bool is_attached, is_dead;
    /* being filled */
    duckdb_appender appender;
    bool has_appender;
    duckdb_data_chunk chunk;
    idx_t n_rows;             /* in the chunk */
    uint64_t n_pending;       /* rows since the last commit */
    uint64_t pending_oldest, pending_newest;
};

struct store {
    struct store_conf conf;
    char dir[4096], prefix[96];
    const struct schema *schema;
    bool read_only, is_import;
    size_t n_import_days;     /* that were made for this capture */
    int lock_fd;
    duckdb_database db;
    duckdb_connection writer;
    pthread_mutex_t lock;     /* of days and stats: readers look at them */
    struct day *days[STORE_MAX_DAYS];
    size_t n_days;
    uint16_t columns[STORE_MAX_COLUMNS]; /* global field numbers, in the order of the table */
    size_t n_columns;
    duckdb_logical_type types[STORE_MAX_COLUMNS + 2];
    struct ndjson *ndjson;
    struct buf line, kv;
    uint64_t ring_id, next_pos; /* of the batches appended last */
    uint64_t last_commit_ms, last_retention_ms, n_pending;
    struct store_stats stats;
};

/* ddl.c */
void ddl_columns(struct store *s);
int ddl_create(struct store *s, struct day *d, struct err *err);

/* SQL without results; ERR_IO and a sentence. */
int store_sql(struct store *s, struct err *err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* append.c */
int append_row(struct store *s, struct day *d, const struct record *r, struct err *err);
int append_flush(struct store *s, struct day *d, struct err *err);
void append_close(struct day *d);

/* index.c */
struct day *day_for(struct store *s, uint64_t time_ns, struct err *err);
int days_open(struct store *s, struct err *err);
void days_retain(struct store *s);
uint64_t day_bytes(const struct day *d);

#endif
