/* SPDX-License-Identifier: Apache-2.0 */
/* From a field's name to SQL: a column, an entry of the map, or what follows from the dataset. */
#include <stdio.h>
#include <stdlib.h>

#include "search/search_priv.h"

/* A name inside quotes of SQL; false: a character that no field has. */
static bool
is_plain(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && n < 256 && !strpbrk(name, "'\"\\;\n\r");
}

/* "CASE "type" WHEN 'dns' THEN 'x' ... END" for a field that the dataset fixes; false: no dataset does. */
static bool
const_case(const struct schema *s, uint16_t id, char *out, size_t len)
{
    size_t n = (size_t)snprintf(out, len, "CASE \"type\"");
    bool any = false;

    for (uint16_t d = 0; d < schema_n_datasets(s) && n < len; d++) {
        const char *value = schema_const(s, d, id);
        if (!value || strpbrk(value, "'"))
            continue;
        n += (size_t)snprintf(out + n, len - n, " WHEN '%s' THEN '%s'", schema_dataset(s, d)->name, value);
        any = true;
    }
    if (n < len)
        (void)snprintf(out + n, len - n, " END");
    return any && n + 5 < len;
}

/* The text of all fields without a column: see store_priv.h. 037 begins a pair, 036 its values, 035 the next. */
static void
kv_ref(struct field_ref *f, const char *name)
{
    f->place = PLACE_KV;
    (void)snprintf(f->list, sizeof(f->list),
                   "CASE WHEN contains(kv, '\037%s\036') THEN string_split(split_part(split_part(kv, '\037%s\036', 2), '\037', 1), '\035') END",
                   name, name);
    (void)snprintf(f->value, sizeof(f->value),
                   "CASE WHEN contains(kv, '\037%s\036') THEN split_part(split_part(split_part(kv, '\037%s\036', 2), '\037', 1), '\035', 1) END",
                   name, name);
}

/* A member of a map field: "http.request.headers.host". */
static bool
is_map_member(const struct schema *s, const char *name)
{
    char prefix[256];
    double scale;

    (void)snprintf(prefix, sizeof(prefix), "%s", name);
    for (char *dot; (dot = strrchr(prefix, '.'));) {
        *dot = '\0';
        const struct field *f = schema_field(s, schema_find(s, slice_text(prefix), &scale, NULL));
        if (f && f->kind == KIND_MAP)
            return true;
    }
    return false;
}

void
field_find(const struct schema *schema, const char *name, struct field_ref *ret)
{
    char fixed[2048];
    size_t len = strlen(name);

    *ret = (struct field_ref){.place = PLACE_NONE};
    if (!is_plain(name))
        return;
    if (strcmp(name, "_index") == 0) {
        *ret = (struct field_ref){.place = PLACE_INDEX, .kind = KIND_TEXT, .value = "_index"};
        return;
    }
    if (strcmp(name, "_id") == 0)
        name = "event.id";
    char bare[256];
    if (len > 8 && strcmp(name + len - 8, ".keyword") == 0) { /* what old templates called the exact form */
        (void)snprintf(bare, sizeof(bare), "%.*s", (int)(len - 8), name);
        name = bare;
    }
    uint16_t id = schema_find(schema, slice_text(name), &ret->scale, NULL);
    const struct field *f = schema_field(schema, id);
    if (!f) {
        if (is_map_member(schema, name)) {
            ret->kind = KIND_TEXT;
            kv_ref(ret, name);
        }
        return;
    }
    ret->kind = (enum field_kind)f->kind;
    ret->is_time = f->kind == KIND_TIME;
    ret->is_ip = f->kind == KIND_IP;
    ret->is_number = f->kind == KIND_UINT || f->kind == KIND_INT || f->kind == KIND_FLOAT || f->kind == KIND_DURATION;
    if (f->flags & FIELD_COLUMN) {
        ret->place = PLACE_COLUMN;
        (void)snprintf(ret->value, sizeof(ret->value), "\"%s\"", f->name);
        return;
    }
    kv_ref(ret, f->name);
    if ((f->flags & FIELD_CONST) && const_case(schema, id, fixed, sizeof(fixed))) {
        struct field_ref kv = *ret;
        (void)snprintf(ret->list, sizeof(ret->list), "coalesce(%.900s, string_split(%s, ','))", kv.list, fixed);
        (void)snprintf(ret->value, sizeof(ret->value), "coalesce(%.900s, string_split(%s, ',')[1])", kv.value, fixed);
    }
}

void
field_number(const struct field_ref *f, char *out, size_t len)
{
    char scale[48] = "";

    if (f->scale != 0)
        (void)snprintf(scale, sizeof(scale), " * %.17g", f->scale);
    if (f->place == PLACE_COLUMN && f->kind == KIND_BOOL)
        (void)snprintf(out, len, "CAST(%s AS INTEGER)", f->value);
    else if (f->place == PLACE_COLUMN && f->is_time)
        (void)snprintf(out, len, "(%s // 1000000)", f->value); /* milliseconds, as Elasticsearch has times */
    else if (f->place == PLACE_COLUMN && f->is_number)
        (void)snprintf(out, len, "(%s%s)", f->value, scale);
    else if (f->place == PLACE_KV)
        (void)snprintf(out, len, "(TRY_CAST(%s AS DOUBLE)%s)", f->value, scale);
    else
        (void)snprintf(out, len, "CAST(NULL AS DOUBLE)");
}
