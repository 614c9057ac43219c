/* SPDX-License-Identifier: Apache-2.0 */
/* All fields and datasets under global numbers: built of the linked tables, found by name. */
#include "schema/schema.h"

#include <stdlib.h>

#include "schema/schema_priv.h"

enum { N_BUILTIN = 2 };

#define ECS_VERSION "8.17.0"

/* The order of the includes is their meaning. */
/* clang-format off */
static const struct field common_fields[] = {
    {0},
#include "schema/field_rows.h"
#include "schema/common.def"
    {0}};

static const struct field common_aliases[] = {
#include "schema/field_aliases.h"
#include "schema/common.def"
    {0}};
/* clang-format on */

static const struct dataset builtin_datasets[N_BUILTIN] = {
    [DATASET_FLOW] = {.name = "flow",
                      .summary = "Traffic of one flow: who, with whom, how much, how it ended.",
                      .kind = "event",
                      .category = "network",
                      .types = "connection",
                      .protocol = ""},
    [DATASET_HEALTH] = {.name = "health",
                        .summary = "Counters of remora itself: what was lost, and why.",
                        .kind = "metric",
                        .category = "host",
                        .types = "info",
                        .protocol = ""},
};

static void *
must_calloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);
    if (!p)
        abort();
    return p;
}

struct schema *
schema_new(uint16_t n_fields, uint16_t n_aliases)
{
    struct schema *s = must_calloc(1, sizeof(*s));
    uint32_t n_slots = 64;

    s->n_fields = n_fields;
    s->n_aliases = n_aliases;
    s->fields = must_calloc(n_fields, sizeof(*s->fields));
    s->aliases = must_calloc(n_aliases, sizeof(*s->aliases));
    s->owner = must_calloc(n_fields, sizeof(*s->owner));
    s->rank = must_calloc(n_fields, sizeof(*s->rank));
    s->by_rank = must_calloc(n_fields, sizeof(*s->by_rank));
    while (n_slots < 2u * (n_fields + n_aliases + 1u))
        n_slots *= 2;
    s->names = must_calloc(n_slots, sizeof(*s->names));
    s->names_mask = n_slots - 1;
    return s;
}

void
schema_free(struct schema *s)
{
    if (!s)
        return;
    free(s->fields);
    free(s->aliases);
    free(s->owner);
    free(s->rank);
    free(s->by_rank);
    free(s->names);
    free(s->texts);
    free(s);
}

static uint16_t
count_rows(const struct field *rows)
{
    uint16_t n = 0;
    while (rows[n].name)
        n++;
    return n;
}

/* Numbers below FIELD_LOCAL are common, the others the dataset's own. */
static uint16_t
to_global(uint16_t number, uint16_t base)
{
    return number < FIELD_LOCAL ? number : (uint16_t)(base + (number - FIELD_LOCAL));
}

static void
add_aliases(struct schema *s, uint16_t *at, const struct field *rows, uint16_t base)
{
    for (size_t i = 0; rows[i].name; i++) {
        struct field *a = &s->aliases[(*at)++];
        *a = rows[i];
        a->of = to_global(a->of, base);
    }
}

static void
add_table(struct schema *s, const struct schema_table *t, uint16_t *at, uint16_t *alias_at)
{
    struct dataset *d = &s->datasets[s->n_datasets];

    *d = *t->dataset;
    d->kind = "event";
    d->category = "network";
    d->mirrors = true;
    d->field_base = *at;
    d->n_fields = count_rows(t->fields);
    for (uint16_t i = 0; i < d->n_fields; i++, (*at)++) {
        s->fields[*at] = t->fields[i];
        s->fields[*at].of = to_global(t->fields[i].of, d->field_base);
        s->owner[*at] = (uint8_t)(s->n_datasets + 1);
    }
    add_aliases(s, alias_at, t->aliases, d->field_base);
    s->n_datasets++;
}

struct schema *
schema_builtin(void)
{
    uint16_t n_fields = FIELD_LOCAL, n_aliases = count_rows(common_aliases);

    for (const struct schema_table *t = schema_tables; t->dataset; t++) {
        n_fields = (uint16_t)(n_fields + count_rows(t->fields));
        n_aliases = (uint16_t)(n_aliases + count_rows(t->aliases));
    }
    struct schema *s = schema_new(n_fields, n_aliases);
    uint16_t at = FIELD_LOCAL, alias_at = 0;

    memcpy(s->fields, common_fields, FIELD_LOCAL * sizeof(*s->fields));
    add_aliases(s, &alias_at, common_aliases, FIELD_LOCAL);
    memcpy(s->datasets, builtin_datasets, sizeof(builtin_datasets));
    s->n_datasets = N_BUILTIN;
    for (size_t i = 0; i < N_BUILTIN; i++)
        s->datasets[i].field_base = FIELD_LOCAL;
    for (const struct schema_table *t = schema_tables; t->dataset; t++)
        add_table(s, t, &at, &alias_at);
    schema_finish(s);
    return s;
}

static uint32_t
hash_bytes(uint32_t h, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * 16777619u;
    return h;
}

static const char *
row_name(const struct schema *s, uint32_t row)
{
    return row < s->n_fields ? s->fields[row].name : s->aliases[row - s->n_fields].name;
}

/* The slot of this name, or the free one where it belongs. */
static uint32_t
name_slot(const struct schema *s, struct slice name)
{
    uint32_t at = hash_bytes(2166136261u, name.p, name.len) & s->names_mask;

    while (s->names[at] && !slice_eq(slice_text(row_name(s, s->names[at] - 1)), name))
        at = (at + 1) & s->names_mask;
    return at;
}

int
schema_compare_names(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    int x = *a == '.' ? 1 : (uint8_t)*a;
    int y = *b == '.' ? 1 : (uint8_t)*b;
    return x - y;
}

static int
compare_ranks(const void *a, const void *b, void *ctx)
{
    const struct schema *s = ctx;
    return schema_compare_names(s->fields[*(const uint16_t *)a].name,
                                s->fields[*(const uint16_t *)b].name);
}

void
schema_finish(struct schema *s)
{
    uint16_t n = (uint16_t)(s->n_fields - 1);
    struct buf flat;

    for (uint16_t i = 0; i < n; i++)
        s->by_rank[i] = (uint16_t)(i + 1);
    qsort_r(s->by_rank, n, sizeof(*s->by_rank), compare_ranks, s);
    for (uint16_t i = 0; i < n; i++)
        s->rank[s->by_rank[i]] = i;

    for (uint32_t row = 1; row < (uint32_t)s->n_fields + s->n_aliases; row++) {
        uint32_t slot = name_slot(s, slice_text(row_name(s, row)));
        if (s->names[slot] == 0) /* the first of two equal names holds */
            s->names[slot] = row + 1;
    }
    for (uint16_t i = 1; i < s->n_fields; i++)
        if (s->fields[i].flags & FIELD_MIRROR)
            s->fields[i].kind = s->fields[s->fields[i].of].kind;
    for (uint16_t i = 0; i < s->n_aliases; i++)
        s->aliases[i].kind = s->fields[s->aliases[i].of].kind;

    buf_init(&flat, 16 << 20);
    schema_write(s, &flat);
    if (flat.failed)
        abort();
    s->generation = hash_bytes(2166136261u, flat.p, flat.len);
    if (s->generation == 0)
        s->generation = 1;
    buf_fini(&flat);
}

uint32_t
schema_generation(const struct schema *s)
{
    return s->generation;
}

uint16_t
schema_n_fields(const struct schema *s)
{
    return s->n_fields;
}

const struct field *
schema_field(const struct schema *s, uint16_t field)
{
    return field > 0 && field < s->n_fields ? &s->fields[field] : NULL;
}

const struct dataset *
schema_field_dataset(const struct schema *s, uint16_t field)
{
    if (field >= s->n_fields || s->owner[field] == 0)
        return NULL;
    return &s->datasets[s->owner[field] - 1];
}

uint16_t
schema_n_datasets(const struct schema *s)
{
    return s->n_datasets;
}

const struct dataset *
schema_dataset(const struct schema *s, uint16_t dataset)
{
    return dataset < s->n_datasets ? &s->datasets[dataset] : NULL;
}

int
schema_find_dataset(const struct schema *s, struct slice name)
{
    for (uint16_t i = 0; i < s->n_datasets; i++)
        if (slice_eq(slice_text(s->datasets[i].name), name))
            return i;
    return -1;
}

uint16_t
schema_find(const struct schema *s, struct slice name, double *ret_scale,
            const struct field **ret_shown)
{
    uint32_t row = s->names[name_slot(s, name)];

    if (row == 0)
        return 0;
    row--;
    const struct field *shown =
        row < s->n_fields ? &s->fields[row] : &s->aliases[row - s->n_fields];
    if (ret_scale)
        *ret_scale = shown->scale;
    if (ret_shown)
        *ret_shown = shown;
    return shown->flags & (FIELD_MIRROR | FIELD_ALIAS) ? shown->of : (uint16_t)row;
}

size_t
schema_n_aliases(const struct schema *s)
{
    return s->n_aliases;
}

const struct field *
schema_alias(const struct schema *s, size_t i)
{
    return i < s->n_aliases ? &s->aliases[i] : NULL;
}

uint16_t
schema_rank(const struct schema *s, uint16_t field)
{
    return field < s->n_fields ? s->rank[field] : 0;
}

uint16_t
schema_by_rank(const struct schema *s, uint16_t rank)
{
    return rank + 1 < s->n_fields ? s->by_rank[rank] : 0;
}

const char *
schema_const(const struct schema *s, uint16_t dataset, uint16_t field)
{
    if (dataset >= s->n_datasets)
        return NULL;
    const struct dataset *d = &s->datasets[dataset];
    switch (field) {
    case FIELD_TYPE:
    case FIELD_EVENT_DATASET:
        return d->name;
    case FIELD_EVENT_KIND:
        return d->kind;
    case FIELD_EVENT_CATEGORY:
        return d->category;
    case FIELD_EVENT_TYPE:
        return d->types[0] ? d->types : NULL;
    case FIELD_NETWORK_PROTOCOL:
        return d->protocol[0] ? d->protocol : NULL;
    case FIELD_AGENT_TYPE:
        return "remora";
    case FIELD_AGENT_VERSION:
        return REMORA_VERSION;
    case FIELD_ECS_VERSION:
        return ECS_VERSION;
    default:
        return NULL;
    }
}
