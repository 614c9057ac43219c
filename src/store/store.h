/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: the embedded event store on DuckDB: a file per index and UTC day, one writer, readers with
 * connections of their own, retention by age and bytes. Exactly once: the position of a batch in
 * its ring is written in the transaction of its rows.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/buf.h"
#include "base/err.h"
#include "config/setting.h"
#include "event/record.h"

struct store;
struct batch_ref;

extern const struct setting store_settings[];
struct store_conf {
    bool enabled;
    const char *index_traffic;       /* prefix, "remora-traffic" (or "packetbeat" by dialect) */
    int64_t retention_age_ns;        /* 0: none */
    uint64_t retention_bytes;        /* 0: none */
    uint64_t memory_limit;           /* of DuckDB */
    int64_t flush_ns;                /* 0.5 s */
};

struct store_options {
    const struct store_conf *conf;
    const char *dir;             /* data directory: one process at a time (ERR_EXISTS) */
    const struct schema *schema;
    const char *import_name;     /* NULL: live indexes; else remora-import-NAME-... */
    bool read_only;
};

int store_open(const struct store_options *options, struct store **ret, struct err *err);
void store_close(struct store *s); /* commits, checkpoints */

/*
 * Writer thread only. Appends a trusted batch (borrows a reference until committed). The rows are
 * committed by store_commit() or when conf->flush_ns passed (store_tick()).
 */
int store_append(struct store *s, struct batch_ref *batch, struct err *err);
int store_commit(struct store *s, struct err *err);
/* Commits when due, rolls days, retention. Returns ms until it wants to be called again. */
int store_tick(struct store *s, struct err *err);

/* Everything that was appended is committed: the ring's tail may move behind it. Writer thread. */
bool store_is_clean(const struct store *s);

struct store_index {
    char name[128];
    char uuid[24];
    uint64_t docs, bytes;
    uint64_t oldest_ns, newest_ns;
    bool writable;
};
/* Snapshot of all indexes sorted by name; free() the array. Any thread. */
int store_indexes(struct store *s, struct store_index **ret, size_t *ret_n, struct err *err);

/* false: there is no room on the disk or too much waits to be committed: do not append now. Writer thread. */
bool store_accepts(struct store *s);

struct store_stats {
    uint64_t docs, bytes, free_bytes, commits, dropped, errors;
    uint64_t oldest_ns, newest_ns, last_commit_ns;
    bool writable;
    char trouble[256]; /* "" or one sentence: what is wrong, what to do */
};
void store_stats(struct store *s, struct store_stats *ret);

/* For search: the database of the library, and what an expression in SQL needs to know. */
void *store_database(struct store *s); /* duckdb_database, borrowed */
const struct schema *store_schema(const struct store *s);

#endif
