/* SPDX-License-Identifier: Apache-2.0 */
/* The settings tables in other forms: effective YAML, default file, reference page, JSON. */
#include <string.h>

#include "config/config_priv.h"

static const char *const type_names[] = {"", "true or false", "number", "number", "duration", "size", "text",
                                         "choice", "list", "list of ports", "secret text"};

static void
add_value(struct buf *out, const struct setting *row, const struct value *v)
{
    if (row->type == SETTING_SECRET && v->n > 0) {
        buf_add_text(out, "\"(secret)\"");
        return;
    }
    if (v->is_list)
        buf_add_byte(out, '[');
    for (size_t i = 0; i < v->n; i++) {
        const char *s = v->items[i];
        bool bare = s[0] != '\0' && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/") == strlen(s);
        buf_add_text(out, i ? ", " : "");
        if (!bare)
            buf_add_byte(out, '"');
        for (; *s; s++) {
            if (*s == '"' || *s == '\\')
                buf_add_byte(out, '\\');
            buf_add_byte(out, (uint8_t)*s);
        }
        if (!bare)
            buf_add_byte(out, '"');
    }
    if (v->is_list)
        buf_add_byte(out, ']');
}

static void
json_text(struct buf *out, const char *s)
{
    buf_add_byte(out, '"');
    for (; s && *s; s++) {
        unsigned char ch = (unsigned char)*s;
        if (ch == '"' || ch == '\\')
            buf_printf(out, "\\%c", ch);
        else if (ch < 0x20)
            buf_printf(out, "\\u%04x", ch);
        else
            buf_add_byte(out, ch);
    }
    buf_add_byte(out, '"');
}

static void
export_effective(const struct config *c, struct buf *out)
{
    char at[256];

    for (size_t s = 0; s < c->n_sections; s++) {
        const struct section *section = &c->sections[s];
        const char *indent = section->name[0] ? "  " : "";
        if (section->name[0])
            buf_printf(out, "%s:\n", section->name);
        for (size_t i = 0; i < section_n_rows(section); i++) {
            const struct setting *row = section_row(section, i);
            const struct value *v = &c->values[s][i];
            buf_printf(out, "%s%s:%s", indent, row->name, v->n || v->is_list ? " " : "");
            add_value(out, row, v);
            if (v->is_set)
                buf_printf(out, "  # %s", origin_text(&v->origin, at, sizeof(at)));
            buf_add_byte(out, '\n');
        }
    }
}

static void
export_default(const struct config *c, struct buf *out)
{
    buf_add_text(out, "# remora.yml: all settings with their defaults. Remove the mark to change one.\n");
    for (size_t s = 0; s < c->n_sections; s++) {
        const struct section *section = &c->sections[s];
        if (section_n_rows(section) == 0)
            continue;
        const char *indent = section->name[0] ? "  " : "";
        buf_printf(out, "\n# %s\n", section->summary);
        if (section->name[0])
            buf_printf(out, "#%s:\n", section->name);
        for (size_t i = 0; i < section_n_rows(section); i++) {
            const struct setting *row = section_row(section, i);
            buf_printf(out, "%s# %s\n#%s%s: %s\n", indent, row->help, indent, row->name,
                       row->default_text ? row->default_text : row->example ? row->example : "");
        }
    }
}

static void
markdown_row(const struct setting *row, struct buf *out)
{
    buf_printf(out, "| `%s` | %s", row->name, type_names[row->type]);
    for (int i = 0; row->type == SETTING_CHOICE && row->choices[i]; i++)
        buf_printf(out, "%s%s", i ? ", " : ": ", row->choices[i]);
    buf_printf(out, " | %s%s%s | %s | %s |\n", row->default_text ? "`" : "", row->default_text ? row->default_text : "none",
               row->default_text ? "`" : "", row->reload == RELOAD_LIVE ? "reload" : "restart", row->help);
}

static void
export_markdown(const struct config *c, struct buf *out)
{
    buf_add_text(out, "# Settings\n\nMade from the tables in the program by `remora export config --as markdown`. "
                      "A duration is written `10s`, `200ms` or `1h`, a size `64MiB`. Each setting can be given on the "
                      "command line: `-E section.name=value`.\n");
    for (size_t s = 0; s < c->n_sections; s++) {
        const struct section *section = &c->sections[s];
        if (section_n_rows(section) == 0)
            continue;
        buf_printf(out, "\n## %s\n\n%s\n\n| setting | type | default | changes by | meaning |\n|---|---|---|---|---|\n",
                   section->name[0] ? section->name : "general", section->summary);
        for (size_t i = 0; i < section_n_rows(section); i++)
            markdown_row(section_row(section, i), out);
    }
}

static void
json_row(const struct config *c, size_t s, size_t i, struct buf *out)
{
    const struct setting *row = section_row(&c->sections[s], i);
    const struct value *v = &c->values[s][i];
    struct buf value;
    char at[256];

    buf_init(&value, CONFIG_MAX_FILE);
    add_value(&value, row, v);
    buf_add_byte(&value, '\0');
    buf_printf(out, "{\"name\":\"%s%s%s\",\"value\":", c->sections[s].name, c->sections[s].name[0] ? "." : "", row->name);
    json_text(out, (const char *)value.p);
    buf_add_text(out, ",\"default\":");
    json_text(out, row->default_text ? row->default_text : "");
    buf_add_text(out, ",\"source\":");
    json_text(out, v->is_set ? origin_text(&v->origin, at, sizeof(at)) : "default");
    buf_add_text(out, ",\"help\":");
    json_text(out, row->help);
    buf_add_text(out, ",\"type\":");
    json_text(out, type_names[row->type]);
    buf_add_text(out, ",\"unit\":");
    json_text(out, row->unit ? row->unit : "");
    buf_add_text(out, ",\"choices\":[");
    for (int k = 0; row->type == SETTING_CHOICE && row->choices[k]; k++) {
        buf_add_text(out, k ? "," : "");
        json_text(out, row->choices[k]);
    }
    buf_printf(out, "],\"live\":%s}", row->reload == RELOAD_LIVE ? "true" : "false");
    buf_fini(&value);
}

static void
export_json(const struct config *c, struct buf *out)
{
    bool first = true;

    buf_add_byte(out, '[');
    for (size_t s = 0; s < c->n_sections; s++) {
        for (size_t i = 0; i < section_n_rows(&c->sections[s]); i++) {
            buf_add_text(out, first ? "" : ",");
            json_row(c, s, i, out);
            first = false;
        }
    }
    buf_add_byte(out, ']');
}

int
config_export(const struct config *c, const char *form, struct buf *out, struct err *err)
{
    if (strcmp(form, "effective") == 0)
        export_effective(c, out);
    else if (strcmp(form, "default") == 0)
        export_default(c, out);
    else if (strcmp(form, "markdown") == 0)
        export_markdown(c, out);
    else if (strcmp(form, "json") == 0)
        export_json(c, out);
    else
        return err_set(err, ERR_USAGE, "unknown form \"%s\": effective, default, markdown and json are known", form);
    return out->failed ? err_set(err, ERR_NOMEM, "no memory for the settings") : 0;
}
