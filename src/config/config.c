/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of all sections: from files, -E and defaults into the modules' structs; snapshots. */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config_priv.h"

static const char SNAPSHOT_HEAD[] = "remora-config 1 ";
enum { UNIT_SEP = 0x1f, RECORD_SEP = 0x1e };

void *
config_alloc(struct config *c, size_t len)
{
    struct chunk *chunk = calloc(1, sizeof(*chunk) + len + 8);

    if (!chunk)
        return NULL;
    chunk->next = c->chunks;
    c->chunks = chunk;
    return chunk->bytes;
}

char *
config_strdup(struct config *c, const char *s, size_t len)
{
    char *copy = config_alloc(c, len + 1);

    if (copy)
        memcpy(copy, s, len);
    return copy;
}

const char *
origin_text(const struct origin *at, char *buf, size_t len)
{
    if (at->line == 0)
        (void)snprintf(buf, len, "%s", at->name ? at->name : "default");
    else
        (void)snprintf(buf, len, "%s:%u:%u", at->name, at->line, at->column);
    return buf;
}

void
config_warn(struct config *c, const struct origin *at, const char *fmt, ...)
{
    char line[768], where[256];
    va_list ap;

    if (c->n_warnings == CONFIG_MAX_WARNINGS) {
        c->n_warnings_lost++;
        return;
    }
    (void)snprintf(line, sizeof(line), "%s: ", origin_text(at, where, sizeof(where)));
    size_t len = strlen(line);
    va_start(ap, fmt);
    (void)vsnprintf(line + len, sizeof(line) - len, fmt, ap);
    va_end(ap);
    const char *copy = config_strdup(c, line, strlen(line));
    if (copy)
        c->warnings[c->n_warnings++] = copy;
}

static size_t
table_len(const struct setting *rows)
{
    size_t n = 0;
    while (rows && rows[n].name)
        n++;
    return n;
}

const struct setting *
section_row(const struct section *s, size_t i)
{
    size_t n_common = table_len(s->common);

    if (i < n_common)
        return &s->common[i];
    return i - n_common < table_len(s->settings) ? &s->settings[i - n_common] : NULL;
}

size_t
section_n_rows(const struct section *s)
{
    return table_len(s->common) + table_len(s->settings);
}

const struct section *
section_find(const struct config *c, const char *name, size_t len, size_t *ret_at)
{
    for (size_t i = 0; i < c->n_sections; i++) {
        if (strlen(c->sections[i].name) == len && strncmp(c->sections[i].name, name, len) == 0) {
            *ret_at = i;
            return &c->sections[i];
        }
    }
    return NULL;
}

/* The section with the longest name that the path begins with; "" is the section of bare words. */
static const struct section *
section_of_path(const struct config *c, const char *path, size_t *ret_at, const char **ret_key)
{
    const struct section *best = NULL;
    size_t best_len = 0;

    for (size_t i = 0; i < c->n_sections; i++) {
        size_t len = strlen(c->sections[i].name);
        bool fits = len == 0 || (strncmp(path, c->sections[i].name, len) == 0 && path[len] == '.');
        if (fits && (!best || len > best_len)) {
            best = &c->sections[i];
            best_len = len;
            *ret_at = i;
            *ret_key = len ? path + len + 1 : path;
        }
    }
    return best;
}

struct all_names {
    const struct config *config;
    size_t section, row;
    char name[192];
};

static const char *
next_name(void *ctx)
{
    struct all_names *it = ctx;

    while (it->section < it->config->n_sections) {
        const struct section *s = &it->config->sections[it->section];
        const struct setting *row = section_row(s, it->row++);
        if (row) {
            (void)snprintf(it->name, sizeof(it->name), "%s%s%s", s->name, s->name[0] ? "." : "", row->name);
            return config_strdup((struct config *)(uintptr_t)it->config, it->name, strlen(it->name));
        }
        it->section++;
        it->row = 0;
    }
    return NULL;
}

static int
unknown_key(struct config *c, const struct item *item, struct err *err)
{
    struct all_names names = {.config = c};
    const char *near = nearest_name(item->path, next_name, &names);
    char at[256];

    return err_set(err, ERR_FORMAT, "%s: unknown setting \"%.100s\"%s%s%s; remora export config lists all settings",
                   origin_text(&item->value.origin, at, sizeof(at)), item->path, near ? ", did you mean \"" : "",
                   near ? near : "", near ? "\"" : "");
}

int
config_assign(struct config *c, const struct item *item, struct err *err)
{
    size_t at = 0;
    const char *key = NULL;
    const struct section *s = section_of_path(c, item->path, &at, &key);
    const struct setting *row = NULL;
    size_t i = 0;

    while (s && (row = section_row(s, i)) && strcmp(row->name, key) != 0)
        i++;
    if (!row)
        return unknown_key(c, item, err);
    struct value v = item->value;
    if (s->name[0])
        (void)snprintf(v.section, sizeof(v.section), "%.30s.", s->name);
    if (!v.is_list && v.n == 1 && (row->type == SETTING_LIST || row->type == SETTING_PORTS))
        v.is_list = true; /* one word stands for a list of one */
    int rc = value_parse(c, row, &v, (char *)c->structs[at] + row->offset, err);
    if (rc < 0)
        return rc;
    c->values[at][i] = v;
    return 0;
}

static bool
is_section_or_parent(const struct config *c, const char *path)
{
    size_t len = strlen(path);

    for (size_t i = 0; i < c->n_sections; i++)
        if (strncmp(c->sections[i].name, path, len) == 0 &&
            (c->sections[i].name[len] == '\0' || c->sections[i].name[len] == '.'))
            return true;
    for (size_t i = 0; i < c->n_sections; i++) {
        const struct setting *row;
        size_t n = strlen(c->sections[i].name);
        if (n > 0 && (strncmp(path, c->sections[i].name, n) != 0 || path[n] != '.'))
            continue;
        const char *key = n > 0 ? path + n + 1 : path;
        size_t key_len = strlen(key);
        for (size_t r = 0; (row = section_row(&c->sections[i], r)); r++)
            if (strncmp(row->name, key, key_len) == 0 && row->name[key_len] == '.')
                return true; /* the row's name has a dot: "permissions.file" */
    }
    return false;
}

static int
assign_all(struct config *c, const struct items *list, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < list->n && rc == 0; i++) {
        const struct item *item = &list->v[i];
        if (item->value.n == 0 && !item->value.is_list) {
            if (!is_section_or_parent(c, item->path) && strchr(item->path, '.') == NULL)
                rc = unknown_key(c, item, err);
            continue; /* a section's head, or a key without a value: the default holds */
        }
        rc = config_assign(c, item, err);
    }
    return rc;
}

static int
set_default(struct config *c, size_t at, size_t i, struct err *err)
{
    const struct section *s = &c->sections[at];
    const struct setting *row = section_row(s, i);
    struct items list = {0};
    int rc = 0;

    c->values[at][i] = (struct value){.origin = {.name = "default"}};
    if (!row->default_text)
        return 0;
    if (row->default_text[0] == '[') {
        rc = yaml_value(c, row->name, row->default_text, &list, err);
    } else {
        const char **one = config_alloc(c, sizeof(*one));
        if (!one)
            return err_set(err, ERR_NOMEM, "no memory for the configuration");
        *one = row->default_text;
        rc = items_add(&list, row->name, &(struct value){.items = one, .n = 1});
    }
    if (rc == 0 && list.n == 1) {
        struct value *v = &list.v[0].value;
        v->origin = (struct origin){.name = "default"};
        v->is_set = false;
        if (row->type == SETTING_LIST || row->type == SETTING_PORTS)
            v->is_list = true;
        rc = value_parse(c, row, v, (char *)c->structs[at] + row->offset, err);
        c->values[at][i] = *v;
    }
    free(list.v);
    return rc;
}

static int
config_new(const struct section *sections, struct config **ret, struct err *err)
{
    struct config *c = calloc(1, sizeof(*c));
    int rc = 0;

    if (!c)
        return err_set(err, ERR_NOMEM, "no memory for the configuration");
    c->sections = sections;
    while (sections[c->n_sections].name && c->n_sections < CONFIG_MAX_SECTIONS)
        c->n_sections++;
    for (size_t at = 0; at < c->n_sections && rc == 0; at++) {
        size_t n = section_n_rows(&sections[at]);
        c->structs[at] = config_alloc(c, sections[at].size);
        c->values[at] = config_alloc(c, (n + 1) * sizeof(struct value));
        if (!c->structs[at] || !c->values[at])
            rc = err_set(err, ERR_NOMEM, "no memory for the configuration");
        for (size_t i = 0; i < n && rc == 0; i++)
            rc = set_default(c, at, i, err);
    }
    if (rc < 0) {
        config_free(c);
        return rc;
    }
    *ret = c;
    return 0;
}

void
config_free(struct config *c)
{
    if (!c)
        return;
    while (c->chunks) {
        struct chunk *next = c->chunks->next;
        free(c->chunks);
        c->chunks = next;
    }
    free(c);
}

static int
apply_text(struct config *c, const char *name, const char *text, size_t len, struct err *err)
{
    struct items raw = {0}, own = {0};
    int rc = yaml_flatten(c, name, text, len, &raw, err);
    enum config_dialect dialect = DIALECT_REMORA;

    if (rc == 0)
        dialect = dialect_of(&raw);
    if (rc == 0 && dialect != DIALECT_REMORA) {
        rc = dialect_translate(c, dialect, &raw, &own, err);
        if (c->dialect == DIALECT_REMORA || dialect != DIALECT_TOPBEAT_1X)
            c->dialect = dialect;
    }
    if (rc == 0)
        rc = assign_all(c, dialect == DIALECT_REMORA ? &raw : &own, err);
    free(raw.v);
    free(own.v);
    return rc;
}

static int
apply_override(struct config *c, const char *text, struct err *err)
{
    const char *eq = strchr(text, '=');
    struct items list = {0};

    if (!eq || eq == text)
        return err_set(err, ERR_USAGE, "-E %s: key=value is expected, for example -E http.ports=[80,8080]", text);
    char *key = config_strdup(c, text, (size_t)(eq - text));
    if (!key)
        return err_set(err, ERR_NOMEM, "no memory for the configuration");
    int rc = yaml_value(c, key, eq + 1, &list, err);
    if (rc == 0 && dialect_of(&list) == DIALECT_PACKETBEAT) {
        struct items own = {0};
        rc = dialect_translate(c, DIALECT_TOPBEAT_1X, &list, &own, err); /* no "absent means off" here */
        if (rc == 0)
            rc = assign_all(c, &own, err);
        free(own.v);
    } else if (rc == 0) {
        rc = assign_all(c, &list, err);
    }
    for (size_t i = 0; i < list.n; i++)
        list.v[i].value.origin = (struct origin){.name = "-E"};
    free(list.v);
    return rc;
}

static int
read_file(const char *path, char **ret, size_t *ret_len, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return err_sys(err, ERR_IO, errno, "cannot read the configuration %s", path);
    if (fstat(fd, &st) < 0 || S_ISDIR(st.st_mode)) {
        close(fd);
        return err_set(err, ERR_IO, "cannot read the configuration %s: it is a directory", path);
    }
    char *text = malloc(CONFIG_MAX_FILE + 1);
    size_t len = 0;
    ssize_t n = 0;
    while (text && len <= CONFIG_MAX_FILE && (n = read(fd, text + len, CONFIG_MAX_FILE + 1 - len)) > 0)
        len += (size_t)n;
    int why = errno;
    close(fd);
    if (text && n >= 0 && len <= CONFIG_MAX_FILE) {
        *ret = text;
        *ret_len = len;
        return 0;
    }
    free(text);
    if (!text)
        return err_set(err, ERR_NOMEM, "no memory for the configuration");
    if (n < 0)
        return err_sys(err, ERR_IO, why, "cannot read the configuration %s", path);
    return err_set(err, ERR_FORMAT, "the configuration %s is larger than 1 MiB", path);
}

int
config_load_text(const struct section *sections, const char *name, const char *text,
                 const struct config_source *source, struct config **ret, struct err *err)
{
    struct config *c = NULL;
    int rc = config_new(sections, &c, err);

    if (rc < 0)
        return rc;
    if (text)
        rc = apply_text(c, name, text, strlen(text), err);
    for (size_t i = 0; source && i < source->n_files && rc == 0; i++) {
        char *bytes = NULL;
        size_t len = 0;
        rc = read_file(source->files[i], &bytes, &len, err);
        if (rc == 0)
            rc = apply_text(c, config_strdup(c, source->files[i], strlen(source->files[i])), bytes, len, err);
        free(bytes);
    }
    for (size_t i = 0; source && i < source->n_overrides && rc == 0; i++)
        rc = apply_override(c, source->overrides[i], err);
    if (rc < 0) {
        config_free(c);
        return rc;
    }
    *ret = c;
    return 0;
}

int
config_load(const struct section *sections, const struct config_source *source, struct config **ret,
            struct err *err)
{
    return config_load_text(sections, NULL, NULL, source, ret, err);
}

const void *
config_get(const struct config *c, const char *section)
{
    size_t at;

    if (!section_find(c, section, strlen(section), &at)) {
        (void)fprintf(stderr, "no such section of settings: %s\n", section);
        abort(); /* a broken invariant of the program, never of its input */
    }
    return c->structs[at];
}

enum config_dialect
config_dialect(const struct config *c)
{
    return c->dialect;
}

size_t
config_n_warnings(const struct config *c)
{
    return c->n_warnings;
}

const char *
config_warning(const struct config *c, size_t i)
{
    return i < c->n_warnings ? c->warnings[i] : "";
}

void
config_snapshot(const struct config *c, uint32_t generation, struct buf *out)
{
    char where[256];

    buf_printf(out, "%s%u %d%c", SNAPSHOT_HEAD, generation, (int)c->dialect, RECORD_SEP);
    for (size_t at = 0; at < c->n_sections; at++) {
        for (size_t i = 0; i < section_n_rows(&c->sections[at]); i++) {
            const struct value *v = &c->values[at][i];
            if (!v->is_set)
                continue;
            buf_printf(out, "%s%c%s%c%s%c%d", c->sections[at].name, UNIT_SEP, section_row(&c->sections[at], i)->name,
                       UNIT_SEP, origin_text(&v->origin, where, sizeof(where)), UNIT_SEP, v->is_list);
            for (size_t k = 0; k < v->n; k++) {
                buf_add_byte(out, UNIT_SEP);
                buf_add_text(out, v->items[k]);
            }
            buf_add_byte(out, RECORD_SEP);
        }
    }
}

/* One record "section key origin is_list items..."; the parts are cut in place. */
static int
restore_record(struct config *c, char *record, struct err *err)
{
    char *parts[4];
    char *p = record;

    for (int i = 0; i < 4; i++) {
        parts[i] = p;
        p += strcspn(p, "\x1f");
        if (*p == '\0' && i < 3)
            return err_set(err, ERR_FORMAT, "the configuration snapshot is damaged");
        if (*p != '\0')
            *p++ = '\0';
    }
    size_t n = 0, cap = 1;
    for (const char *q = p; *q; q++)
        cap += *q == UNIT_SEP;
    const char **items = config_alloc(c, (cap + 1) * sizeof(*items));
    char *path = config_alloc(c, strlen(parts[0]) + strlen(parts[1]) + 2);
    if (!items || !path)
        return err_set(err, ERR_NOMEM, "no memory for the configuration");
    bool has_items = p == parts[3] + 2;
    while (has_items) {
        items[n++] = p;
        p += strcspn(p, "\x1f");
        if (*p == '\0')
            break;
        *p++ = '\0';
    }
    (void)sprintf(path, "%s%s%s", parts[0], parts[0][0] ? "." : "", parts[1]);
    struct item item = {.path = path,
                        .value = {.items = items, .n = n, .is_list = parts[3][0] == '1', .is_set = true,
                                  .origin = {.name = parts[2]}}};
    return config_assign(c, &item, err);
}

int
config_restore(const struct section *sections, struct slice snapshot, uint32_t *ret_generation,
               struct config **ret, struct err *err)
{
    struct config *c = NULL;
    int rc = config_new(sections, &c, err);
    unsigned generation = 0;
    int dialect = 0;

    if (rc < 0)
        return rc;
    char *text = config_strdup(c, (const char *)snapshot.p, snapshot.len);
    if (!text || sscanf(text, "remora-config 1 %u %d", &generation, &dialect) != 2 || dialect < 0 ||
        dialect > DIALECT_TOPBEAT_1X)
        rc = err_set(err, ERR_FORMAT, "the configuration snapshot is damaged");
    char *p = rc == 0 ? strchr(text, RECORD_SEP) : NULL;
    while (rc == 0 && p && *++p != '\0') {
        char *end = strchr(p, RECORD_SEP);
        if (!end) {
            rc = err_set(err, ERR_FORMAT, "the configuration snapshot is damaged");
            break;
        }
        *end = '\0';
        rc = restore_record(c, p, err);
        p = end;
    }
    if (rc < 0) {
        config_free(c);
        return rc;
    }
    c->dialect = (enum config_dialect)dialect;
    if (ret_generation)
        *ret_generation = generation;
    *ret = c;
    return 0;
}
