/* SPDX-License-Identifier: Apache-2.0 */
/* Cells, batches, and what the checked walk refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "event/record.h"

enum { CAP = 16 << 10 };

static _Alignas(64) uint8_t cells_mem[CAP];
static _Alignas(64) uint8_t batch_mem[CAP];
static struct schema *schema;

static void
fill(struct cells *c)
{
    cells_init(c, cells_mem, sizeof(cells_mem), 1024);
    assert_true(cells_uint(c, FIELD_SOURCE_PORT, 40000));
    assert_true(cells_ip(c, FIELD_SOURCE_IP, (const uint8_t[]){192, 0, 2, 1}, 4));
    assert_true(cells_text(c, FIELD_QUERY, KIND_TEXT, SLICE("GET /")));
    assert_true(cells_text(c, FIELD_PATH, KIND_TEXT, SLICE("")));
    assert_true(cells_number(c, FIELD_EVENT_PARTIAL, KIND_BOOL, 1));
}

static uint32_t
make_batch(unsigned n_records)
{
    struct batch_writer w;
    struct cells c;

    fill(&c);
    batch_begin(&w, batch_mem, sizeof(batch_mem), schema_generation(schema));
    for (unsigned i = 0; i < n_records; i++)
        assert_true(batch_add(&w, &(struct record_head){.time_ns = i, .packet = i}, &c, NULL));
    return batch_end(&w);
}

/* Walks all; returns cells seen, -1 when refused. */
static int
walk(struct slice bytes)
{
    struct batch_walk w;
    struct cell_walk cw;
    struct record r;
    struct cell cell;
    int n = 0;

    if (!batch_open(&w, bytes, schema))
        return -1;
    while (batch_next(&w, &r)) {
        record_cells(&r, &w, &cw);
        while (cell_next(&cw, &cell))
            n++;
    }
    return w.bad ? -1 : n;
}

static void
test_comes_back(void **state)
{
    uint32_t len = make_batch(3);
    struct batch_walk w;
    struct cell_walk cw;
    struct record r;
    struct cell cell;

    (void)state;
    assert_int_equal(len % BATCH_ALIGN, 0);
    assert_true(batch_open(&w, slice_of(batch_mem, len), schema));
    for (uint64_t i = 0; i < 3; i++) {
        assert_true(batch_next(&w, &r));
        assert_int_equal(r.head->time_ns, i);
        record_cells(&r, &w, &cw);
        assert_true(cell_next(&cw, &cell));
        assert_int_equal(cell.field, FIELD_SOURCE_PORT);
        assert_int_equal(cell.n.u, 40000);
        assert_true(cell_next(&cw, &cell));
        assert_memory_equal(cell.bytes.p, ((uint8_t[]){192, 0, 2, 1}), 4);
        assert_true(cell_next(&cw, &cell));
        assert_true(slice_eq(cell.bytes, SLICE("GET /")));
        assert_true(record_find(&r, FIELD_EVENT_PARTIAL, &cell));
        assert_int_equal(cell.n.u, 1);
        assert_false(record_find(&r, FIELD_SOURCE_MAC, &cell));
    }
    assert_false(batch_next(&w, &r));
    assert_false(w.bad);
    assert_int_equal(walk(slice_of(batch_mem, len)), 15);
    assert_int_equal(make_batch(0), 0);
}

static void
test_long_values_are_cut_and_full_memory_counts(void **state)
{
    static uint8_t mem[64] __attribute__((aligned(8)));
    struct cells c;
    struct cell cell;
    struct record_head head = {.n_cells = 1};

    (void)state;
    cells_init(&c, mem, sizeof(mem), 16);
    assert_true(cells_text(&c, FIELD_QUERY, KIND_TEXT, SLICE("0123456789abcdefXYZ")));
    struct record r = {.head = &head, .cells = c.p, .end = c.p + c.len};
    assert_true(record_find(&r, FIELD_QUERY, &cell));
    assert_int_equal(cell.bytes.len, 16);
    assert_int_equal(cell.flags, CELL_CUT);
    assert_true(cells_uint(&c, FIELD_SOURCE_PORT, 1));
    assert_true(cells_uint(&c, FIELD_SOURCE_PORT, 2));
    assert_false(cells_uint(&c, FIELD_SOURCE_PORT, 3));
    assert_int_equal(c.n_dropped, 1);
    assert_false(cells_append(&c, &c));
    assert_int_equal(c.n_dropped, 1 + 3);
    assert_false(cells_ip(&c, FIELD_SOURCE_IP, mem, 5));
}

/* The mark for a new object waits until a cell is really written. */
static void
test_new_item_mark_is_kept(void **state)
{
    static uint8_t mem[40] __attribute__((aligned(8)));
    struct cells c;

    (void)state;
    cells_init(&c, mem, sizeof(mem), 1024);
    c.next_flags = CELL_NEW_ITEM;
    assert_false(cells_text(&c, FIELD_QUERY, KIND_TEXT, slice_of(batch_mem, 100)));
    assert_int_equal(c.next_flags, CELL_NEW_ITEM);
    assert_true(cells_uint(&c, FIELD_SOURCE_PORT, 1));
    assert_int_equal(((struct cell_head *)(void *)mem)->flags, CELL_NEW_ITEM);
    assert_int_equal(c.next_flags, 0);
}

static void
test_lies_are_refused(void **state)
{
    uint32_t len = make_batch(2);
    struct batch_head *h = (struct batch_head *)(void *)batch_mem;
    struct record_head *r = (struct record_head *)(void *)(batch_mem + sizeof(*h));
    struct cell_head *c = (struct cell_head *)(void *)(batch_mem + sizeof(*h) + sizeof(*r));
    struct slice all = slice_of(batch_mem, len);

    (void)state;
#define LIE(member, value)                                                                         \
    do {                                                                                           \
        __typeof__(member) truth = member;                                                         \
        member = (__typeof__(member))(value);                                                      \
        assert_int_equal(walk(all), -1);                                                           \
        member = truth;                                                                            \
        assert_int_equal(walk(all), 10);                                                           \
    } while (0)

    LIE(h->magic, 0);
    LIE(h->generation, h->generation + 1);
    LIE(h->len, len + 64);
    LIE(h->len, 0xffffffc0u);
    LIE(h->used, h->used + 8);
    LIE(h->used, h->used - 8);
    LIE(h->used, 8);
    LIE(h->used, 0xfffffff8u);
    LIE(h->n_records, 1);
    LIE(h->n_records, 3);
    LIE(h->n_records, 0x7fffffff);
    LIE(r->len, r->len - 8);
    LIE(r->len, r->len + 8);
    LIE(r->len, 0);
    LIE(r->len, 0xfffffff8u);
    LIE(r->dataset, 60000);
    LIE(r->n_cells, r->n_cells - 1);
    LIE(r->n_cells, r->n_cells + 1);
    LIE(r->n_cells, 65535);
    LIE(c->field, 0);
    LIE(c->field, 65535);
    LIE(c->field, FIELD_CLIENT_PORT);
    LIE(c->field, FIELD_SOURCE_IP);
    LIE(c->kind, KIND_TEXT);
    LIE(c->kind, 200);
    LIE(c->len, 4);
    LIE(c->len, 16);
    LIE(c->len, 0xffffffffu);
    LIE(c->flags, CELL_NEW_ITEM);
    LIE(c->flags, CELL_NUMBER);
    LIE(c->flags, 128);
#undef LIE
    for (size_t cut = 0; cut < len; cut += 8)
        assert_int_equal(walk(slice_of(batch_mem, cut)), -1);
}

/* No changed byte leads outside (the sanitizer builds watch). */
static void
test_any_byte_may_change(void **state)
{
    uint32_t len = make_batch(2);

    (void)state;
    for (uint32_t at = 0; at < len; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            batch_mem[at] ^= (uint8_t)(1u << bit);
            assert_true(walk(slice_of(batch_mem, len)) <= 10);
            batch_mem[at] ^= (uint8_t)(1u << bit);
        }
}

static void
test_full_batch_says_so(void **state)
{
    struct batch_writer w;
    struct cells c;
    unsigned n = 0;

    (void)state;
    fill(&c);
    batch_begin(&w, batch_mem, 1024, schema_generation(schema));
    while (batch_add(&w, &(struct record_head){0}, &c, &c))
        n++;
    assert_in_range(n, 1, 10);
    uint32_t len = batch_end(&w);
    assert_true(len <= 1024);
    assert_int_equal(walk(slice_of(batch_mem, len)), (int)n * 10);
}

static int
set_up(void **state)
{
    (void)state;
    schema = schema_builtin();
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    schema_free(schema);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_back),
        cmocka_unit_test(test_long_values_are_cut_and_full_memory_counts),
        cmocka_unit_test(test_new_item_mark_is_kept),
        cmocka_unit_test(test_lies_are_refused),
        cmocka_unit_test(test_any_byte_may_change),
        cmocka_unit_test(test_full_batch_says_so),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
