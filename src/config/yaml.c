/* SPDX-License-Identifier: Apache-2.0 */
/* YAML (libyaml) into flat items "a.b.c: value" with line and column; expands ${VAR:default}. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "config/config_priv.h"

struct flatten {
    struct config *config;
    const char *name;
    yaml_document_t *doc;
    struct items *out;
    struct err *err;
};

int
items_add(struct items *list, const char *path, const struct value *value)
{
    if (list->n >= CONFIG_MAX_KEYS)
        return ERR_NOMEM; /* aliases can repeat a small text without end */
    if (list->n == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 64;
        struct item *v = realloc(list->v, cap * sizeof(*v));
        if (!v)
            return ERR_NOMEM;
        list->v = v;
        list->cap = cap;
    }
    list->v[list->n++] = (struct item){.path = path, .value = *value};
    return 0;
}

static struct origin
origin_of(const struct flatten *f, const yaml_node_t *node)
{
    return (struct origin){.name = f->name,
                           .line = (unsigned)node->start_mark.line + 1,
                           .column = (unsigned)node->start_mark.column + 1};
}

/* Copies `s` with ${VAR} and ${VAR:default} replaced. An unset variable without default is an error. */
static int
expand(const struct flatten *f, const yaml_node_t *node, const char *s, size_t len, const char **ret)
{
    struct buf out;
    int rc = 0;

    buf_init(&out, CONFIG_MAX_FILE);
    for (size_t i = 0; i < len && rc == 0; i++) {
        const char *end = s[i] == '$' && i + 1 < len && s[i + 1] == '{' ? memchr(s + i, '}', len - i) : NULL;
        if (!end) {
            buf_add_byte(&out, (uint8_t)s[i]);
            continue;
        }
        char name[128] = "";
        size_t n = (size_t)(end - (s + i + 2));
        const char *colon = memchr(s + i + 2, ':', n);
        size_t name_len = colon ? (size_t)(colon - (s + i + 2)) : n;
        if (name_len < sizeof(name))
            memcpy(name, s + i + 2, name_len);
        const char *value = name[0] ? getenv(name) : NULL;
        if (value)
            buf_add_text(&out, value);
        else if (colon)
            buf_add(&out, colon + 1, (size_t)(end - colon - 1));
        else
            rc = err_set(f->err, ERR_FORMAT, "%s:%u:%u: the variable %s is not set; set it or write ${%s:default}",
                         f->name, (unsigned)node->start_mark.line + 1, (unsigned)node->start_mark.column + 1, name, name);
        i = (size_t)(end - s);
    }
    if (rc == 0) {
        *ret = config_strdup(f->config, out.p ? (const char *)out.p : "", out.len);
        if (!*ret || out.failed)
            rc = err_set(f->err, ERR_NOMEM, "%s: no memory for the configuration", f->name);
    }
    buf_fini(&out);
    return rc;
}

static int
scalar_text(const struct flatten *f, const yaml_node_t *node, const char **ret)
{
    const char *s = (const char *)node->data.scalar.value;
    size_t len = node->data.scalar.length;

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)s[i] < 0x20 && s[i] != '\n' && s[i] != '\t')
            return err_set(f->err, ERR_FORMAT, "%s:%u:%u: a value holds a control character", f->name,
                           (unsigned)node->start_mark.line + 1, (unsigned)node->start_mark.column + 1);
    return expand(f, node, s, len, ret);
}

/* A list of scalars as one value; false when it has maps or lists inside. */
static bool
is_plain_list(yaml_document_t *doc, const yaml_node_t *node)
{
    for (yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top; i++)
        if (yaml_document_get_node(doc, *i)->type != YAML_SCALAR_NODE)
            return false;
    return true;
}

static int
add_plain_list(const struct flatten *f, const yaml_node_t *node, const char *path)
{
    size_t n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    const char **items = config_alloc(f->config, (n + 1) * sizeof(*items));

    if (!items || n > CONFIG_MAX_ITEMS)
        return err_set(f->err, ERR_NOMEM, "%s:%u: a list of more than %d values", f->name,
                       (unsigned)node->start_mark.line + 1, CONFIG_MAX_ITEMS);
    for (size_t i = 0; i < n; i++) {
        int rc = scalar_text(f, yaml_document_get_node(f->doc, node->data.sequence.items.start[i]), &items[i]);
        if (rc < 0)
            return rc;
    }
    struct value v = {.items = items, .n = n, .is_list = true, .is_set = true, .origin = origin_of(f, node)};
    return items_add(f->out, path, &v);
}

static bool
is_null(const yaml_node_t *node)
{
    const char *s = (const char *)node->data.scalar.value;
    return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (*s == '\0' || strcmp(s, "~") == 0 || strcmp(s, "null") == 0);
}

static const char *
join(struct config *c, const char *path, const char *key)
{
    size_t a = strlen(path), b = strlen(key);
    char *s = config_alloc(c, a + b + 2);

    if (!s)
        return NULL;
    memcpy(s, path, a);
    if (a > 0)
        s[a++] = '.';
    memcpy(s + a, key, b + 1);
    return s;
}

/* The recursion is bounded by CONFIG_MAX_DEPTH. A map without members and a null give an item
 * without values: that the key stands there can mean something (icmp:, flows:). */
static int
flatten_node(const struct flatten *f, int index, const char *path, int depth)
{
    yaml_node_t *node = yaml_document_get_node(f->doc, index);
    int rc = 0;

    if (depth > CONFIG_MAX_DEPTH)
        return err_set(f->err, ERR_FORMAT, "%s:%u: nested deeper than %d levels", f->name,
                       (unsigned)node->start_mark.line + 1, CONFIG_MAX_DEPTH);
    struct value v = {.is_set = true, .origin = origin_of(f, node)};
    if (node->type == YAML_SCALAR_NODE) {
        if (is_null(node))
            return items_add(f->out, path, &v);
        const char **one = config_alloc(f->config, sizeof(*one));
        if (!one)
            return err_set(f->err, ERR_NOMEM, "%s: no memory for the configuration", f->name);
        rc = scalar_text(f, node, one);
        v.items = one;
        v.n = 1;
        return rc < 0 ? rc : items_add(f->out, path, &v);
    }
    if (node->type == YAML_SEQUENCE_NODE) {
        if (is_plain_list(f->doc, node))
            return add_plain_list(f, node, path);
        int i = 0;
        for (yaml_node_item_t *it = node->data.sequence.items.start; it < node->data.sequence.items.top && rc == 0; it++) {
            char number[16];
            (void)snprintf(number, sizeof(number), "%d", i++);
            const char *sub = join(f->config, path, number);
            rc = sub ? flatten_node(f, *it, sub, depth + 1) : ERR_NOMEM;
        }
        return rc;
    }
    if (path[0] != '\0')
        rc = items_add(f->out, path, &v);
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top && rc == 0; pair++) {
        yaml_node_t *key = yaml_document_get_node(f->doc, pair->key);
        if (key->type != YAML_SCALAR_NODE)
            return err_set(f->err, ERR_FORMAT, "%s:%u: a key is not a word", f->name, (unsigned)key->start_mark.line + 1);
        const char *sub = join(f->config, path, (const char *)key->data.scalar.value);
        rc = sub ? flatten_node(f, pair->value, sub, depth + 1) : ERR_NOMEM;
    }
    return rc;
}

static int
yaml_refuse(const yaml_parser_t *p, const char *name, struct err *err)
{
    return err_set(err, ERR_FORMAT, "%s:%u:%u: not valid YAML: %s%s%s", name, (unsigned)p->problem_mark.line + 1,
                   (unsigned)p->problem_mark.column + 1, p->problem ? p->problem : "unreadable",
                   p->context ? ", " : "", p->context ? p->context : "");
}

static int
flatten_text(struct config *c, const char *name, const char *text, size_t len, const char *root_path,
             struct items *ret, struct err *err)
{
    yaml_parser_t parser;
    yaml_document_t doc;
    int rc = 0;

    if (!yaml_parser_initialize(&parser))
        return err_set(err, ERR_NOMEM, "%s: no memory for the configuration", name);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    if (!yaml_parser_load(&parser, &doc)) {
        rc = yaml_refuse(&parser, name, err);
        yaml_parser_delete(&parser);
        return rc;
    }
    yaml_node_t *root = yaml_document_get_root_node(&doc);
    struct flatten f = {.config = c, .name = name, .doc = &doc, .out = ret, .err = err};
    if (root && root_path[0] == '\0' && root->type != YAML_MAPPING_NODE)
        rc = is_null(root) && root->type == YAML_SCALAR_NODE
                 ? 0
                 : err_set(err, ERR_FORMAT, "%s: holds no settings (a map of keys and values is expected)", name);
    else if (root)
        rc = flatten_node(&f, 1, root_path, 0);
    if (rc == ERR_NOMEM)
        err_set(err, rc, "%s: more than %d keys, or no memory for them", name, CONFIG_MAX_KEYS);
    yaml_document_delete(&doc);
    yaml_parser_delete(&parser);
    return rc;
}

int
yaml_flatten(struct config *c, const char *name, const char *text, size_t len, struct items *ret, struct err *err)
{
    if (memchr(text, '\0', len))
        return err_set(err, ERR_FORMAT, "%s: is not a text file", name);
    return flatten_text(c, name, text, len, "", ret, err);
}

int
yaml_value(struct config *c, const char *key, const char *text, struct items *ret, struct err *err)
{
    return flatten_text(c, "-E", text, strlen(text), key, ret, err);
}
