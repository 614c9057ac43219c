/* SPDX-License-Identifier: Apache-2.0 */
/* What the NDJSON encoder prepares once per schema: the order of keys, their texts, constants. */
#include <stdlib.h>

#include "event/ndjson_priv.h"

enum { MAX_WORD = 128, CONST_TEXT = 64, CONST_ROOM = 1024 };

static void *
must_calloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);
    if (!p)
        abort();
    return p;
}

static int
compare_slots(const void *a, const void *b)
{
    const struct ndjson_slot *x = a, *y = b;
    int order = schema_compare_names(x->name, y->name);

    if (order != 0)
        return order;
    return (x->scale > y->scale) - (x->scale < y->scale);
}

static void
add_slot(struct ndjson *n, const struct field *row, uint16_t field)
{
    const struct field *f = schema_field(n->schema, field);

    n->slots[n->n_slots++] = (struct ndjson_slot){.name = row->name,
                                                  .scale = row->scale,
                                                  .field = field,
                                                  .kind = f->kind,
                                                  .flags = (uint8_t)(f->flags | row->flags),
                                                  .prev = NDJSON_NO_SLOT};
}

/* Is `name` a member of the object that `of` would be? */
static bool
is_below(const char *name, const char *of)
{
    size_t len = strlen(of);
    return strncmp(name, of, len) == 0 && (name[len] == '.' || name[len] == 0);
}

/* One slot for each name; a name that is taken, or below a value, is left out. */
static void
sort_slots(struct ndjson *n)
{
    uint16_t kept = 0;

    qsort(n->slots, n->n_slots, sizeof(*n->slots), compare_slots);
    for (uint16_t i = 0; i < n->n_slots; i++)
        if (kept == 0 || !is_below(n->slots[i].name, n->slots[kept - 1].name))
            n->slots[kept++] = n->slots[i];
    n->n_slots = kept;
    n->n_words = (uint16_t)(kept / 64 + 1);
}

static void
make_slots(struct ndjson *n)
{
    uint16_t n_fields = schema_n_fields(n->schema);
    size_t n_aliases = n->options.flat_names ? schema_n_aliases(n->schema) : 0;

    n->slots = must_calloc(n_fields + n_aliases, sizeof(*n->slots));
    for (uint16_t i = 1; i < n_fields; i++) {
        const struct field *f = schema_field(n->schema, i);
        if (f->flags & FIELD_MIRROR)
            add_slot(n, f, f->of);
        else if (f->of == 0) /* members are shown with their group */
            add_slot(n, f, i);
    }
    for (size_t i = 0; i < n_aliases; i++) {
        const struct field *a = schema_alias(n->schema, i);
        const struct field *f = schema_field(n->schema, a->of);
        if (f->of == 0 && f->kind != KIND_GROUP)
            add_slot(n, a, a->of);
    }
    sort_slots(n);
}

static bool
is_shown(const struct ndjson_slot *slot, int with_mirrors)
{
    return with_mirrors || !(slot->flags & FIELD_MIRROR) || slot->flags & FIELD_FLOW_TOO;
}

/* Which slots show a field: the field itself, old names, and mirrors where they are wanted. */
static void
make_shows(struct ndjson *n)
{
    uint16_t n_fields = schema_n_fields(n->schema), at = 0;

    n->fields = must_calloc(n_fields, sizeof(*n->fields));
    n->shows = must_calloc(2u * n->n_slots + 1u, sizeof(*n->shows));
    for (uint16_t i = 1; i < n_fields; i++) {
        const struct field *f = schema_field(n->schema, i);
        n->fields[i].chain = f->of && !(f->flags & FIELD_MIRROR) ? f->of : i;
    }
    for (int with_mirrors = 0; with_mirrors < 2; with_mirrors++) {
        for (uint16_t s = 0; s < n->n_slots; s++)
            if (is_shown(&n->slots[s], with_mirrors))
                n->fields[n->slots[s].field].n_shows[with_mirrors]++;
        for (uint16_t i = 1; i < n_fields; i++) {
            n->fields[i].show_at[with_mirrors] = at;
            at = (uint16_t)(at + n->fields[i].n_shows[with_mirrors]);
            n->fields[i].n_shows[with_mirrors] = 0;
        }
        for (uint16_t s = 0; s < n->n_slots; s++) {
            struct ndjson_field *f = &n->fields[n->slots[s].field];
            if (is_shown(&n->slots[s], with_mirrors))
                n->shows[f->show_at[with_mirrors] + f->n_shows[with_mirrors]++] = s;
        }
    }
}

static unsigned
count_dots(const char *s, size_t len)
{
    unsigned n = 0;
    for (size_t i = 0; i < len; i++)
        n += s[i] == '.';
    return n;
}

unsigned
ndjson_depth(const struct ndjson_slot *slot)
{
    return count_dots(slot->name, strlen(slot->name));
}

/* Room for the longest key text of each slot: closing braces of the deepest, own objects. */
static size_t
make_key_room(struct ndjson *n)
{
    size_t room = 0;
    unsigned deepest = 0;

    for (uint16_t s = 0; s < n->n_slots; s++)
        if (ndjson_depth(&n->slots[s]) > deepest)
            deepest = ndjson_depth(&n->slots[s]);
    for (uint16_t s = 0; s < n->n_slots; s++) {
        n->slots[s].key_at = (uint32_t)room;
        room +=
            deepest + strlen(n->slots[s].name) + 4u * ndjson_depth(&n->slots[s]) + 8 + NDJSON_SLACK;
    }
    return room;
}

/* The keys of slots come when they are needed; those of members are made here: ,"name": */
static void
make_keys(struct ndjson *n)
{
    uint16_t n_fields = schema_n_fields(n->schema);
    size_t at = make_key_room(n);

    n->keys = must_calloc(at + (size_t)n_fields * (MAX_WORD + 8) + NDJSON_SLACK, 1);
    for (uint16_t i = 1; i < n_fields; i++) {
        const struct field *f = schema_field(n->schema, i);
        if (!f->of || f->flags & FIELD_MIRROR)
            continue;
        const char *word = strrchr(f->name, '.') + 1;
        size_t len = strnlen(word, MAX_WORD);
        uint8_t *key = n->keys + at;
        *key++ = ',';
        *key++ = '"';
        memcpy(key, word, len);
        memcpy(key + len, "\":", 2);
        n->fields[i].item_key_at = (uint32_t)at;
        n->fields[i].item_key_len = (uint8_t)(len + 4);
        at += len + 4;
    }
}

/* Bytes of the objects, with their last dot, that both names lie in. */
static size_t
shared_objects(const char *a, const char *b)
{
    size_t shared = 0;

    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == '.')
            shared = i + 1;
    return shared;
}

void
ndjson_make_key(struct ndjson *n, uint16_t slot, uint16_t prev)
{
    struct ndjson_slot *s = &n->slots[slot];
    uint8_t *out = n->keys + s->key_at;
    size_t shared = 0;

    if (prev == NDJSON_NO_SLOT) {
        *out++ = '{';
    } else {
        const char *before = n->slots[prev].name;
        shared = shared_objects(before, s->name);
        unsigned closes = ndjson_depth(&n->slots[prev]) - count_dots(before, shared);
        memset(out, '}', closes);
        out += closes;
        *out++ = ',';
    }
    for (const char *at = s->name + shared;;) {
        size_t len = strcspn(at, ".");
        *out++ = '"';
        memcpy(out, at, len);
        out += len;
        *out++ = '"';
        *out++ = ':';
        at += len;
        if (*at == 0)
            break;
        *out++ = '{';
        at++;
    }
    s->key_len = (uint16_t)(out - (n->keys + s->key_at));
    s->prev = prev;
}

/* "a,b" as "a", or as ["a","b"] for a list. */
static uint8_t *
put_const(uint8_t *out, const char *text, bool is_list)
{
    if (is_list)
        *out++ = '[';
    for (;;) {
        size_t len = is_list ? strcspn(text, ",") : strlen(text);
        *out++ = '"';
        out = value_json(out, slice_of(text, len), false);
        *out++ = '"';
        text += len;
        if (*text == 0)
            break;
        *out++ = ',';
        text++;
    }
    if (is_list)
        *out++ = ']';
    return out;
}

static void
set_bit(uint64_t *bits, uint16_t slot)
{
    bits[slot / 64] |= 1ull << (slot % 64);
}

static void
make_consts(struct ndjson *n)
{
    uint16_t n_fields = schema_n_fields(n->schema), n_datasets = schema_n_datasets(n->schema);

    n->dataset_bits = must_calloc((size_t)n->n_words * n_datasets, sizeof(*n->dataset_bits));
    n->consts = must_calloc((size_t)NDJSON_MAX_CONSTS * n_datasets, sizeof(*n->consts));
    n->const_texts = must_calloc((size_t)NDJSON_MAX_CONSTS * n_datasets, CONST_ROOM);
    for (uint16_t i = 1; i < n_fields; i++) {
        const struct field *f = schema_field(n->schema, i);
        if (!(f->flags & FIELD_CONST) || n->n_consts == NDJSON_MAX_CONSTS ||
            n->fields[i].n_shows[0] == 0)
            continue;
        n->fields[i].const_at = (uint8_t)++n->n_consts;
        for (uint16_t d = 0; d < n_datasets; d++) {
            const char *text = schema_const(n->schema, d, i);
            size_t at = (size_t)d * NDJSON_MAX_CONSTS + n->n_consts - 1u;
            uint8_t *p = n->const_texts + at * CONST_ROOM;
            if (!text || strlen(text) > CONST_TEXT)
                continue;
            n->consts[at] = slice_of(p, (size_t)(put_const(p, text, f->flags & FIELD_LIST) - p));
            for (uint16_t k = 0; k < n->fields[i].n_shows[0]; k++)
                set_bit(n->dataset_bits + (size_t)d * n->n_words,
                        n->shows[n->fields[i].show_at[0] + k]);
        }
    }
    for (uint16_t d = 0; d < n_datasets; d++)
        set_bit(n->dataset_bits + (size_t)d * n->n_words,
                n->shows[n->fields[FIELD_TIMESTAMP].show_at[0]]);
}

struct ndjson *
ndjson_new(const struct schema *schema, const struct ndjson_options *options)
{
    struct ndjson *n = must_calloc(1, sizeof(*n));

    n->schema = schema;
    if (options)
        n->options = *options;
    if (n->options.time_digits == 0 || n->options.time_digits > 9)
        n->options.time_digits = 6;
    make_slots(n);
    make_shows(n);
    make_keys(n);
    make_consts(n);
    n->chains = must_calloc(schema_n_fields(schema), sizeof(*n->chains));
    n->item_chains = must_calloc(schema_n_fields(schema), sizeof(*n->item_chains));
    n->bits = must_calloc(n->n_words, sizeof(*n->bits));
    return n;
}

void
ndjson_free(struct ndjson *n)
{
    if (!n)
        return;
    for (size_t i = 0; i < SHAPE_SLOTS; i++)
        shape_free(n->shapes[i]);
    free(n->slots);
    free(n->fields);
    free(n->chains);
    free(n->item_chains);
    free(n->shows);
    free(n->keys);
    free(n->bits);
    free(n->dataset_bits);
    free(n->consts);
    free(n->const_texts);
    free(n);
}
