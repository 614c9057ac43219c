/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of the field tables, look-up by name, order, and the flat form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "schema/schema.h"

enum { MAX_FORM = 4 << 20 };

static const struct {
    const char *name, *kind, *since;
} retired[] = {
#define RETIRED(name, kind, since) {name, #kind, since},
#include "schema/retired.def"
    {NULL, NULL, NULL}};

static void
test_tables_keep_the_rules(void **state)
{
    struct schema *s = schema_builtin();
    unsigned n_columns = 0;

    (void)state;
    for (uint16_t i = 1; i < schema_n_fields(s); i++) {
        const struct field *f = schema_field(s, i), *shown = NULL;
        size_t len = strlen(f->help);

        if (len == 0 || f->help[len - 1] != '.')
            fail_msg("%s: help does not end with a full stop", f->name);
        (void)schema_find(s, slice_text(f->name), NULL, &shown);
        if (shown != f)
            fail_msg("%s: the name is there twice", f->name);
        if (strpbrk(f->name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ "))
            fail_msg("%s: not lower case", f->name);
        n_columns += f->flags & FIELD_COLUMN && !(f->flags & FIELD_MIRROR);
        for (size_t r = 0; retired[r].name; r++)
            if (strcmp(retired[r].name, f->name) == 0)
                fail_msg("%s: retired in %s", f->name, retired[r].since);
    }
    assert_in_range(n_columns, 1, SCHEMA_MAX_COLUMNS);
    schema_free(s);
}

/* A name cannot be a value and an object at once, but for lists of objects. */
static void
test_values_are_not_objects(void **state)
{
    struct schema *s = schema_builtin();

    (void)state;
    for (uint16_t rank = 0; rank + 2 < schema_n_fields(s); rank++) {
        const struct field *a = schema_field(s, schema_by_rank(s, rank));
        const struct field *b = schema_field(s, schema_by_rank(s, (uint16_t)(rank + 1)));
        size_t len = strlen(a->name);
        if (a->kind != KIND_GROUP && strncmp(a->name, b->name, len) == 0 && b->name[len] == '.')
            fail_msg("%s is a value, so %s cannot be", a->name, b->name);
    }
    schema_free(s);
}

static void
test_aliases_resolve(void **state)
{
    struct schema *s = schema_builtin();

    (void)state;
    for (size_t i = 0; i < schema_n_aliases(s); i++) {
        const struct field *a = schema_alias(s, i), *shown = NULL;
        assert_int_equal(schema_find(s, slice_text(a->name), NULL, &shown), a->of);
        if (shown != a)
            fail_msg("alias %s: the name is taken", a->name);
    }
    schema_free(s);
}

static void
test_find(void **state)
{
    struct schema *s = schema_builtin();
    const struct field *shown = NULL;
    double scale = -1;

    (void)state;
    assert_int_equal(schema_find(s, SLICE("source.ip"), &scale, &shown), FIELD_SOURCE_IP);
    assert_true(scale == 0);
    assert_int_equal(schema_find(s, SLICE("client.ip"), NULL, &shown), FIELD_SOURCE_IP);
    assert_string_equal(shown->name, "client.ip");
    assert_int_equal(shown->kind, KIND_IP);
    assert_int_equal(schema_find(s, SLICE("responsetime"), &scale, NULL), FIELD_EVENT_DURATION);
    assert_true(scale > 0.9e-6 && scale < 1.1e-6);
    assert_int_equal(schema_find(s, SLICE("no.such.field"), NULL, NULL), 0);
    assert_int_equal(schema_find(s, SLICE(""), NULL, NULL), 0);
    assert_null(schema_field(s, 0));
    assert_null(schema_field(s, schema_n_fields(s)));
    assert_int_equal(schema_find_dataset(s, SLICE("flow")), DATASET_FLOW);
    assert_int_equal(schema_find_dataset(s, SLICE("nothing")), -1);
    assert_string_equal(schema_const(s, DATASET_FLOW, FIELD_EVENT_DATASET), "flow");
    assert_null(schema_const(s, DATASET_FLOW, FIELD_SOURCE_IP));
    schema_free(s);
}

static void
test_ranks_keep_objects_together(void **state)
{
    struct schema *s = schema_builtin();

    (void)state;
    for (uint16_t i = 1; i < schema_n_fields(s); i++)
        assert_int_equal(schema_by_rank(s, schema_rank(s, i)), i);
    int first = schema_rank(s, FIELD_SOURCE_BYTES), last = schema_rank(s, FIELD_SOURCE_PORT);
    for (int r = first; r <= last; r++)
        assert_memory_equal(schema_field(s, schema_by_rank(s, (uint16_t)r))->name, "source.", 7);
    schema_free(s);
}

static void
test_flat_form_comes_back(void **state)
{
    struct schema *s = schema_builtin(), *back = NULL;
    struct err err = {0};
    struct buf flat, json, json_back;

    (void)state;
    buf_init(&flat, MAX_FORM);
    buf_init(&json, MAX_FORM);
    buf_init(&json_back, MAX_FORM);
    schema_write(s, &flat);
    assert_int_equal(schema_read(buf_slice(&flat), &back, &err), 0);
    assert_int_equal(schema_generation(s), schema_generation(back));
    assert_int_equal(schema_export(s, "json", &json, &err), 0);
    assert_int_equal(schema_export(back, "json", &json_back, &err), 0);
    assert_int_equal(json.len, json_back.len);
    assert_memory_equal(json.p, json_back.p, json.len);
    schema_free(s);
    schema_free(back);
    buf_fini(&flat);
    buf_fini(&json);
    buf_fini(&json_back);
}

/* Every cut is refused; every changed byte is refused or read without harm. */
static void
test_flat_form_is_checked(void **state)
{
    struct schema *s = schema_builtin(), *back = NULL;
    struct buf flat;

    (void)state;
    buf_init(&flat, MAX_FORM);
    schema_write(s, &flat);
    for (size_t len = 0; len < flat.len; len += 1 + len / 64)
        assert_int_equal(schema_read(slice_of(flat.p, len), &back, NULL), ERR_FORMAT);
    for (size_t at = 0; at < flat.len; at += 1 + at / 128) {
        flat.p[at] ^= 0x41;
        back = NULL;
        if (schema_read(buf_slice(&flat), &back, NULL) == 0)
            schema_free(back);
        flat.p[at] ^= 0x41;
    }
    schema_free(s);
    buf_fini(&flat);
}

static void
test_forms(void **state)
{
    static const char *const forms[] = {"json", "elastic", "duckdb", "markdown"};
    struct schema *s = schema_builtin();
    struct err err = {0};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct buf out;
        buf_init(&out, MAX_FORM);
        assert_int_equal(schema_export(s, forms[i], &out, &err), 0);
        int depth = 0;
        for (size_t at = 0; at < out.len; at++)
            depth += (out.p[at] == '{') - (out.p[at] == '}');
        assert_int_equal(depth, 0);
        assert_true(out.len > 500);
        buf_fini(&out);
    }
    assert_int_equal(schema_export(s, "xml", NULL, &err), ERR_USAGE);
    assert_non_null(strstr(err.text, "xml"));
    schema_free(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_keep_the_rules),
        cmocka_unit_test(test_values_are_not_objects),
        cmocka_unit_test(test_aliases_resolve),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_ranks_keep_objects_together),
        cmocka_unit_test(test_flat_form_comes_back),
        cmocka_unit_test(test_flat_form_is_checked),
        cmocka_unit_test(test_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
