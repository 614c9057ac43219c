/* SPDX-License-Identifier: Apache-2.0 */
/* remora read: capture files to events, as threads of one unprivileged process. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "app/import.h"
#include "enrich/enrich.h"
#include "output/console/console.h"
#include "worker/worker.h"

enum { BLOCK_BYTES = 1 << 20, MAX_FILES = 4096, ID_BYTES = 64 << 10, PROGRESS_EVERY = 1024 };

struct reading {
    struct schema *schema;
    struct config *config;
    struct enrich *enrich; /* none when a keeper does it */
    struct output *output;
    struct import *import; /* -o store: where batches go; NULL: to `output` */
    struct worker *worker;
    void *block;
    uint32_t block_len;
    bool is_over;   /* the reader of our output is gone, or output failed */
    int status;
    uint64_t bytes_before, packets_before; /* of the files that are done */
};

struct read_args {
    struct app_source source;
    const char *files[MAX_FILES];
    size_t n_files;
    int format; /* enum console_format */
    bool to_store;
    struct import_options import;
};

static void *
place(void *ctx, uint32_t want, uint32_t *ret_cap)
{
    struct reading *r = ctx;

    if (r->import)
        return import_place(r->import, want, ret_cap);
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

    if (r->import) {
        import_publish(r->import, len);
        return;
    }
    if (!r->is_over && enrich_batch(r->enrich, slice_of(r->block, len), &batch, &err) == 0) {
        int rc = r->output->ops->write(r->output, batch, &err);
        if (rc < 0) {
            r->is_over = true;
            r->status = rc == ERR_STOPPED ? EXIT_OK : app_fail(&err);
        }
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

/* A bar on a terminal; the keeper's page shows the same. */
static void
show_progress(struct reading *r, struct source *s, bool on_terminal)
{
    char bar[41];
    struct source_stats stats = {0};
    uint64_t done = 0, all = 0;

    s->ops->progress(s, &done, &all);
    s->ops->stats(s, &stats);
    if (r->import)
        import_progress(r->import, r->bytes_before + done, r->packets_before + stats.packets);
    if (!on_terminal || all == 0)
        return;
    size_t n = (size_t)(done * (sizeof(bar) - 1) / all);
    memset(bar, ' ', sizeof(bar));
    memset(bar, '=', n < sizeof(bar) ? n : sizeof(bar) - 1);
    bar[sizeof(bar) - 1] = '\0';
    (void)fprintf(stderr, "\r[%s] %3u %%", bar, (unsigned)(done * 100 / all));
}

static int
read_file(struct reading *r, const char *path)
{
    struct source *s = NULL;
    struct packet_batch packets;
    struct err err = {0};
    bool show = isatty(STDERR_FILENO) && (r->import || !isatty(STDOUT_FILENO));
    int rc = pcapfile_open(path, &s, &err);

    for (unsigned n = 0; rc == 0 && !r->is_over; n++) {
        rc = s->ops->next(s, 0, &packets, &err);
        if (rc == 0)
            worker_turn(r->worker, &packets);
        if (n % PROGRESS_EVERY == 0)
            show_progress(r, s, show);
        r->is_over |= r->import && import_is_over(r->import);
    }
    if (s) {
        struct source_stats stats = {0};
        uint64_t done = 0, all = 0;
        show_progress(r, s, false);
        s->ops->progress(s, &done, &all);
        s->ops->stats(s, &stats);
        r->bytes_before += done;
        r->packets_before += stats.packets;
    }
    if (show)
        (void)fprintf(stderr, "\r%*s\r", 50, "");
    source_close(s);
    return rc == ERR_END || rc == 0 ? EXIT_OK : app_fail(&err);
}

static int
open_output(struct reading *r, const struct console_conf *conf, struct err *err)
{
    return output_console.open(conf, r->schema, &r->output, err);
}

/* Where the batches go: to a keeper with its store, or through enrich to the console. */
static int
open_sink(struct reading *r, struct read_args *args, struct err *err)
{
    struct console_conf console = {.enabled = true, .format = args->format};
    struct enrich_options enrich = {.conf = config_get(r->config, "enrich"), .schema = r->schema};

    if (args->to_store) {
        args->import.config = r->config;
        args->import.files = args->files;
        args->import.n_files = args->n_files;
        return import_open(&args->import, &r->import, err);
    }
    int rc = enrich_new(&enrich, &r->enrich, err);
    return rc < 0 ? rc : open_output(r, &console, err);
}

static int
read_all(struct reading *r, struct read_args *args)
{
    struct err err = {0};
    struct worker_options options = {.config = r->config, .schema = r->schema, .is_replay = true,
                                     .file_id = file_identity(args->files[0]),
                                     .sink = {.place = place, .publish = publish, .ctx = r}};

    if (open_sink(r, args, &err) < 0 || !(r->worker = worker_new(&options, &err)))
        return app_fail(&err);
    int status = EXIT_OK;
    for (size_t i = 0; i < args->n_files && !r->is_over; i++) {
        int one = read_file(r, args->files[i]);
        status = one != EXIT_OK ? one : status;
    }
    worker_finish(r->worker);
    if (r->import) {
        int kept = import_finish(r->import);
        return kept != EXIT_OK ? kept : status;
    }
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
    else if (strcmp(word, "store") == 0)
        a->to_store = true;
    else
        return app_usage(&command_read, "-o %s: ndjson, table or store is expected", word);
    return EXIT_OK;
}

static int
parse_args(int argc, char **argv, struct read_args *a)
{
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (strcmp(arg, "--serve") == 0) {
            a->import.serve = true;
            continue;
        }
        bool takes = strcmp(arg, "-c") == 0 || strcmp(arg, "-E") == 0 || strcmp(arg, "-o") == 0 || strcmp(arg, "--data") == 0 ||
                     strcmp(arg, "--listen") == 0;
        if (takes && i + 1 == argc)
            return app_usage(&command_read, "%s needs a value", arg);
        if (strcmp(arg, "-c") == 0 ? !app_source_file(&a->source, argv[++i])
            : strcmp(arg, "-E") == 0 ? !app_source_override(&a->source, argv[++i]) : false)
            return EXIT_USAGE;
        if (strcmp(arg, "-o") == 0 && parse_output(a, argv[++i]) != EXIT_OK)
            return EXIT_USAGE;
        if (strcmp(arg, "--data") == 0)
            a->import.data = argv[++i];
        if (strcmp(arg, "--listen") == 0)
            a->import.listen = argv[++i];
        if (!takes && arg[0] == '-' && arg[1] != '\0')
            return app_usage(&command_read, "there is no option %s", arg);
        if (!takes && a->n_files == MAX_FILES)
            return app_usage(&command_read, "more than %d files", MAX_FILES);
        if (!takes)
            a->files[a->n_files++] = arg;
    }
    if (!a->to_store && (a->import.serve || a->import.data || a->import.listen))
        return app_usage(&command_read, "--serve, --data and --listen go with -o store");
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
    import_close(r.import);
    if (r.output)
        r.output->ops->close(r.output);
    enrich_free(r.enrich);
    config_free(r.config);
    schema_free(r.schema);
    return status;
}

const struct command command_read = {
    .name = "read",
    .usage = "[-c FILE]... [-E key=value]... [-o ndjson|table|store] [--serve] [--data DIR] FILE...",
    .summary = "reads capture files and prints or stores their events",
    .help = "Reads pcap and pcapng files (- is standard input) and prints one JSON event per line, or a\n"
            "table on a terminal. Progress goes to standard error when that is a terminal.\n\n"
            "  -o ndjson|table     form of the output\n"
            "  -o store            into the embedded store, index remora-import-NAME-...\n"
            "  --serve             with -o store: serves the page on it until Ctrl-C\n"
            "  --data DIR          with -o store: the data directory (default: one of its own that goes at the end)\n"
            "  --listen ADDR:PORT  with --serve (default 127.0.0.1:9200, or the next free port)\n"
            "  -c FILE             settings (remora.yml or packetbeat.yml)\n"
            "  -E key=value        one setting, for example -E http.ports=[80,8080]\n\n"
            "Exit status: 0, 1 when a file cannot be read to its end (what was read is printed), 2 wrong usage.\n",
    .run = run_read,
};
