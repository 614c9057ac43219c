/* SPDX-License-Identifier: Apache-2.0 */
/* Day files: found at start, attached, made for a new day, removed when they are old or too much. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "store/store_priv.h"

uint64_t
day_bytes(const struct day *d)
{
    struct stat st;
    char wal[sizeof(d->path) + 8];
    uint64_t n = 0;

    if (stat(d->path, &st) == 0)
        n += (uint64_t)st.st_size;
    (void)snprintf(wal, sizeof(wal), "%s.wal", d->path);
    if (stat(wal, &st) == 0)
        n += (uint64_t)st.st_size;
    return n;
}

/* Three numbers of a query with one row; false: it failed. */
static bool
numbers(struct store *s, const char *sql, uint64_t *a, uint64_t *b, uint64_t *c)
{
    duckdb_result r;
    bool ok = duckdb_query(s->writer, sql, &r) == DuckDBSuccess;
    duckdb_data_chunk chunk = ok ? duckdb_fetch_chunk(r) : NULL;
    uint64_t *const out[] = {a, b, c};

    for (idx_t i = 0; chunk && i < 3 && out[i] && duckdb_data_chunk_get_size(chunk) > 0; i++) {
        duckdb_vector v = duckdb_data_chunk_get_vector(chunk, i);
        uint64_t *valid = duckdb_vector_get_validity(v);
        *out[i] = !valid || duckdb_validity_row_is_valid(valid, 0) ? (uint64_t)((int64_t *)duckdb_vector_get_data(v))[0] : 0;
    }
    if (chunk)
        duckdb_destroy_data_chunk(&chunk);
    duckdb_destroy_result(&r);
    return ok;
}

static int
attach(struct store *s, struct day *d, struct err *err)
{
    char sql[512];
    int rc = store_sql(s, err, "ATTACH '%s' AS \"%s\"%s", d->path, d->name,
                       s->read_only ? " (READ_ONLY)" : "");

    if (rc == 0 && !s->read_only)
        rc = ddl_create(s, d, err);
    if (rc < 0)
        return rc;
    d->is_attached = true;
    (void)snprintf(sql, sizeof(sql), "SELECT count(*), min(\"@timestamp\"), max(\"@timestamp\") FROM \"%s\".ev", d->name);
    (void)numbers(s, sql, &d->docs, &d->oldest_ns, &d->newest_ns);
    (void)snprintf(sql, sizeof(sql), "SELECT id, pos, 0::BIGINT FROM \"%s\".ring", d->name);
    uint64_t zero;
    (void)numbers(s, sql, &d->ring_id, &d->ring_pos, &zero);
    return 0;
}

/* Enters a day in order of its name; the oldest is let go when there are too many. */
static struct day *
enter(struct store *s, const char *name)
{
    struct day *d = calloc(1, sizeof(*d));

    if (!d)
        return NULL;
    (void)snprintf(d->name, sizeof(d->name), "%s", name);
    (void)snprintf(d->path, sizeof(d->path), "%s/idx/%s.db", s->dir, name);
    pthread_mutex_lock(&s->lock);
    size_t at = s->n_days;
    while (at > 0 && strcmp(s->days[at - 1]->name, name) > 0)
        at--;
    memmove(&s->days[at + 1], &s->days[at], (s->n_days - at) * sizeof(s->days[0]));
    s->days[at] = d;
    s->n_days++;
    pthread_mutex_unlock(&s->lock);
    return d;
}

static void
take_out(struct store *s, struct day *d)
{
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->n_days; i++) {
        if (s->days[i] == d) {
            memmove(&s->days[i], &s->days[i + 1], (s->n_days - i - 1) * sizeof(s->days[0]));
            s->n_days--;
            break;
        }
    }
    pthread_mutex_unlock(&s->lock);
    free(d);
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)b, *(char *const *)a); /* newest first */
}

int
days_open(struct store *s, struct err *err)
{
    char path[4200], *names[1024];
    size_t n = 0;
    int rc = 0;

    (void)snprintf(path, sizeof(path), "%s/idx", s->dir);
    if (!s->read_only && mkdir(path, 0700) < 0 && errno != EEXIST)
        return err_sys(err, ERR_IO, errno, "cannot make %s", path);
    DIR *dir = opendir(path);
    struct dirent *e;
    while (dir && (e = readdir(dir)) && n < sizeof(names) / sizeof(names[0])) {
        size_t len = strlen(e->d_name);
        if (len > 3 && len < 120 && strcmp(e->d_name + len - 3, ".db") == 0 && !strchr(e->d_name, '"') && !strchr(e->d_name, '\''))
            names[n++] = strndup(e->d_name, len - 3);
    }
    if (dir)
        closedir(dir);
    qsort(names, n, sizeof(names[0]), compare_names);
    for (size_t i = 0; i < n; i++) {
        struct day *d = rc == 0 && i + 2 < STORE_MAX_DAYS ? enter(s, names[i]) : NULL;
        if (d && attach(s, d, err) < 0) {
            log_error("store", "a file cannot be opened and is left out", "file=%s why=\"%s\"", d->path, err->text);
            take_out(s, d);
        }
        free(names[i]);
    }
    return rc;
}

static struct day *
find(struct store *s, const char *name)
{
    for (size_t i = s->n_days; i > 0; i--)
        if (strcmp(s->days[i - 1]->name, name) == 0)
            return s->days[i - 1];
    return NULL;
}

struct day *
day_for(struct store *s, uint64_t time_ns, struct err *err)
{
    char name[128];
    struct tm tm;
    time_t t = (time_t)(time_ns / 1000000000u);

    gmtime_r(&t, &tm);
    (void)snprintf(name, sizeof(name), "%s-%04d.%02d.%02d", s->prefix, (tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday);
    struct day *known = find(s, name);
    if (known)
        return known;
    if (s->is_import && s->n_import_days++ >= STORE_MAX_IMPORT_DAYS) {
        (void)snprintf(name, sizeof(name), "%s-rest", s->prefix);
        if ((known = find(s, name)))
            return known;
    }
    if (s->n_days + 1 >= STORE_MAX_DAYS) {
        (void)err_set(err, ERR_FULL, "the store holds %d days, its greatest number", STORE_MAX_DAYS);
        return NULL;
    }
    struct day *d = enter(s, name);
    if (d && attach(s, d, err) == 0)
        return d;
    if (d)
        take_out(s, d);
    return NULL;
}

static void
remove_day(struct store *s, struct day *d)
{
    char wal[sizeof(d->path) + 8];
    struct err err = {0};

    append_close(d);
    if (store_sql(s, &err, "DETACH \"%s\"", d->name) < 0)
        return; /* a reader holds it: next time */
    (void)snprintf(wal, sizeof(wal), "%s.wal", d->path);
    (void)unlink(wal);
    (void)unlink(d->path);
    log_info("store", "a day was removed (store.retention_age, store.retention_bytes)", "index=%s events=%llu", d->name,
             (unsigned long long)d->docs);
    take_out(s, d);
}

/* When a day got old: the time of its newest event, of an import the time at which it was written last. */
static uint64_t
stamp(const struct day *d)
{
    struct stat st;

    if (strncmp(d->name, "remora-import-", 14) != 0)
        return d->newest_ns;
    return stat(d->path, &st) == 0 ? (uint64_t)st.st_mtim.tv_sec * 1000000000u : 0;
}

/* The day to remove next; the one that is being written is the newest and stays. NULL: none. */
static struct day *
oldest(struct store *s)
{
    struct day *first = NULL, *last = NULL;

    for (size_t i = 0; i < s->n_days; i++) {
        struct day *d = s->days[i];
        if (d->n_pending > 0 || d->docs == 0)
            continue;
        if (!first || stamp(d) < stamp(first))
            first = d;
        if (!last || stamp(d) >= stamp(last))
            last = d;
    }
    return first == last ? NULL : first;
}

void
days_retain(struct store *s)
{
    uint64_t bytes = 0, now = (uint64_t)time(NULL) * 1000000000u;
    uint64_t age = (uint64_t)s->conf.retention_age_ns;
    struct day *d;

    for (size_t i = 0; i < s->n_days; i++)
        bytes += day_bytes(s->days[i]);
    while ((d = oldest(s))) {
        bool is_old = age > 0 && stamp(d) + age < now;
        bool is_much = s->conf.retention_bytes > 0 && bytes > s->conf.retention_bytes;
        size_t before = s->n_days;
        if (!is_old && !is_much)
            return;
        bytes -= day_bytes(d);
        remove_day(s, d);
        if (s->n_days == before)
            return;
    }
}
