/* SPDX-License-Identifier: Apache-2.0 */
/* output.console: its settings, which commands fill in themselves, and its table. */
#ifndef OUTPUT_CONSOLE_CONSOLE_H
#define OUTPUT_CONSOLE_CONSOLE_H

#include "event/value.h"
#include "output/output.h"

enum console_format { CONSOLE_AUTO, CONSOLE_TABLE, CONSOLE_NDJSON };
enum console_colours { COLOURS_AUTO, COLOURS_ALWAYS, COLOURS_NEVER };

struct console_conf {
    bool enabled;
    int format;  /* enum console_format; AUTO: a table on a terminal, NDJSON else */
    int colours; /* enum console_colours; AUTO: on a terminal, unless NO_COLOR is set */
};

extern const struct output_ops output_console;

/* One row for people: time, type, both sides, status, latency, what was asked. */
struct table {
    unsigned width; /* columns of the terminal */
    bool colours;
};

void table_head(const struct table *t, struct buf *out);
void table_row(const struct table *t, const struct schema *schema, const struct record *r,
               struct buf *out);

/* The same from texts, for hits of a search. latency_ns 0: none. */
struct table_line {
    uint64_t time_ns, latency_ns;
    struct slice type, client, server, status, what;
};
void table_text(const struct table *t, const struct table_line *line, struct buf *out);

#endif
