/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded store: open, append, commit with the position in the ring, close. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "output/output.h"
#include "store/store_priv.h"

enum { LINE_MAX_BYTES = 16 << 20, KV_MAX_BYTES = 1 << 20, RETENTION_MS = 60000, IDLE_MS = 60000 };

static uint64_t
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Readers look at the counters while the writer counts. */
static void
count(struct store *s, uint64_t *counter)
{
    pthread_mutex_lock(&s->lock);
    ++*counter;
    pthread_mutex_unlock(&s->lock);
}

static void
set_trouble(struct store *s, const char *text)
{
    pthread_mutex_lock(&s->lock);
    (void)snprintf(s->stats.trouble, sizeof(s->stats.trouble), "%s", text);
    pthread_mutex_unlock(&s->lock);
}

static int
take_lock(struct store *s, struct err *err)
{
    char path[4200];

    (void)snprintf(path, sizeof(path), "%s/lock", s->dir);
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_fd < 0)
        return err_sys(err, ERR_IO, errno, "cannot write in the data directory %s", s->dir);
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return err_set(err, ERR_EXISTS, "the data directory %s is in use by another remora", s->dir);
    return 0;
}

static int
open_database(struct store *s, struct err *err)
{
    duckdb_config config;
    char *why = NULL, limit[32];

    (void)snprintf(limit, sizeof(limit), "%" PRIu64 "B", s->conf.memory_limit);
    if (duckdb_create_config(&config) != DuckDBSuccess)
        return err_set(err, ERR_NOMEM, "no memory for the store");
    (void)duckdb_set_config(config, "threads", "1");
    (void)duckdb_set_config(config, "memory_limit", limit);
    (void)duckdb_set_config(config, "storage_compatibility_version", "v1.4.0");
    (void)duckdb_set_config(config, "autoinstall_known_extensions", "false");
    (void)duckdb_set_config(config, "autoload_known_extensions", "false");
    int rc = duckdb_open_ext(NULL, &s->db, config, &why) == DuckDBSuccess
                 ? 0
                 : err_set(err, ERR_IO, "the store's library does not start: %s", why ? why : "no reason given");
    duckdb_free(why);
    duckdb_destroy_config(&config);
    if (rc == 0 && duckdb_connect(s->db, &s->writer) != DuckDBSuccess)
        rc = err_set(err, ERR_IO, "the store's library refuses a connection");
    if (rc == 0)
        rc = store_sql(s, err, "SET temp_directory='%s/tmp'", s->dir);
    if (rc == 0)
        rc = store_sql(s, err, "SET checkpoint_threshold='256MB'");
    if (rc == 0)
        rc = store_sql(s, err, "SET late_materialization_max_rows=10000");
    if (rc == 0)
        rc = store_sql(s, err, "SET allowed_directories=['%s/']", s->dir);
    if (rc == 0)
        rc = store_sql(s, err, "SET enable_external_access=false");
    if (rc == 0)
        rc = store_sql(s, err, "SET lock_configuration=true");
    return rc;
}

int
store_open(const struct store_options *options, struct store **ret, struct err *err)
{
    struct store *s = calloc(1, sizeof(*s));
    char real[4096];

    if (!s)
        return err_set(err, ERR_NOMEM, "no memory for the store");
    s->lock_fd = -1;
    s->conf = *options->conf;
    s->schema = options->schema;
    s->read_only = options->read_only;
    s->is_import = options->import_name != NULL;
    pthread_mutex_init(&s->lock, NULL);
    buf_init(&s->line, LINE_MAX_BYTES);
    buf_init(&s->kv, KV_MAX_BYTES);
    int rc = realpath(options->dir, real) ? 0 : err_sys(err, ERR_IO, errno, "there is no data directory %s", options->dir);
    if (rc == 0 && strchr(real, '\''))
        rc = err_set(err, ERR_USAGE, "the data directory %s has a quote in its name, which the store cannot use", real);
    (void)snprintf(s->dir, sizeof(s->dir), "%s", rc == 0 ? real : "");
    if (options->import_name)
        (void)snprintf(s->prefix, sizeof(s->prefix), "remora-import-%.60s", options->import_name);
    else
        (void)snprintf(s->prefix, sizeof(s->prefix), "%.80s", s->conf.index_traffic);
    s->ndjson = ndjson_new(s->schema, NULL);
    if (rc == 0 && !s->read_only)
        rc = take_lock(s, err);
    if (rc == 0)
        rc = open_database(s, err);
    if (rc == 0) {
        ddl_columns(s);
        rc = days_open(s, err);
    }
    if (rc < 0) {
        store_close(s);
        return rc;
    }
    s->last_commit_ms = s->last_retention_ms = now_ms();
    *ret = s;
    return 0;
}

void
store_close(struct store *s)
{
    struct err err = {0};

    if (!s)
        return;
    if (s->n_pending > 0)
        (void)store_commit(s, &err);
    for (size_t i = 0; i < s->n_days; i++) {
        append_close(s->days[i]);
        if (s->writer && !s->read_only)
            (void)store_sql(s, &err, "CHECKPOINT \"%s\"", s->days[i]->name);
        free(s->days[i]);
    }
    for (size_t i = 0; i < s->n_columns + 2 && s->n_columns > 0; i++)
        duckdb_destroy_logical_type(&s->types[i]);
    if (s->writer)
        duckdb_disconnect(&s->writer);
    if (s->db)
        duckdb_close(&s->db);
    ndjson_free(s->ndjson);
    buf_fini(&s->line);
    buf_fini(&s->kv);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

int
store_append(struct store *s, struct batch_ref *batch, struct err *err)
{
    struct slice bytes = batch_ref_bytes(batch);
    const struct batch_head *head = (const void *)bytes.p;
    struct batch_walk walk;
    struct record r;
    int rc = 0;

    if (!batch_open(&walk, bytes, s->schema))
        return err_set(err, ERR_FORMAT, "a batch of another program version");
    while (rc == 0 && batch_next(&walk, &r)) {
        struct day *d = day_for(s, r.head->time_ns, err);
        if (!d) {
            count(s, &s->stats.dropped); /* counted and shown; the other days go on */
            continue;
        }
        /* After a crash the ring gives again what this file already has. */
        if (head->ring_id && d->ring_id == head->ring_id && head->position < d->ring_pos)
            continue;
        rc = append_row(s, d, &r, err);
    }
    s->ring_id = head->ring_id;
    s->next_pos = head->position + 1; /* batches from here on are new */
    return rc;
}

static int
commit_day(struct store *s, struct day *d, struct err *err)
{
    int rc = store_sql(s, err, "BEGIN");

    if (rc == 0)
        rc = append_flush(s, d, err);
    if (rc == 0 && s->ring_id)
        rc = store_sql(s, err, "DELETE FROM \"%s\".ring", d->name);
    if (rc == 0 && s->ring_id)
        rc = store_sql(s, err, "INSERT INTO \"%s\".ring VALUES (%" PRIu64 ", %" PRIu64 ")", d->name, s->ring_id, s->next_pos);
    if (rc == 0)
        rc = store_sql(s, err, "COMMIT");
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&s->lock);
    d->docs += d->n_pending;
    if (d->oldest_ns == 0 || d->pending_oldest < d->oldest_ns)
        d->oldest_ns = d->pending_oldest;
    if (d->pending_newest > d->newest_ns)
        d->newest_ns = d->pending_newest;
    pthread_mutex_unlock(&s->lock);
    d->ring_id = s->ring_id;
    d->ring_pos = s->next_pos;
    d->n_pending = d->pending_oldest = d->pending_newest = 0;
    return 0;
}

int
store_commit(struct store *s, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < s->n_days && rc == 0; i++)
        if (s->days[i]->n_pending > 0)
            rc = commit_day(s, s->days[i], err);
    if (rc < 0) {
        count(s, &s->stats.errors);
        return rc;
    }
    s->n_pending = 0;
    s->last_commit_ms = now_ms();
    count(s, &s->stats.commits);
    return 0;
}

static uint64_t
free_bytes(const struct store *s)
{
    struct statvfs v;
    return statvfs(s->dir, &v) == 0 ? (uint64_t)v.f_bavail * v.f_frsize : UINT64_MAX;
}

/* Is there room to commit? Says so once when that changes. */
static bool
has_room(struct store *s)
{
    bool room = free_bytes(s) > STORE_WATERMARK;

    if (!room && !s->stats.trouble[0]) {
        char text[sizeof(s->stats.trouble)];
        (void)snprintf(text, sizeof(text), "The disk of %.120s is full: nothing is stored until there is room (lower store.retention_bytes).", s->dir);
        set_trouble(s, text);
        log_error("store", "the disk is full, nothing is stored until there is room", "dir=%s", s->dir);
        days_retain(s);
    } else if (room && s->stats.trouble[0]) {
        set_trouble(s, "");
        log_info("store", "there is room on the disk again", "dir=%s", s->dir);
    }
    return room;
}

bool
store_accepts(struct store *s)
{
    return s->n_pending < STORE_MAX_PENDING;
}

int
store_tick(struct store *s, struct err *err)
{
    uint64_t now = now_ms(), flush = (uint64_t)s->conf.flush_ns / 1000000;

    if (now - s->last_retention_ms > RETENTION_MS) {
        s->last_retention_ms = now;
        days_retain(s);
    }
    if (s->n_pending == 0)
        return IDLE_MS;
    if (now - s->last_commit_ms < flush)
        return (int)(flush - (now - s->last_commit_ms)) + 1;
    if (!has_room(s))
        return 1000;
    int rc = store_commit(s, err);
    return rc < 0 ? rc : (int)flush;
}

bool
store_is_clean(const struct store *s)
{
    return s->n_pending == 0;
}

int
store_indexes(struct store *s, struct store_index **ret, size_t *ret_n, struct err *err)
{
    pthread_mutex_lock(&s->lock);
    struct store_index *list = calloc(s->n_days + 1, sizeof(*list));
    size_t n = list ? s->n_days : 0;
    for (size_t i = 0; i < n; i++) {
        const struct day *d = s->days[i];
        uint64_t h = 1469598103934665603ull;
        for (const char *p = d->name; *p; p++)
            h = (h ^ (uint8_t)*p) * 1099511628211ull;
        (void)snprintf(list[i].name, sizeof(list[i].name), "%s", d->name);
        (void)snprintf(list[i].uuid, sizeof(list[i].uuid), "%016" PRIx64 "rem000", h);
        list[i].docs = d->docs;
        list[i].bytes = day_bytes(d);
        list[i].oldest_ns = d->oldest_ns;
        list[i].newest_ns = d->newest_ns;
        list[i].writable = !s->read_only;
    }
    pthread_mutex_unlock(&s->lock);
    if (!list)
        return err_set(err, ERR_NOMEM, "no memory for the list of indexes");
    *ret = list;
    *ret_n = n;
    return 0;
}

void
store_stats(struct store *s, struct store_stats *ret)
{
    pthread_mutex_lock(&s->lock);
    *ret = s->stats;
    for (size_t i = 0; i < s->n_days; i++) {
        const struct day *d = s->days[i];
        ret->docs += d->docs;
        ret->bytes += day_bytes(d);
        if (d->docs && (ret->oldest_ns == 0 || d->oldest_ns < ret->oldest_ns))
            ret->oldest_ns = d->oldest_ns;
        if (d->newest_ns > ret->newest_ns)
            ret->newest_ns = d->newest_ns;
    }
    pthread_mutex_unlock(&s->lock);
    ret->free_bytes = free_bytes(s);
    ret->writable = !s->read_only && !ret->trouble[0];
}

void *
store_database(struct store *s)
{
    return s->db;
}

const struct schema *
store_schema(const struct store *s)
{
    return s->schema;
}
