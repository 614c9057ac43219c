/* SPDX-License-Identifier: Apache-2.0 */
/* Events as rows for people, aligned and cut to the terminal. */
#include <stdio.h>
#include <time.h>

#include "output/console/console.h"

enum {
    WIDTH_TIME = 12,
    WIDTH_TYPE = 6,
    WIDTH_SIDE = 21, /* an IPv4 address with its port */
    WIDTH_STATUS = 8,
    WIDTH_LATENCY = 8,
    WIDTH_REST = WIDTH_TIME + WIDTH_TYPE + 2 * WIDTH_SIDE + WIDTH_STATUS + WIDTH_LATENCY + 8,
    MIN_WHAT = 20
};

#define STYLE_DIM "\033[2m"
#define STYLE_BOLD "\033[1m"
#define STYLE_GOOD "\033[32m"
#define STYLE_BAD "\033[31m"
#define STYLE_OFF "\033[0m"

static void
put_style(const struct table *t, const char *style, struct buf *out)
{
    if (t->colours && style)
        buf_add_text(out, style);
}

/* Characters that move the cursor, or turn the line around, do not reach the terminal. */
static bool
is_harmful(const uint8_t *p, unsigned len)
{
    if (len == 1)
        return p[0] < 0x20 || p[0] == 0x7f;
    if (len == 2)
        return p[0] == 0xc2 && p[1] < 0xa0; /* C1 controls */
    if (len != 3 || p[0] != 0xe2)
        return false;
    return (p[1] == 0x80 && (p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xa8 && p[2] <= 0xae))) ||
           (p[1] == 0x81 && p[2] >= 0xa0); /* marks of direction, line separators, isolates */
}

/* At most `width` characters of the text, the rest of the width as blanks when `fill`. */
static void
put_cut(struct slice text, unsigned width, bool fill, struct buf *out)
{
    unsigned n = 0;

    while (text.len > 0 && n < width) {
        unsigned len = value_utf8_len(text);
        if (len == 0 || is_harmful(text.p, len))
            buf_add_byte(out, text.p[0] == '\n' || text.p[0] == '\t' ? ' ' : '?');
        else
            buf_add(out, text.p, len);
        text = slice_from(text, len ? len : 1);
        n++;
    }
    while (fill && n++ < width)
        buf_add_byte(out, ' ');
}

static void
put_column(const struct table *t, struct slice text, unsigned width, const char *style,
           struct buf *out)
{
    put_style(t, style, out);
    put_cut(text, width, true, out);
    put_style(t, style ? STYLE_OFF : NULL, out);
    buf_add_byte(out, ' ');
}

static struct slice
text_of(const struct record *r, uint16_t field)
{
    struct cell c;
    return record_find(r, field, &c) ? c.bytes : slice_of(NULL, 0);
}

static void
put_side(const struct table *t, const struct record *r, uint16_t ip, uint16_t port, struct buf *out)
{
    uint8_t text[VALUE_MAX_IP + VALUE_MAX_UINT + 4], *p = text;
    struct cell c;

    if (record_find(r, ip, &c)) {
        bool has_port = record_find(r, port, &(struct cell){0});
        bool brackets = has_port && c.bytes.len == 16;
        if (brackets)
            *p++ = '[';
        p = value_ip(p, c.bytes);
        if (brackets)
            *p++ = ']';
        if (record_find(r, port, &c)) {
            *p++ = ':';
            p = value_uint(p, c.n.u);
        }
    }
    put_column(t, slice_of(text, (size_t)(p - text)), WIDTH_SIDE, NULL, out);
}

static void
put_time(const struct table *t, uint64_t ns, struct buf *out)
{
    time_t second = (time_t)(ns / 1000000000u);
    char text[32];
    struct tm tm;

    if (!localtime_r(&second, &tm))
        return;
    int len = snprintf(text, sizeof(text), "%02d:%02d:%02d.%03u", tm.tm_hour, tm.tm_min, tm.tm_sec,
                       (unsigned)(ns / 1000000u % 1000u));
    put_column(t, slice_of(text, (size_t)len), WIDTH_TIME, STYLE_DIM, out);
}

/* "412 us", "3.21 ms", "1.20 s" */
static void
put_latency(const struct table *t, uint64_t ns, struct buf *out)
{
    char text[32] = "";

    if (ns > 0) {
        double us = (double)ns / 1e3;
        if (us < 1000)
            (void)snprintf(text, sizeof(text), "%5.0f us", us);
        else if (us < 1e6)
            (void)snprintf(text, sizeof(text), "%5.*f ms", us < 1e5 ? 2 : 0, us / 1e3);
        else
            (void)snprintf(text, sizeof(text), "%5.*f s", us < 1e8 ? 2 : 0, us / 1e6);
    }
    put_column(t, slice_text(text), WIDTH_LATENCY, NULL, out);
}

static const char *
status_style(struct slice status)
{
    return status.len == 0 ? NULL : slice_eq(status, SLICE("OK")) ? STYLE_GOOD : STYLE_BAD;
}

/* What was asked; of a flow, how much went each way. */
static void
put_what(const struct record *r, unsigned width, struct buf *out)
{
    static const uint16_t wanted[] = {FIELD_QUERY, FIELD_RESOURCE, FIELD_PATH, FIELD_METHOD};
    struct cell sent, got;

    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        struct slice text = text_of(r, wanted[i]);
        if (text.len) {
            put_cut(text, width, false, out);
            return;
        }
    }
    if (!record_find(r, FIELD_SOURCE_BYTES, &sent))
        sent.n.u = 0;
    if (!record_find(r, FIELD_DESTINATION_BYTES, &got))
        got.n.u = 0;
    buf_printf(out, "%llu bytes sent, %llu received", (unsigned long long)sent.n.u,
               (unsigned long long)got.n.u);
}

static unsigned
what_width(const struct table *t)
{
    return t->width > WIDTH_REST + MIN_WHAT ? t->width - WIDTH_REST : MIN_WHAT;
}

void
table_head(const struct table *t, struct buf *out)
{
    put_style(t, STYLE_BOLD, out);
    buf_printf(out, "%-*s %-*s %-*s   %-*s %-*s %-*s %s", WIDTH_TIME, "time", WIDTH_TYPE, "type",
               WIDTH_SIDE, "client", WIDTH_SIDE, "server", WIDTH_STATUS, "status", WIDTH_LATENCY,
               "latency", "request");
    put_style(t, STYLE_OFF, out);
    buf_add_byte(out, '\n');
}

void
table_row(const struct table *t, const struct schema *schema, const struct record *r,
          struct buf *out)
{
    struct slice status = text_of(r, FIELD_STATUS);
    struct cell duration = {0};

    (void)record_find(r, FIELD_EVENT_DURATION, &duration);
    put_time(t, r->head->time_ns, out);
    put_column(t, slice_text(schema_dataset(schema, r->head->dataset)->name), WIDTH_TYPE,
               STYLE_BOLD, out);
    put_side(t, r, FIELD_SOURCE_IP, FIELD_SOURCE_PORT, out);
    buf_add_text(out, "> ");
    put_side(t, r, FIELD_DESTINATION_IP, FIELD_DESTINATION_PORT, out);
    put_column(t, status, WIDTH_STATUS, status_style(status), out);
    put_latency(t, duration.n.u, out);
    put_what(r, what_width(t), out);
    buf_add_byte(out, '\n');
}

void
table_text(const struct table *t, const struct table_line *line, struct buf *out)
{
    put_time(t, line->time_ns, out);
    put_column(t, line->type, WIDTH_TYPE, STYLE_BOLD, out);
    put_column(t, line->client, WIDTH_SIDE, NULL, out);
    buf_add_text(out, "> ");
    put_column(t, line->server, WIDTH_SIDE, NULL, out);
    put_column(t, line->status, WIDTH_STATUS, status_style(line->status), out);
    put_latency(t, line->latency_ns, out);
    put_cut(line->what, what_width(t), false, out);
    buf_add_byte(out, '\n');
}
