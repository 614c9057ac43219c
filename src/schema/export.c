/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of the field tables that others read: JSON, index template, SQL, reference page. */
#include "schema/schema_priv.h"

struct kind_names {
    const char *name;    /* in json and markdown */
    const char *elastic; /* mapping type */
    const char *sql;
};

static const struct kind_names kinds[] = {
    [KIND_NONE] = {"none", "object", "VARCHAR"},
    [KIND_UINT] = {"unsigned", "unsigned_long", "UBIGINT"},
    [KIND_INT] = {"integer", "long", "BIGINT"},
    [KIND_FLOAT] = {"float", "double", "DOUBLE"},
    [KIND_BOOL] = {"boolean", "boolean", "BOOLEAN"},
    [KIND_IP] = {"ip", "ip", "VARCHAR"},
    [KIND_TIME] = {"time", "date_nanos", "TIMESTAMP_NS"},
    [KIND_DURATION] = {"duration", "long", "UBIGINT"},
    [KIND_TEXT] = {"text", "keyword", "VARCHAR"},
    [KIND_BYTES] = {"bytes", "binary", "BLOB"},
    [KIND_MAP] = {"map", "flattened", "MAP(VARCHAR, VARCHAR)"},
    [KIND_GROUP] = {"list of objects", "object", "JSON"},
};

/* JSON text; the tables hold printable ASCII, so quotes and backslashes are all there is. */
static void
put_json(struct buf *out, const char *s)
{
    buf_add_byte(out, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            buf_add_byte(out, '\\');
        if ((uint8_t)*s >= 0x20)
            buf_add_byte(out, (uint8_t)*s);
    }
    buf_add_byte(out, '"');
}

static void
put_pair(struct buf *out, const char *before, const char *key, const char *value)
{
    buf_add_text(out, before);
    put_json(out, key);
    buf_add_byte(out, ':');
    put_json(out, value);
}

static void
put_flag(struct buf *out, const struct field *f, uint8_t flag, const char *key)
{
    if (f->flags & flag)
        buf_printf(out, ",\"%s\":true", key);
}

static void
json_field(const struct schema *s, uint16_t i, struct buf *out)
{
    const struct field *f = &s->fields[i];
    const struct dataset *d = schema_field_dataset(s, i);

    put_pair(out, i > 1 ? ",\n  {" : "\n  {", "name", f->name);
    put_pair(out, ",", "kind", kinds[f->kind].name);
    put_pair(out, ",", "type", kinds[f->kind].elastic);
    if (d)
        put_pair(out, ",", "dataset", d->name);
    if (f->flags & FIELD_MIRROR)
        put_pair(out, ",", "mirror_of", s->fields[f->of].name);
    else if (f->of)
        put_pair(out, ",", "group", s->fields[f->of].name);
    put_flag(out, f, FIELD_COLUMN, "column");
    put_flag(out, f, FIELD_LIST, "list");
    put_flag(out, f, FIELD_FREE_TEXT, "free_text");
    put_flag(out, f, FIELD_CONST, "constant");
    put_flag(out, f, FIELD_LARGE, "large");
    put_pair(out, ",", "help", f->help);
    buf_add_byte(out, '}');
}

static void
export_json(const struct schema *s, struct buf *out)
{
    buf_printf(out, "{\"generation\":%u,\"datasets\":[", s->generation);
    for (uint16_t i = 0; i < s->n_datasets; i++) {
        const struct dataset *d = &s->datasets[i];
        put_pair(out, i ? ",\n  {" : "\n  {", "name", d->name);
        put_pair(out, ",", "summary", d->summary);
        put_pair(out, ",", "kind", d->kind);
        put_pair(out, ",", "protocol", d->protocol);
        buf_add_byte(out, '}');
    }
    buf_add_text(out, "],\n\"fields\":[");
    for (uint16_t i = 1; i < s->n_fields; i++)
        json_field(s, i, out);
    buf_add_text(out, "],\n\"aliases\":[");
    for (uint16_t i = 0; i < s->n_aliases; i++) {
        const struct field *a = &s->aliases[i];
        put_pair(out, i ? ",\n  {" : "\n  {", "name", a->name);
        put_pair(out, ",", "of", s->fields[a->of].name);
        if (a->scale != 0)
            buf_printf(out, ",\"scale\":%g", a->scale);
        buf_add_byte(out, '}');
    }
    buf_add_text(out, "]}\n");
}

/* Bytes of the objects that both names share, with their last dot. */
static size_t
shared_objects(const char *a, const char *b)
{
    size_t shared = 0;

    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == '.')
            shared = i + 1;
    /* "dns.answers" is an object itself for "dns.answers.ttl" */
    size_t len = strlen(a);
    return strncmp(a, b, len) == 0 && b[len] == '.' ? len + 1 : shared;
}

static unsigned
count_dots(const char *s)
{
    unsigned n = 0;
    for (; *s; s++)
        n += *s == '.';
    return n;
}

static void
elastic_close(struct buf *out, unsigned n)
{
    while (n-- > 0)
        buf_add_text(out, "}}");
}

/* Opens the objects of `name` behind its first `from` bytes and writes its last word and mapping.
 */
static void
elastic_field(const struct field *f, size_t from, struct buf *out)
{
    const char *at = f->name + from;

    for (const char *dot = strchr(at, '.'); dot; at = dot + 1, dot = strchr(at, '.'))
        buf_printf(out, "\"%.*s\":{\"properties\":{", (int)(dot - at), at);
    if (f->kind == KIND_GROUP) {
        buf_printf(out, "\"%s\":{\"properties\":{", at);
        return;
    }
    if (f->flags & FIELD_FREE_TEXT)
        buf_printf(
            out,
            "\"%s\":{\"type\":\"wildcard\",\"fields\":{\"text\":{\"type\":\"match_only_text\"}}}",
            at);
    else if (strcmp(at, "location") == 0)
        buf_printf(out, "\"%s\":{\"type\":\"geo_point\"}", at);
    else if (strcmp(f->name, "@timestamp") == 0)
        buf_printf(out, "\"%s\":{\"type\":\"date\"}", at);
    else if (f->kind == KIND_TEXT)
        buf_printf(out, "\"%s\":{\"type\":\"keyword\",\"ignore_above\":1024}", at);
    else
        buf_printf(out, "\"%s\":{\"type\":\"%s\"}", at, kinds[f->kind].elastic);
}

static void
export_elastic(const struct schema *s, struct buf *out)
{
    const char *before = "";
    unsigned depth = 0;

    buf_add_text(out,
                 "{\"index_patterns\":[\"remora-*\"],\"priority\":200,\"template\":{"
                 "\"settings\":{\"index\":{\"codec\":\"best_compression\",\"mapping\":"
                 "{\"total_fields\":{\"limit\":10000}},\"query\":{\"default_field\":[\"*\"]}}},"
                 "\"mappings\":{\"date_detection\":false,\"properties\":{");
    for (uint16_t rank = 0; rank + 1 < s->n_fields; rank++) {
        const struct field *f = &s->fields[s->by_rank[rank]];
        size_t shared = shared_objects(before, f->name);
        unsigned keep = count_dots(f->name) - count_dots(f->name + shared);
        elastic_close(out, depth - keep);
        if (rank > 0 && out->p && out->p[out->len - 1] != '{')
            buf_add_byte(out, ',');
        elastic_field(f, shared, out);
        depth = count_dots(f->name) + (f->kind == KIND_GROUP);
        before = f->name;
    }
    elastic_close(out, depth);
    buf_add_text(out, "}}}}\n");
}

static void
export_duckdb(const struct schema *s, struct buf *out)
{
    buf_add_text(out, "CREATE TABLE events (\n");
    for (uint16_t i = 1; i < s->n_fields; i++) {
        const struct field *f = &s->fields[i];
        if ((f->flags & FIELD_COLUMN) && !(f->flags & FIELD_MIRROR))
            buf_printf(out, "    \"%s\" %s%s,\n", f->name, kinds[f->kind].sql,
                       f->flags & FIELD_LIST ? "[]" : "");
    }
    buf_add_text(out, "    kv MAP(VARCHAR, VARCHAR)\n);\n");
}

static void
markdown_rows(const struct schema *s, const struct dataset *of, struct buf *out)
{
    buf_add_text(out, "\n| field | kind | what it holds |\n|---|---|---|\n");
    for (uint16_t rank = 0; rank + 1 < s->n_fields; rank++) {
        uint16_t i = s->by_rank[rank];
        const struct field *f = &s->fields[i];
        if (schema_field_dataset(s, i) != of)
            continue;
        buf_printf(out, "| `%s` | %s%s | %s |\n", f->name, kinds[f->kind].name,
                   f->flags & FIELD_LIST && f->kind != KIND_GROUP ? ", a list" : "", f->help);
    }
}

static void
export_markdown(const struct schema *s, struct buf *out)
{
    buf_add_text(out,
                 "# Fields\n\nMade from the field tables by `remora export fields --as markdown`."
                 "\n\n## Common fields\n");
    markdown_rows(s, NULL, out);
    for (uint16_t i = 0; i < s->n_datasets; i++) {
        const struct dataset *d = &s->datasets[i];
        buf_printf(out, "\n## %s\n\n%s\n", d->name, d->summary);
        if (d->n_fields)
            markdown_rows(s, d, out);
    }
    buf_add_text(out, "\n## Old names\n\nSearches understand these names of Packetbeat 1.x and 5.x "
                      "as well.\n\n| old name | stands for |\n|---|---|\n");
    for (uint16_t i = 0; i < s->n_aliases; i++) {
        const struct field *a = &s->aliases[i];
        buf_printf(out, "| `%s` | `%s`", a->name, s->fields[a->of].name);
        if (a->scale != 0)
            buf_printf(out, " times %g", a->scale);
        buf_add_text(out, " |\n");
    }
}

int
schema_export(const struct schema *s, const char *form, struct buf *out, struct err *err)
{
    static const struct {
        const char *name;
        void (*print)(const struct schema *s, struct buf *out);
    } forms[] = {
        {"json", export_json},
        {"elastic", export_elastic},
        {"duckdb", export_duckdb},
        {"markdown", export_markdown},
    };

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (strcmp(forms[i].name, form) != 0)
            continue;
        forms[i].print(s, out);
        return out->failed ? err_set(err, ERR_NOMEM, "no memory to print the fields") : 0;
    }
    return err_set(err, ERR_USAGE,
                   "there is no form \"%s\" of the fields: use json, elastic, duckdb "
                   "or markdown",
                   form);
}
