/* SPDX-License-Identifier: Apache-2.0 */
/* remora read: capture files to events, as threads of one unprivileged process. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "enrich/enrich.h"
#include "output/console/console.h"
#include "worker/worker.h"

enum { BLOCK_BYTES = 1 << 20, MAX_FILES = 4096, ID_BYTES = 64 << 10, PROGRESS_EVERY = 1024 };

struct reading {
    struct schema *schema;
    struct config *config;
    struct enrich *enrich;
    struct output *output;
    struct worker *worker;
    void *block;
    uint32_t block_len;
    bool is_over;   /* the reader of our output is gone, or output failed */
    int status;
    uint64_t n_batches;
};

struct read_args {
    struct app_source source;
    const char *files[MAX_FILES];
    size_t n_files;
    int format; /* enum console_format */
};

static void *
place(void *ctx, uint32_t want, uint32_t *ret_cap)
{
    struct reading *r = ctx;

    r->block_len = want > BLOCK_BYTES ? want : BLOCK_BYTES;
    r->block = aligned_alloc(64, (r->block_len + 63) & ~(size_t)63);
    *ret_cap = r->block_len;
    return r->block;
}

static void
publish(void *ctx, uint32_t len)
{
    struct reading *r = ctx;
    struct batch_ref *batch = NULL;
    struct err err = {0};

    if (!r->is_over && enrich_batch(r->enrich, slice_of(r->block, len), &batch, &err) == 0) {
        int rc = r->output->ops->write(r->output, batch, &err);
        if (rc < 0) {
            r->is_over = true;
            r->status = rc == ERR_STOPPED ? EXIT_OK : app_fail(&err);
        }
        r->n_batches++;
    } else if (!r->is_over) {
        r->is_over = true;
        r->status = app_fail(&err);
    }
    batch_ref_put(batch);
    free(r->block);
    r->block = NULL;
}

/* Identity of a file: a hash of its first 64 KiB. A pipe has none that lasts: its name. */
static uint64_t
file_identity(const char *path)
{
    uint64_t h = 1469598103934665603ull;
    uint8_t bytes[4096];
    size_t n, all = 0;
    FILE *f = strcmp(path, "-") == 0 ? NULL : fopen(path, "rb");

    if (!f)
        return h;
    while (all < ID_BYTES && (n = fread(bytes, 1, sizeof(bytes), f)) > 0) {
        for (size_t i = 0; i < n; i++)
            h = (h ^ bytes[i]) * 1099511628211ull;
        all += n;
    }
    (void)fclose(f);
    return h;
}

static void
show_progress(struct source *s)
{
    uint64_t done = 0, all = 0;

    s->ops->progress(s, &done, &all);
    if (all > 0)
        (void)fprintf(stderr, "\r%3u %% read", (unsigned)(done * 100 / all));
}

static int
read_file(struct reading *r, const char *path)
{
    struct source *s = NULL;
    struct packet_batch packets;
    struct err err = {0};
    bool show = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
    int rc = pcapfile_open(path, &s, &err);

    for (unsigned n = 0; rc == 0 && !r->is_over; n++) {
        rc = s->ops->next(s, 0, &packets, &err);
        if (rc == 0)
            worker_turn(r->worker, &packets);
        if (show && n % PROGRESS_EVERY == 0)
            show_progress(s);
    }
    if (show)
        (void)fprintf(stderr, "\r           \r");
    source_close(s);
    return rc == ERR_END || rc == 0 ? EXIT_OK : app_fail(&err);
}

static int
open_output(struct reading *r, const struct console_conf *conf, struct err *err)
{
    return output_console.open(conf, r->schema, &r->output, err);
}

static int
read_all(struct reading *r, const struct read_args *args)
{
    struct err err = {0};
    struct console_conf console = {.enabled = true, .format = args->format};
    struct enrich_options enrich = {.conf = config_get(r->config, "enrich"), .schema = r->schema};
    struct worker_options options = {.config = r->config, .schema = r->schema, .is_replay = true,
                                     .file_id = file_identity(args->files[0]),
                                     .sink = {.place = place, .publish = publish, .ctx = r}};

    if (enrich_new(&enrich, &r->enrich, &err) < 0 || open_output(r, &console, &err) < 0 ||
        !(r->worker = worker_new(&options, &err)))
        return app_fail(&err);
    int status = EXIT_OK;
    for (size_t i = 0; i < args->n_files && !r->is_over; i++) {
        int one = read_file(r, args->files[i]);
        status = one != EXIT_OK ? one : status;
    }
    worker_finish(r->worker);
    if (!r->is_over && r->output->ops->flush(r->output, &err) < 0 && err.code != ERR_STOPPED)
        status = app_fail(&err);
    return r->status != EXIT_OK ? r->status : status;
}

static int
parse_output(struct read_args *a, const char *word)
{
    if (strcmp(word, "ndjson") == 0)
        a->format = CONSOLE_NDJSON;
    else if (strcmp(word, "table") == 0)
        a->format = CONSOLE_TABLE;
    else
        return app_usage(&command_read, "-o %s: ndjson or table is expected", word);
    return EXIT_OK;
}

static int
parse_args(int argc, char **argv, struct read_args *a)
{
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        bool takes = strcmp(arg, "-c") == 0 || strcmp(arg, "-E") == 0 || strcmp(arg, "-o") == 0;
        if (takes && i + 1 == argc)
            return app_usage(&command_read, "%s needs a value", arg);
        if (strcmp(arg, "-c") == 0 ? !app_source_file(&a->source, argv[++i])
            : strcmp(arg, "-E") == 0 ? !app_source_override(&a->source, argv[++i]) : false)
            return EXIT_USAGE;
        if (strcmp(arg, "-o") == 0 && parse_output(a, argv[++i]) != EXIT_OK)
            return EXIT_USAGE;
        if (!takes && arg[0] == '-' && arg[1] != '\0')
            return app_usage(&command_read, "there is no option %s", arg);
        if (!takes && a->n_files == MAX_FILES)
            return app_usage(&command_read, "more than %d files", MAX_FILES);
        if (!takes)
            a->files[a->n_files++] = arg;
    }
    return a->n_files > 0 ? EXIT_OK : app_usage(&command_read, "which file? (- is standard input)");
}

static int
run_read(int argc, char **argv)
{
    static struct read_args args;
    struct reading r = {0};
    int status = parse_args(argc, argv, &args);

    if (status != EXIT_OK)
        return status;
    r.config = app_config(&args.source);
    if (!r.config)
        return EXIT_FAILED;
    r.schema = schema_builtin();
    status = read_all(&r, &args);
    worker_free(r.worker);
    if (r.output)
        r.output->ops->close(r.output);
    enrich_free(r.enrich);
    config_free(r.config);
    schema_free(r.schema);
    return status;
}

const struct command command_read = {
    .name = "read",
    .usage = "[-c FILE]... [-E key=value]... [-o ndjson|table] FILE...",
    .summary = "reads capture files and prints their events",
    .help = "Reads pcap and pcapng files (- is standard input) and prints one JSON event per line, or a\n"
            "table on a terminal. Progress goes to standard error when that is a terminal.\n\n"
            "  -o ndjson|table   form of the output\n"
            "  -c FILE           settings (remora.yml or packetbeat.yml)\n"
            "  -E key=value      one setting, for example -E http.ports=[80,8080]\n\n"
            "Exit status: 0, 1 when a file cannot be read to its end (what was read is printed), 2 wrong usage.\n",
    .run = run_read,
};
