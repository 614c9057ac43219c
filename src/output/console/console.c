/* SPDX-License-Identifier: Apache-2.0 */
/* output.console: events on standard output, as a table for people or as NDJSON for programs. */
#include "output/console/console.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "event/ndjson.h"
#include "output/sink.h"

enum { DEFAULT_WIDTH = 120 };

static const char *const format_choices[] = {
    [CONSOLE_AUTO] = "auto", [CONSOLE_TABLE] = "table", [CONSOLE_NDJSON] = "ndjson", NULL};
static const char *const colour_choices[] = {
    [COLOURS_AUTO] = "auto", [COLOURS_ALWAYS] = "always", [COLOURS_NEVER] = "never", NULL};

static const struct setting console_settings[] = {
    {.name = "enabled",
     .type = SETTING_BOOL,
     .offset = offsetof(struct console_conf, enabled),
     .default_text = "false",
     .help = "Write events to standard output.",
     .example = "true",
     .unit = ""},
    {.name = "format",
     .type = SETTING_CHOICE,
     .offset = offsetof(struct console_conf, format),
     .choices = format_choices,
     .default_text = "auto",
     .help = "A table for people or one JSON object per line; auto: a table on a terminal.",
     .example = "ndjson",
     .unit = ""},
    {.name = "colours",
     .type = SETTING_CHOICE,
     .offset = offsetof(struct console_conf, colours),
     .choices = colour_choices,
     .default_text = "auto",
     .help = "Colours of the table; auto: on a terminal, unless NO_COLOR is set.",
     .example = "never",
     .unit = ""},
    {0}};

struct console_output {
    struct output output;
    const struct schema *schema;
    struct ndjson *ndjson; /* NULL: a table */
    struct table table;
    struct sink sink;
    struct output_stats stats;
};

static unsigned
terminal_width(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return DEFAULT_WIDTH;
}

static int
console_open(const void *settings, const struct schema *schema, struct output **ret,
             struct err *err)
{
    const struct console_conf *conf = settings;
    bool is_terminal = isatty(STDOUT_FILENO) == 1;
    struct console_output *c = calloc(1, sizeof(*c));

    if (!c)
        return err_set(err, ERR_NOMEM, "output.console: no memory");
    c->output.ops = &output_console;
    c->schema = schema;
    sink_init(&c->sink, STDOUT_FILENO);
    if (conf->format == CONSOLE_NDJSON || (conf->format == CONSOLE_AUTO && !is_terminal)) {
        c->ndjson = ndjson_new(schema, NULL);
    } else {
        c->table.width = terminal_width();
        c->table.colours = conf->colours == COLOURS_ALWAYS ||
                           (conf->colours == COLOURS_AUTO && is_terminal && !getenv("NO_COLOR"));
        table_head(&c->table, &c->sink.buf);
    }
    *ret = &c->output;
    return 0;
}

static int
console_drain(struct console_output *c, struct err *err)
{
    struct err why = {0};
    int rc = sink_drain(&c->sink, &why);

    c->stats.bytes = c->sink.n_written;
    c->stats.errors += rc < 0;
    return rc < 0 ? err_set(err, rc, "standard output: %s", why.text) : 0;
}

static void
console_record(struct console_output *c, const struct record *r)
{
    struct buf *out = &c->sink.buf;
    size_t before = out->len;

    if (c->ndjson) {
        ndjson_record(c->ndjson, r, out);
        buf_add_byte(out, '\n');
    } else {
        table_row(&c->table, c->schema, r, out);
    }
    if (out->failed) {
        out->failed = false;
        out->len = before;
        c->stats.dropped++;
        return;
    }
    c->stats.events++;
}

static int
console_write(struct output *o, struct batch_ref *batch, struct err *err)
{
    struct console_output *c = (struct console_output *)o;
    bool is_stuck = sink_waiting(&c->sink) >= SINK_WRITE;
    struct batch_walk walk;
    struct record r;
    int rc = is_stuck ? console_drain(c, err) : 0;

    if (rc < 0)
        return rc;
    (void)batch_open(&walk, batch_ref_bytes(batch), c->schema);
    while (batch_next(&walk, &r)) {
        console_record(c, &r);
        if (rc == 0 && sink_waiting(&c->sink) >= SINK_WRITE)
            rc = console_drain(c,
                               NULL); /* the batch is taken: what is stuck shows at the next call */
    }
    return 0;
}

static int
console_flush(struct output *o, struct err *err)
{
    return console_drain((struct console_output *)o, err);
}

static void
console_stats(struct output *o, struct output_stats *ret)
{
    *ret = ((struct console_output *)o)->stats;
}

static void
console_close(struct output *o)
{
    struct console_output *c = (struct console_output *)o;

    (void)console_drain(c, NULL);
    sink_fini(&c->sink);
    ndjson_free(c->ndjson);
    free(c);
}

const struct output_ops output_console = {
    .name = "console",
    .summary = "Events on standard output: a table for people, lines of JSON for programs.",
    .settings = console_settings,
    .settings_size = sizeof(struct console_conf),
    .open = console_open,
    .write = console_write,
    .flush = console_flush,
    .stats = console_stats,
    .close = console_close,
};
