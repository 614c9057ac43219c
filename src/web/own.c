/* SPDX-License-Identifier: Apache-2.0 */
/* The page's own endpoints: status, fields and settings, counters for Prometheus. */
#include <inttypes.h>
#include <string.h>

#include "web/web_priv.h"

void
own_status(struct request *r)
{
    const struct web_options *o = &r->web->options;
    answer_json(r, 200, o->status ? o->status(o->ctx) : json_object());
}

static const char *
elastic_type(const struct field *f)
{
    switch ((enum field_kind)f->kind) {
    case KIND_UINT:
    case KIND_INT:
    case KIND_DURATION:
        return "long";
    case KIND_FLOAT:
        return "double";
    case KIND_BOOL:
        return "boolean";
    case KIND_IP:
        return "ip";
    case KIND_TIME:
        return "date";
    case KIND_MAP:
        return "flattened";
    case KIND_GROUP:
        return "object";
    case KIND_BYTES:
        return "binary";
    case KIND_NONE:
    case KIND_TEXT:
        break;
    }
    return f->flags & FIELD_LARGE ? "text" : "keyword";
}

static json_t *
aliases_of(const struct schema *s, const char *name)
{
    json_t *out = json_array();

    for (size_t i = 0; i < schema_n_aliases(s); i++) {
        const struct field *alias = schema_alias(s, i);
        const struct field *of = schema_field(s, alias->of);
        if (of && strcmp(of->name, name) == 0)
            json_array_append_new(out, json_string(alias->name));
    }
    return out;
}

static json_t *
schema_fields(const struct schema *s)
{
    json_t *out = json_array();

    for (uint16_t rank = 0; rank + 1 < schema_n_fields(s); rank++) {
        uint16_t id = schema_by_rank(s, rank);
        const struct field *f = schema_field(s, id), *shown = f;
        const struct dataset *d = schema_field_dataset(s, id);
        if (!f)
            continue;
        if (f->flags & FIELD_MIRROR)
            shown = schema_field(s, f->of);
        json_array_append_new(out, json_pack("{s:s,s:s,s:s,s:s,s:o,s:b}", "name", f->name, "type", elastic_type(shown ? shown : f),
                                             "help", f->help, "dataset", d ? d->name : "", "aliases", aliases_of(s, f->name),
                                             "column", (f->flags & FIELD_COLUMN) != 0));
    }
    return out;
}

void
own_schema(struct request *r)
{
    const struct web_options *o = &r->web->options;
    json_t *datasets = json_array(), *settings = NULL;
    struct buf text;

    for (uint16_t i = 0; i < schema_n_datasets(o->schema); i++) {
        const struct dataset *d = schema_dataset(o->schema, i);
        json_array_append_new(datasets, json_pack("{s:s,s:s}", "name", d->name, "summary", d->summary));
    }
    buf_init(&text, 4 << 20);
    if (o->config && config_export(o->config, "json", &text, NULL) == 0)
        settings = json_loadb((const char *)text.p, text.len, 0, NULL);
    buf_fini(&text);
    answer_json(r, 200, json_pack("{s:o,s:o,s:o}", "fields", schema_fields(o->schema), "datasets", datasets, "settings",
                                  settings ? settings : json_array()));
}

static void
metric(struct buf *out, const char *name, const char *kind, const char *help, uint64_t value)
{
    buf_printf(out, "# HELP remora_%s %s\n# TYPE remora_%s %s\nremora_%s %" PRIu64 "\n", name, help, name, kind, name, value);
}

void
own_metrics(struct request *r)
{
    struct web *w = r->web;
    uint64_t clients = 0, skipped = 0, rows = 0;

    live_counts(w->live, &clients, &skipped, &rows);
    metric(&r->text, "web_requests_total", "counter", "Requests to the web server.", atomic_load(&w->n_requests));
    metric(&r->text, "web_refused_total", "counter", "Requests with a foreign Host or Origin.", atomic_load(&w->n_refused));
    metric(&r->text, "web_busy_total", "counter", "Queries refused because too many waited.", atomic_load(&w->n_busy));
    metric(&r->text, "web_failed_total", "counter", "Answers with a status of 500 and above.", atomic_load(&w->n_failed));
    metric(&r->text, "web_reaped_total", "counter", "Connections closed because no whole request came in time.",
           atomic_load(&w->n_reaped));
    metric(&r->text, "live_clients", "gauge", "Open live streams.", clients);
    metric(&r->text, "live_rows_total", "counter", "Rows shown in live streams.", rows);
    metric(&r->text, "live_skipped_total", "counter", "Rows that slow live streams skipped.", skipped);
    if (w->options.store) {
        struct store_stats stats = {0};
        store_stats(w->options.store, &stats);
        metric(&r->text, "store_docs", "gauge", "Events in the store.", stats.docs);
        metric(&r->text, "store_bytes", "gauge", "Bytes of the store on disk.", stats.bytes);
        metric(&r->text, "store_free_bytes", "gauge", "Free bytes of the file system of the store.", stats.free_bytes);
        metric(&r->text, "store_commits_total", "counter", "Commits.", stats.commits);
        metric(&r->text, "store_dropped_total", "counter", "Events that the store gave up.", stats.dropped);
        metric(&r->text, "store_errors_total", "counter", "Errors of the store.", stats.errors);
    }
    if (w->options.metrics)
        w->options.metrics(w->options.ctx, &r->text);
    answer_text(r, 200, "text/plain; version=0.0.4; charset=UTF-8");
}
