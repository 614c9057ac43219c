/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packetbeat's dialects (today's and 1.x) and topbeat.yml into remora's own setting names. First a
 * 1.x name becomes today's name, then one table serves both. What has no counterpart becomes a
 * warning, never silence.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_priv.h"

enum action {
    ACT_COPY,     /* the value as it is */
    ACT_MB,       /* a number of megabytes */
    ACT_KB,       /* a number of kilobytes */
    ACT_IGNORE,   /* has no meaning here, and nobody loses anything by it */
    ACT_MISSING   /* not supported: a warning */
};

struct rule {
    const char *from; /* a whole name, or a prefix that ends with a dot */
    const char *to;
    enum action action;
};

/* 1.x and beta names to today's. */
static const struct rule old_names[] = {
    {"interfaces.", "packetbeat.interfaces.", ACT_COPY},
    {"protocols.", "packetbeat.protocols.", ACT_COPY},
    {"procs.", "packetbeat.procs.", ACT_COPY},
    {"agent.name", "name", ACT_COPY},
    {"agent.tags", "tags", ACT_COPY},
    {"shipper.name", "name", ACT_COPY},
    {"shipper.tags", "tags", ACT_COPY},
    {"shipper.ignore_outgoing", "packetbeat.ignore_outgoing", ACT_COPY},
    {"shipper.queue_size", "queue.mem.events", ACT_COPY},
    {"shipper.geoip.paths", "geoip.paths", ACT_COPY},
};

static const struct rule rules[] = {
    {"packetbeat.interfaces.device", "capture.interfaces", ACT_COPY},
    {"packetbeat.interfaces.devices", "capture.interfaces", ACT_COPY},
    {"packetbeat.interfaces.snaplen", "capture.snaplen", ACT_COPY},
    {"packetbeat.interfaces.buffer_size_mb", "capture.ring", ACT_MB},
    {"packetbeat.interfaces.bpf_filter", "capture.filter", ACT_COPY},
    {"packetbeat.interfaces.auto_promisc_mode", "capture.promiscuous", ACT_COPY},
    {"packetbeat.interfaces.internal_networks", "enrich.internal_networks", ACT_COPY},
    {"packetbeat.interfaces.type", NULL, ACT_IGNORE},
    {"packetbeat.interfaces.with_vlans", NULL, ACT_IGNORE},
    {"packetbeat.interfaces.metrics_interval", NULL, ACT_IGNORE},
    {"packetbeat.interfaces.poll_default_route", NULL, ACT_IGNORE},
    {"packetbeat.flows.enabled", "flows.enabled", ACT_COPY},
    {"packetbeat.flows.timeout", "flows.timeout", ACT_COPY},
    {"packetbeat.flows.period", "flows.period", ACT_COPY},
    {"packetbeat.flows.enable_delta_flow_reports", "flows.enable_delta_flow_reports", ACT_COPY},
    {"packetbeat.flows.keep_null", NULL, ACT_IGNORE},
    {"packetbeat.shutdown_timeout", NULL, ACT_IGNORE},
    {"packetbeat.overwrite_pipelines", NULL, ACT_IGNORE},
    {"name", "enrich.name", ACT_COPY},
    {"tags", "enrich.tags", ACT_COPY},
    {"geoip.paths", "enrich.geoip", ACT_COPY},
    {"timestamp.precision", "timestamp.precision", ACT_COPY},
    {"output.console.enabled", "output.console.enabled", ACT_COPY},
    {"output.console.pretty", NULL, ACT_IGNORE},
    {"output.file.enabled", "output.file.enabled", ACT_COPY},
    {"output.file.path", "output.file.path", ACT_COPY},
    {"output.file.filename", "output.file.filename", ACT_COPY},
    {"output.file.rotate_every_kb", "output.file.rotate_every_size", ACT_KB},
    {"output.file.number_of_files", "output.file.number_of_files", ACT_COPY},
    {"output.file.permissions", "output.file.permissions", ACT_COPY},
    {"output.file.rotate_on_startup", "output.file.rotate_on_startup", ACT_COPY},
    {"output.elasticsearch.index", "store.index_traffic", ACT_COPY},
    {"logging.level", "log.level", ACT_COPY},
    {"max_procs", NULL, ACT_IGNORE},
    {"runoptions.", NULL, ACT_IGNORE}, /* privileges are dropped in any case */
    {"seccomp.", NULL, ACT_IGNORE},
    {"path.", NULL, ACT_IGNORE},
};

/* Options that every protocol of Packetbeat has and that mean the same here. */
static const char *const renamed_options[][2] = {
    {"strip_authorization", "redact_authorization"},
    {NULL, NULL},
};

static bool
has_prefix(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* The first word of a dotted path. */
static bool
begins_with_word(const char *path, const char *word)
{
    size_t len = strlen(word);
    return strncasecmp(path, word, len) == 0 && (path[len] == '\0' || path[len] == '.');
}

enum config_dialect
dialect_of(const struct items *list)
{
    static const char *const old[] = {"interfaces", "protocols", "shipper", "agent", "procs"};

    for (size_t i = 0; i < list->n; i++)
        if (begins_with_word(list->v[i].path, "packetbeat"))
            return DIALECT_PACKETBEAT;
    for (size_t i = 0; i < list->n; i++) {
        if (begins_with_word(list->v[i].path, "input"))
            return DIALECT_TOPBEAT_1X;
        for (size_t k = 0; k < sizeof(old) / sizeof(old[0]); k++)
            if (begins_with_word(list->v[i].path, old[k]))
                return DIALECT_PACKETBEAT_1X;
    }
    return DIALECT_REMORA;
}

struct translation {
    struct config *config;
    const struct items *from;
    struct items *to;
    struct err *err;
    struct value interfaces; /* devices of all interface entries together */
    bool has_flows, has_file_output, has_console_output;
};

static int
put(struct translation *t, const char *path, const struct value *v)
{
    if (items_add(t->to, path, v) < 0)
        return err_set(t->err, ERR_NOMEM, "%s: too many settings", v->origin.name);
    return 0;
}

static int
put_text(struct translation *t, const char *path, const char *text, struct origin at)
{
    const char **one = config_alloc(t->config, sizeof(*one));

    if (!one)
        return err_set(t->err, ERR_NOMEM, "no memory for the configuration");
    *one = text;
    return put(t, path, &(struct value){.items = one, .n = 1, .is_set = true, .origin = at});
}

static char *
text_of(struct translation *t, const char *a, const char *b)
{
    char line[512];
    int n = snprintf(line, sizeof(line), "%s%s", a, b);
    return config_strdup(t->config, line, n < 0 ? 0 : (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

/* One more device of the interfaces section; several entries add up. */
static int
add_devices(struct translation *t, const struct value *v)
{
    size_t n = t->interfaces.n + v->n;
    const char **items = config_alloc(t->config, (n + 1) * sizeof(*items));

    if (!items)
        return err_set(t->err, ERR_NOMEM, "no memory for the configuration");
    for (size_t i = 0; i < n; i++)
        items[i] = i < t->interfaces.n ? t->interfaces.items[i] : v->items[i - t->interfaces.n];
    t->interfaces = (struct value){.items = items, .n = n, .is_list = true, .is_set = true, .origin = v->origin};
    return 0;
}

static int
put_amount(struct translation *t, const struct rule *rule, const struct value *v)
{
    if (v->n != 1)
        return put(t, rule->to, v);
    const char *text = text_of(t, v->items[0], rule->action == ACT_MB ? "MiB" : "KiB");
    return text ? put_text(t, rule->to, text, v->origin) : ERR_NOMEM;
}

/* Takes a list number behind `prefix` away: "packetbeat.interfaces.0.device". */
static const char *
without_number(struct translation *t, const char *path, const char *prefix)
{
    size_t len = strlen(prefix);

    if (!has_prefix(path, prefix) || !isdigit((unsigned char)path[len]))
        return path;
    const char *rest = path + len;
    while (isdigit((unsigned char)*rest))
        rest++;
    return *rest == '.' ? text_of(t, prefix, rest + 1) : path;
}

static int
apply_rule(struct translation *t, const struct rule *rule, const struct item *item)
{
    const struct value *v = &item->value;

    switch (rule->action) {
    case ACT_COPY:
        if (strcmp(rule->to, "capture.interfaces") == 0)
            return add_devices(t, v);
        return put(t, rule->to, v);
    case ACT_MB:
    case ACT_KB:
        return put_amount(t, rule, v);
    case ACT_IGNORE:
        return 0;
    case ACT_MISSING:
        break;
    }
    config_warn(t->config, &v->origin, "%s is not supported and has no effect", item->path);
    return 0;
}

/* The type of protocol entry `number` of a list ("packetbeat.protocols.3.type"); NULL: none. */
static const char *
listed_type(const struct translation *t, const char *number, size_t len)
{
    char want[64];

    (void)snprintf(want, sizeof(want), "packetbeat.protocols.%.*s.type", (int)len, number);
    for (size_t i = 0; i < t->from->n; i++)
        if (strcmp(t->from->v[i].path, want) == 0 && t->from->v[i].value.n == 1)
            return t->from->v[i].value.items[0];
    return NULL;
}

static bool
row_exists(const struct section *s, const char *name)
{
    const struct setting *row;
    for (size_t i = 0; (row = section_row(s, i)); i++)
        if (strcmp(row->name, name) == 0)
            return true;
    return false;
}

/* packetbeat.protocols.<type>.<option> or packetbeat.protocols.<n>.<option>. */
static int
translate_protocol(struct translation *t, const struct item *item, const char *rest)
{
    size_t len = strcspn(rest, ".");
    const char *option = rest[len] == '.' ? rest + len + 1 : "";
    char type[64];
    const char *name = isdigit((unsigned char)rest[0]) ? listed_type(t, rest, len) : NULL;

    (void)snprintf(type, sizeof(type), "%.*s", name ? (int)strlen(name) : (int)len, name ? name : rest);
    size_t at;
    const struct section *s = section_find(t->config, type, strlen(type), &at);
    if (!s || !s->common) {
        if (strcmp(option, "type") == 0 || option[0] == '\0')
            config_warn(t->config, &item->value.origin, "the protocol %s is not decoded", type);
        return 0;
    }
    if (strcmp(option, "type") == 0 || option[0] == '\0')
        return put_text(t, text_of(t, type, ".enabled"), "true", item->value.origin);
    for (size_t i = 0; renamed_options[i][0]; i++)
        if (strcmp(option, renamed_options[i][0]) == 0)
            option = renamed_options[i][1];
    if (!row_exists(s, option)) {
        config_warn(t->config, &item->value.origin, "%s.%s is not supported and has no effect", type, option);
        return 0;
    }
    char path[256];
    (void)snprintf(path, sizeof(path), "%s.%s", type, option);
    return put(t, config_strdup(t->config, path, strlen(path)), &item->value);
}

/* 1.x: hosts on this machine mean the embedded store; others cannot be shipped to. */
static int
translate_elasticsearch(struct translation *t, const struct item *item)
{
    const struct value *v = &item->value;

    for (size_t i = 0; i < v->n; i++) {
        const char *host = strstr(v->items[i], "://") ? strstr(v->items[i], "://") + 3 : v->items[i];
        if (!begins_with_word(host, "localhost") && !has_prefix(host, "localhost:") && !has_prefix(host, "127.0.0.1") &&
            !has_prefix(host, "[::1]"))
            config_warn(t->config, &v->origin,
                        "output.elasticsearch: events are kept in the embedded store; shipping to %s is not supported", v->items[i]);
    }
    return 0;
}

static const struct rule *
find_rule(const struct rule *table, size_t n, const char *path)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(table[i].from);
        bool is_prefix = table[i].from[len - 1] == '.';
        if (is_prefix ? strncasecmp(path, table[i].from, len) == 0 : strcasecmp(path, table[i].from) == 0)
            return &table[i];
    }
    return NULL;
}

/* Today's name of a 1.x name; other names as they are. Keys of 1.x know no case. */
static const char *
todays_name(struct translation *t, enum config_dialect dialect, const char *path)
{
    if (dialect == DIALECT_PACKETBEAT)
        return path;
    char *lower = config_strdup(t->config, path, strlen(path));
    for (char *p = lower; p && *p; p++)
        *p = (char)tolower((unsigned char)*p);
    if (!lower)
        return path;
    const struct rule *rule = find_rule(old_names, sizeof(old_names) / sizeof(old_names[0]), lower);
    if (!rule)
        return lower;
    size_t len = strlen(rule->from);
    return rule->from[len - 1] == '.' ? text_of(t, rule->to, lower + len) : rule->to;
}

/* A word for keys of the peers that are known and do nothing here yet: one warning a section. */
static void
warn_missing(struct translation *t, const struct item *item, const char *path)
{
    static const char *const sections[] = {"output", "setup", "monitoring", "processors", "cloud", "queue", "http",
                                           "packetbeat.procs", "input", "logging", "features", "instrumentation", "xpack"};
    char word[128];
    size_t len = 0;

    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
        if (begins_with_word(path, sections[i]))
            len = strlen(sections[i]);
    if (len > 0 && begins_with_word(path, "output") && path[len] == '.')
        len += 1 + strcspn(path + len + 1, ".");
    (void)snprintf(word, sizeof(word), "%.*s", len ? (int)len : (int)strlen(path), path);
    for (size_t i = 0; i < t->config->n_warnings; i++) {
        const char *said = strstr(t->config->warnings[i], ": ");
        if (said && has_prefix(said + 2, word) && has_prefix(said + 2 + strlen(word), " is not"))
            return;
    }
    config_warn(t->config, &item->value.origin, "%s is not supported and has no effect", word);
}

/* A map in the file gives an item of its own name without a value; only some of them mean something. */
static int
translate_bare(struct translation *t, const struct item *item, const char *path)
{
    if (begins_with_word(path, "packetbeat.flows") && !strchr(path + 11, '.'))
        t->has_flows = true;
    if (strcmp(path, "output.file") == 0)
        t->has_file_output = true;
    if (strcmp(path, "output.console") == 0)
        t->has_console_output = true;
    if (has_prefix(path, "packetbeat.protocols.") && !strchr(path + 21, '.') && !isdigit((unsigned char)path[21]))
        return translate_protocol(t, item, path + 21);
    return 0;
}

static int
translate_item(struct translation *t, enum config_dialect dialect, const struct item *item)
{
    const char *path = todays_name(t, dialect, item->path);

    path = without_number(t, path, "packetbeat.interfaces.");
    if (has_prefix(path, "packetbeat.flows"))
        t->has_flows = true;
    if (has_prefix(path, "output.file."))
        t->has_file_output = true;
    if (has_prefix(path, "output.console."))
        t->has_console_output = true;
    if (item->value.n == 0 && !item->value.is_list)
        return translate_bare(t, item, path);
    if (has_prefix(path, "packetbeat.protocols."))
        return translate_protocol(t, item, path + 21);
    if (strcmp(path, "output.elasticsearch.hosts") == 0)
        return translate_elasticsearch(t, item);
    if (strcmp(path, "output.elasticsearch.index") == 0 && item->value.n == 1 && strstr(item->value.items[0], "%{"))
        return put_text(t, "store.index_traffic", "packetbeat", item->value.origin);
    if (has_prefix(path, "output.elasticsearch."))
        if (!find_rule(rules, sizeof(rules) / sizeof(rules[0]), path))
            return 0; /* the embedded store needs neither password nor template */
    const struct rule *rule = find_rule(rules, sizeof(rules) / sizeof(rules[0]), path);
    if (rule)
        return apply_rule(t, rule, item);
    warn_missing(t, item, path);
    return 0;
}

static bool
was_put(const struct items *list, const char *path)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->v[i].path, path) == 0)
            return true;
    return false;
}

/* What a Packetbeat file means by leaving something out. */
static int
translate_absent(struct translation *t, struct origin at)
{
    int rc = put_text(t, "detect", "ports", at);

    if (rc == 0 && !t->has_flows)
        rc = put_text(t, "flows.enabled", "false", at);
    if (rc == 0 && !was_put(t->to, "store.index_traffic"))
        rc = put_text(t, "store.index_traffic", "packetbeat", at);
    if (rc == 0 && t->has_file_output && !was_put(t->to, "output.file.enabled"))
        rc = put_text(t, "output.file.enabled", "true", at);
    if (rc == 0 && t->has_console_output && !was_put(t->to, "output.console.enabled"))
        rc = put_text(t, "output.console.enabled", "true", at);
    for (size_t i = 0; rc == 0 && i < t->config->n_sections; i++) {
        const struct section *s = &t->config->sections[i];
        char path[128];
        (void)snprintf(path, sizeof(path), "%s.", s->name);
        bool is_named = false;
        for (size_t k = 0; k < t->to->n && !is_named; k++)
            is_named = has_prefix(t->to->v[k].path, path);
        if (s->common && !is_named)
            rc = put_text(t, text_of(t, path, "enabled"), "false", at);
    }
    return rc;
}

int
dialect_translate(struct config *c, enum config_dialect dialect, const struct items *from, struct items *to,
                  struct err *err)
{
    struct translation t = {.config = c, .from = from, .to = to, .err = err};
    int rc = 0;

    for (size_t i = 0; i < from->n && rc == 0; i++)
        rc = translate_item(&t, dialect, &from->v[i]);
    if (rc == 0 && t.interfaces.n > 0)
        rc = put(&t, "capture.interfaces", &t.interfaces);
    if (rc == 0 && dialect != DIALECT_TOPBEAT_1X)
        rc = translate_absent(&t, from->n ? (struct origin){.name = from->v[0].value.origin.name}
                                          : (struct origin){.name = "default"});
    return rc;
}
