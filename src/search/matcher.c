/* SPDX-License-Identifier: Apache-2.0 */
/* The query DSL evaluated on records in memory, for the live stream: bool, term(s), match, range, exists, prefix, wildcard. */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#include "event/value.h"
#include "search/search_priv.h"

enum { NODES_MAX = 256, VALUE_TEXT = 512 };

enum op { OP_ALL, OP_NONE, OP_AND, OP_OR, OP_NOT, OP_EQUAL, OP_LIKE, OP_PREFIX, OP_EXISTS, OP_RANGE };

struct node {
    enum op op;
    uint16_t field;
    struct slice key;      /* of a map field */
    double scale;
    char *text;
    double lo, hi;
    bool lo_open, hi_open;
    uint16_t first, next;  /* children, siblings; 0: none */
};

struct matcher {
    const struct schema *schema;
    struct node nodes[NODES_MAX];
    uint16_t n;
    struct sql refusal;    /* only for its status, type and reason */
};

static uint16_t
add_node(struct matcher *m, enum op op)
{
    if (m->n == NODES_MAX) {
        (void)sql_refuse(&m->refusal, 400, "too_many_clauses", "a live filter has at most %d clauses", NODES_MAX);
        return 0;
    }
    m->nodes[m->n] = (struct node){.op = op};
    return m->n++;
}

static void
add_child(struct matcher *m, uint16_t parent, uint16_t child)
{
    m->nodes[child].next = m->nodes[parent].first;
    m->nodes[parent].first = child;
}

/* A leaf about one field; a name that does not exist matches nothing. */
static uint16_t
leaf(struct matcher *m, enum op op, const char *name, const char *text)
{
    uint16_t i = add_node(m, op);
    struct node *n = &m->nodes[i];

    n->field = schema_find(m->schema, slice_text(name), &n->scale, NULL);
    if (n->field == 0) {
        char prefix[256];
        (void)snprintf(prefix, sizeof(prefix), "%s", name);
        for (char *dot; n->field == 0 && (dot = strrchr(prefix, '.'));) {
            *dot = '\0';
            uint16_t id = schema_find(m->schema, slice_text(prefix), &n->scale, NULL);
            const struct field *f = schema_field(m->schema, id);
            if (f && f->kind == KIND_MAP) {
                n->field = id;
                char *key = strdup(name + strlen(prefix) + 1);
                n->key = slice_text(key ? key : "");
            }
        }
    }
    if (n->field == 0 && op != OP_EXISTS)
        n->op = OP_NONE;
    n->text = text ? strdup(text) : NULL;
    return i;
}

static const char *
scalar(const json_t *v, char out[64])
{
    if (json_is_string(v))
        return json_string_value(v);
    if (json_is_integer(v))
        (void)snprintf(out, 64, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    else if (json_is_real(v))
        (void)snprintf(out, 64, "%.15g", json_real_value(v));
    else if (json_is_boolean(v))
        (void)snprintf(out, 64, "%s", json_is_true(v) ? "true" : "false");
    else
        return NULL;
    return out;
}

static uint16_t compile(struct matcher *m, const json_t *query, int depth);

static uint16_t
compile_list(struct matcher *m, const json_t *list, enum op op, int depth)
{
    uint16_t parent = add_node(m, op);
    size_t n = json_is_array(list) ? json_array_size(list) : 1;

    for (size_t i = 0; i < n && m->refusal.status == 0; i++)
        add_child(m, parent, compile(m, json_is_array(list) ? json_array_get(list, i) : list, depth + 1));
    return parent;
}

static uint16_t
compile_bool(struct matcher *m, const json_t *body, int depth)
{
    uint16_t all = add_node(m, OP_AND);
    json_t *must = json_object_get(body, "must"), *filter = json_object_get(body, "filter");
    json_t *should = json_object_get(body, "should"), *not = json_object_get(body, "must_not");

    if (must)
        add_child(m, all, compile_list(m, must, OP_AND, depth));
    if (filter)
        add_child(m, all, compile_list(m, filter, OP_AND, depth));
    if (should && !must && !filter && (!json_is_array(should) || json_array_size(should) > 0))
        add_child(m, all, compile_list(m, should, OP_OR, depth));
    if (not) {
        uint16_t no = add_node(m, OP_NOT);
        add_child(m, no, compile_list(m, not, OP_OR, depth));
        add_child(m, all, no);
    }
    return all;
}

static uint16_t
compile_range(struct matcher *m, const char *field, const json_t *spec)
{
    uint16_t i = leaf(m, OP_RANGE, field, NULL);
    const struct field *f = schema_field(m->schema, m->nodes[i].field);
    struct node *n = &m->nodes[i];
    static const char *const names[] = {"gt", "gte", "lt", "lte"};

    n->lo = -1e300;
    n->hi = 1e300;
    for (int k = 0; k < 4; k++) {
        json_t *v = json_object_get(spec, names[k]);
        double d = json_number_value(v);
        if (!v)
            continue;
        int64_t t;
        if (f && f->kind == KIND_TIME && json_is_string(v) && parse_time(json_string_value(v), m->refusal.now_ns, k == 0 || k == 3, &t))
            d = (double)t;
        else if (json_is_string(v))
            d = atof(json_string_value(v));
        else if (f && f->kind == KIND_TIME)
            d *= 1e6;
        if (k < 2) {
            n->lo = d;
            n->lo_open = k == 0;
        } else {
            n->hi = d;
            n->hi_open = k == 2;
        }
    }
    return i;
}

static uint16_t
compile_terms(struct matcher *m, const char *field, const json_t *list)
{
    uint16_t any = add_node(m, OP_OR);
    char text[64];

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *v = scalar(json_array_get(list, i), text);
        if (v)
            add_child(m, any, leaf(m, OP_EQUAL, field, v));
    }
    return any;
}

static uint16_t
compile(struct matcher *m, const json_t *query, int depth)
{
    char text[64];
    const char *kind = NULL, *field = NULL;
    json_t *body = NULL, *v = NULL;

    if (depth > QUERY_MAX_DEPTH || !json_is_object(query)) {
        (void)sql_refuse(&m->refusal, 400, "parsing_exception", "the filter is malformed or nested too deeply");
        return 0;
    }
    json_object_foreach((json_t *)(uintptr_t)query, kind, body)
        break;
    if (!kind || strcmp(kind, "match_all") == 0)
        return add_node(m, OP_ALL);
    if (strcmp(kind, "match_none") == 0)
        return add_node(m, OP_NONE);
    if (strcmp(kind, "bool") == 0)
        return compile_bool(m, body, depth);
    if (strcmp(kind, "exists") == 0) {
        const char *name = json_string_value(json_object_get(body, "field"));
        return leaf(m, OP_EXISTS, name ? name : "", name);
    }
    json_object_foreach(body, field, v)
        break;
    if (field && strcmp(kind, "range") == 0)
        return compile_range(m, field, v);
    if (field && strcmp(kind, "terms") == 0)
        return compile_terms(m, field, v);
    if (json_is_object(v))
        v = json_object_get(v, "value") ? json_object_get(v, "value") : json_object_get(v, "query");
    const char *value = v ? scalar(v, text) : NULL;
    if (field && value) {
        if (strcmp(kind, "term") == 0 || strcmp(kind, "match") == 0 || strcmp(kind, "match_phrase") == 0)
            return leaf(m, OP_EQUAL, field, value);
        if (strcmp(kind, "wildcard") == 0)
            return leaf(m, OP_LIKE, field, value);
        if (strcmp(kind, "prefix") == 0)
            return leaf(m, OP_PREFIX, field, value);
    }
    (void)sql_refuse(&m->refusal, 400, "parsing_exception", "[%.60s] cannot be used as a live filter", kind);
    return 0;
}

struct matcher *
matcher_new(const struct schema *schema, const json_t *query, json_t **ret_error)
{
    struct matcher *m = calloc(1, sizeof(*m));

    if (!m)
        return NULL;
    m->schema = schema;
    sql_init(&m->refusal, schema);
    m->n = 1; /* 0 is no node */
    uint16_t root = compile(m, query, 0);
    m->nodes[0] = (struct node){.op = OP_AND, .first = root};
    if (m->refusal.status == 0)
        return m;
    *ret_error = search_error(m->refusal.status, m->refusal.type, m->refusal.reason, NULL);
    matcher_free(m);
    return NULL;
}

void
matcher_free(struct matcher *m)
{
    if (!m)
        return;
    for (uint16_t i = 0; i < m->n; i++) {
        free(m->nodes[i].text);
        if (m->nodes[i].key.len)
            free((void *)(uintptr_t)m->nodes[i].key.p);
    }
    sql_fini(&m->refusal);
    free(m);
}

static size_t
value_text(const struct cell *c, char out[VALUE_TEXT])
{
    uint8_t *p = (uint8_t *)out;

    switch ((enum field_kind)c->kind) {
    case KIND_UINT:
    case KIND_DURATION:
    case KIND_TIME:
        return (size_t)(value_uint(p, c->n.u) - p);
    case KIND_INT:
        return (size_t)(value_int(p, c->n.i) - p);
    case KIND_BOOL:
        return (size_t)snprintf(out, VALUE_TEXT, "%s", c->n.u ? "true" : "false");
    case KIND_IP:
        return (size_t)(value_ip(p, c->bytes) - p);
    default: {
        size_t n = c->bytes.len < VALUE_TEXT - 1 ? c->bytes.len : VALUE_TEXT - 1;
        memcpy(out, c->bytes.p, n);
        return n;
    }
    }
}

static double
cell_number(const struct cell *c)
{
    switch ((enum field_kind)c->kind) {
    case KIND_INT:
        return (double)c->n.i;
    case KIND_FLOAT:
        return c->n.f;
    case KIND_TEXT:
    case KIND_MAP:
    case KIND_BYTES:
    case KIND_IP:
        return -1e301;
    default:
        return (double)c->n.u;
    }
}

static bool
fits_text(const struct node *n, const char *text, size_t len)
{
    struct slice value = slice_of(text, len), want = slice_text(n->text ? n->text : "");

    if (n->op == OP_EQUAL)
        return slice_eq(value, want);
    if (n->op == OP_PREFIX)
        return slice_starts(value, want);
    char z[VALUE_TEXT + 1];
    memcpy(z, text, len);
    z[len] = '\0';
    return fnmatch(n->text ? n->text : "", z, 0) == 0;
}

static bool
fits_cell(const struct node *n, const struct cell *c)
{
    char text[VALUE_TEXT];

    if (n->key.len && !slice_eq(n->key, c->key))
        return false;
    if (n->op == OP_EXISTS)
        return true;
    if (n->op == OP_RANGE) {
        double d = cell_number(c) * (n->scale != 0 ? n->scale : 1);
        return (n->lo_open ? d > n->lo : d >= n->lo) && (n->hi_open ? d < n->hi : d <= n->hi);
    }
    return fits_text(n, text, value_text(c, text));
}

/* Does any value of the field fit? What follows from the dataset counts as a value. */
static bool
fits_record(const struct matcher *m, const struct node *n, const struct record *r)
{
    struct cell_walk walk;
    struct cell c;
    bool any = false;

    if (n->field == FIELD_TIMESTAMP) {
        c = (struct cell){.field = n->field, .kind = KIND_TIME, .n.u = r->head->time_ns};
        return fits_cell(n, &c);
    }
    record_cells(r, NULL, &walk);
    while (cell_next(&walk, &c)) {
        if (c.field != n->field)
            continue;
        any = true;
        if (fits_cell(n, &c))
            return true;
    }
    const char *fixed = any || n->field == 0 ? NULL : schema_const(m->schema, r->head->dataset, n->field);
    for (const char *p = fixed; p && *p;) {
        size_t len = strcspn(p, ",");
        c = (struct cell){.field = n->field, .kind = KIND_TEXT, .bytes = slice_of(p, len)};
        if (fits_cell(n, &c))
            return true;
        p += len + (p[len] == ',');
    }
    return false;
}

/* The depth is bounded by compile(). */
static bool
eval(const struct matcher *m, uint16_t i, const struct record *r)
{
    const struct node *n = &m->nodes[i];

    switch (n->op) {
    case OP_ALL:
        return true;
    case OP_NONE:
        return false;
    case OP_AND:
        for (uint16_t k = n->first; k; k = m->nodes[k].next)
            if (!eval(m, k, r))
                return false;
        return true;
    case OP_OR:
        for (uint16_t k = n->first; k; k = m->nodes[k].next)
            if (eval(m, k, r))
                return true;
        return false;
    case OP_NOT:
        return !eval(m, n->first, r);
    default:
        return fits_record(m, n, r);
    }
}

bool
matcher_match(const struct matcher *m, const struct record *r)
{
    return eval(m, 0, r);
}
