/* SPDX-License-Identifier: Apache-2.0 */
/* output.file: NDJSON lines in files that take turns by size and time. */
#include "output/file/file.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "event/ndjson.h"
#include "output/sink.h"

static const char *const fsync_choices[] = {
    [FSYNC_NEVER] = "never", [FSYNC_ROTATE] = "rotate", [FSYNC_FLUSH] = "flush", NULL};

static const struct setting file_settings[] = {
    {.name = "enabled",
     .type = SETTING_BOOL,
     .offset = offsetof(struct file_conf, enabled),
     .default_text = "false",
     .help = "Write events to files.",
     .example = "true",
     .unit = ""},
    {.name = "path",
     .type = SETTING_TEXT,
     .offset = offsetof(struct file_conf, path),
     .default_text = ".",
     .help = "Folder of the files; it is made when it is missing.",
     .example = "/var/log/remora",
     .unit = ""},
    {.name = "filename",
     .type = SETTING_TEXT,
     .offset = offsetof(struct file_conf, filename),
     .default_text = "remora",
     .help = "Name of the current file; without an extension it gets .ndjson.",
     .example = "events",
     .unit = ""},
    {.name = "rotate_every_size",
     .type = SETTING_SIZE,
     .offset = offsetof(struct file_conf, rotate_every_size),
     .default_text = "10MiB",
     .min = 65536,
     .max = 1ll << 40,
     .help = "The next file begins when the current one has this size.",
     .example = "100MiB",
     .unit = "bytes"},
    {.name = "rotate_interval",
     .type = SETTING_DURATION,
     .offset = offsetof(struct file_conf, rotate_interval_ns),
     .default_text = "0s",
     .min = 0,
     .max = 366ll * 86400 * 1000000000,
     .help = "The next file begins at each multiple of this time (UTC); "
             "0: by size only.",
     .example = "24h",
     .unit = ""},
    {.name = "number_of_files",
     .type = SETTING_UINT,
     .offset = offsetof(struct file_conf, number_of_files),
     .default_text = "7",
     .min = 1,
     .max = 1024,
     .help = "How many files are kept, with the current one; the oldest goes first.",
     .example = "30",
     .unit = ""},
    {.name = "permissions",
     .type = SETTING_TEXT,
     .offset = offsetof(struct file_conf, permissions),
     .default_text = "0600",
     .help = "Permissions of the files, octal.",
     .example = "0640",
     .unit = ""},
    {.name = "rotate_on_startup",
     .type = SETTING_BOOL,
     .offset = offsetof(struct file_conf, rotate_on_startup),
     .default_text = "true",
     .help = "Begin with a new file at each start.",
     .example = "false",
     .unit = ""},
    {.name = "fsync",
     .type = SETTING_CHOICE,
     .offset = offsetof(struct file_conf, fsync),
     .choices = fsync_choices,
     .default_text = "never",
     .help =
         "When files are forced to the disk: never, when the next one begins, or at each flush.",
     .example = "rotate",
     .unit = ""},
    {0}};

struct file_output {
    struct output output;
    const struct file_conf *conf;
    const struct schema *schema;
    struct ndjson *ndjson;
    struct sink sink;
    struct output_stats stats;
    uint64_t size;   /* of the current file */
    uint64_t slot;   /* of rotate_interval */
    bool in_trouble; /* said so; not again until it works */
};

static uint64_t
time_slot(const struct file_conf *conf)
{
    struct timespec now;

    if (conf->rotate_interval_ns <= 0)
        return 0;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return ((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec) /
           (uint64_t)conf->rotate_interval_ns;
}

static bool
permissions_are_fine(const char *s)
{
    size_t len = strlen(s);
    return len >= 3 && len <= 4 && strspn(s, "01234567") == len;
}

static int
file_check(const struct file_conf *conf, struct err *err)
{
    if (!permissions_are_fine(conf->permissions))
        return err_set(err, ERR_USAGE,
                       "output.file.permissions: \"%.20s\" is not octal, such as 0640",
                       conf->permissions);
    if (conf->filename[0] == 0 || strchr(conf->filename, '/'))
        return err_set(err, ERR_USAGE,
                       "output.file.filename: \"%.80s\" is no name of a file; the folder "
                       "belongs into output.file.path",
                       conf->filename);
    return 0;
}

static void
file_free(struct file_output *f)
{
    if (f->sink.fd >= 0)
        (void)close(f->sink.fd);
    sink_fini(&f->sink);
    ndjson_free(f->ndjson);
    free(f);
}

static int
file_open(const void *settings, const struct schema *schema, struct output **ret, struct err *err)
{
    const struct file_conf *conf = settings;
    int rc = file_check(conf, err);

    if (rc < 0)
        return rc;
    struct file_output *f = calloc(1, sizeof(*f));
    if (!f)
        return err_set(err, ERR_NOMEM, "output.file: no memory");
    f->output.ops = &output_file;
    f->conf = conf;
    f->schema = schema;
    f->ndjson = ndjson_new(schema, NULL);
    f->slot = time_slot(conf);
    sink_init(&f->sink, -1);
    rc = file_open_current(conf, &f->sink.fd, &f->size, err);
    if (rc == 0 && conf->rotate_on_startup && f->size > 0) {
        (void)close(f->sink.fd);
        f->sink.fd = -1;
        rc = file_shift(conf, err);
        if (rc == 0)
            rc = file_open_current(conf, &f->sink.fd, &f->size, err);
    }
    if (rc < 0) {
        file_free(f);
        return rc;
    }
    *ret = &f->output;
    return 0;
}

/* One line when it begins, one when it is over. */
static int
file_trouble(struct file_output *f, int rc, const struct err *why)
{
    char path[512] = "";

    (void)file_path(f->conf, 0, path, sizeof(path));
    if (rc < 0) {
        f->stats.errors++;
        if (!f->in_trouble)
            log_error("output.file", "events wait until the file can be written",
                      "file=\"%s\" why=\"%s\"", path, why->text);
    } else if (f->in_trouble) {
        log_info("output.file", "the file can be written again", "file=\"%s\"", path);
    }
    f->in_trouble = rc < 0;
    return rc;
}

static int
file_drain(struct file_output *f, struct err *err)
{
    uint64_t before = f->sink.n_written;
    struct err why = {0};
    int rc = sink_drain(&f->sink, &why);

    f->size += f->sink.n_written - before;
    f->stats.bytes += f->sink.n_written - before;
    if (rc < 0)
        (void)err_set(err, rc, "output.file: %s", why.text);
    return file_trouble(f, rc, &why);
}

/* The next file. Whole lines only: all that waits goes to the old one first. */
static int
file_rotate(struct file_output *f, struct err *err)
{
    int fd = -1, rc = file_drain(f, err);
    struct err why = {0};

    if (rc < 0)
        return rc;
    if (f->conf->fsync != FSYNC_NEVER)
        (void)fdatasync(f->sink.fd);
    rc = file_shift(f->conf, &why);
    if (rc == 0)
        rc = file_open_current(f->conf, &fd, &f->size, &why);
    if (rc == 0) {
        (void)close(f->sink.fd);
        f->sink.fd = fd;
    } else if (err) {
        *err = why;
    }
    return file_trouble(f, rc, &why);
}

static bool
file_is_due(const struct file_output *f)
{
    return f->size + sink_waiting(&f->sink) >= f->conf->rotate_every_size && f->size > 0;
}

static void
file_records(struct file_output *f, struct slice batch)
{
    struct batch_walk walk;
    struct record r;

    (void)batch_open(&walk, batch, f->schema);
    while (batch_next(&walk, &r)) {
        /* While there is trouble all of it waits in the sink; write() takes no more then. */
        if (!f->in_trouble && file_is_due(f))
            (void)file_rotate(f, NULL);
        size_t before = f->sink.buf.len;
        ndjson_record(f->ndjson, &r, &f->sink.buf);
        buf_add_byte(&f->sink.buf, '\n');
        if (f->sink.buf.failed) {
            f->sink.buf.failed = false;
            f->sink.buf.len = before;
            f->stats.dropped++;
            continue;
        }
        f->stats.events++;
        if (!f->in_trouble && sink_waiting(&f->sink) >= SINK_WRITE)
            (void)file_drain(f, NULL);
    }
}

static int
file_write(struct output *o, struct batch_ref *batch, struct err *err)
{
    struct file_output *f = (struct file_output *)o;
    uint64_t slot = time_slot(f->conf);
    int rc = 0;

    if (f->in_trouble || sink_waiting(&f->sink) >= SINK_WRITE)
        rc = file_drain(f, err);
    if (rc == 0 && slot != f->slot && f->size + sink_waiting(&f->sink) > 0)
        rc = file_rotate(f, err);
    if (rc < 0)
        return rc;
    f->slot = slot;
    file_records(f, batch_ref_bytes(batch));
    return 0;
}

static int
file_flush(struct output *o, struct err *err)
{
    struct file_output *f = (struct file_output *)o;
    int rc = file_drain(f, err);

    if (rc == 0 && f->conf->fsync == FSYNC_FLUSH && fdatasync(f->sink.fd) < 0)
        return err_set(err, ERR_IO, "output.file: the disk did not take what was written");
    return rc;
}

static void
file_stats(struct output *o, struct output_stats *ret)
{
    *ret = ((struct file_output *)o)->stats;
}

static void
file_close(struct output *o)
{
    struct file_output *f = (struct file_output *)o;

    if (file_drain(f, NULL) < 0)
        log_error("output.file", "lines are lost at the end", "bytes=%zu", sink_waiting(&f->sink));
    if (f->conf->fsync != FSYNC_NEVER)
        (void)fdatasync(f->sink.fd);
    file_free(f);
}

const struct output_ops output_file = {
    .name = "file",
    .summary = "Events as lines of JSON in files that take turns.",
    .settings = file_settings,
    .settings_size = sizeof(struct file_conf),
    .open = file_open,
    .write = file_write,
    .flush = file_flush,
    .stats = file_stats,
    .close = file_close,
};
