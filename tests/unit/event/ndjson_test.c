/* SPDX-License-Identifier: Apache-2.0 */
/* Golden lines of the encoder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "event/ndjson.h"

enum { CAP = 1 << 20 };

static _Alignas(64) uint8_t mem[CAP];
static struct schema *schema;

/*
 * A dictionary with a group, a map and a number of each kind, as a protocol of its own would give.
 * Built by hand as flat form, so that the test needs no protocol.
 */
enum {
    OWN_MAP = FIELD_LOCAL,
    OWN_GROUP,
    OWN_NAME,
    OWN_TTL,
    OWN_FLOAT,
    OWN_INT,
    OWN_BYTES,
    OWN_END
};

static void
put_text(struct buf *b, const char *s)
{
    uint16_t len = (uint16_t)strlen(s);
    buf_add(b, &len, 2);
    buf_add(b, s, (size_t)len + 1);
}

static void
put_row(struct buf *b, const char *name, uint16_t of, uint8_t flags, uint8_t kind)
{
    double scale = 0;
    put_text(b, name);
    put_text(b, "Help.");
    buf_add(b, &scale, sizeof(scale));
    buf_add(b, &of, sizeof(of));
    buf_add(b, &flags, 1);
    buf_add(b, &kind, 1);
}

/* The built-in dictionary, its common part, plus the dataset "own". */
static struct schema *
make_schema(void)
{
    static const char *const texts[] = {"own", "A test.", "event", "network", "connection,protocol",
                                        "own"};
    struct schema *all = schema_builtin(), *ret = NULL;
    uint16_t numbers[3] = {FIELD_LOCAL, OWN_END - FIELD_LOCAL, 1};
    struct err err = {0};
    struct buf b;

    buf_init(&b, CAP);
    uint32_t head[4] = {0x31534d52, 1, OWN_END, 1};
    buf_add(&b, head, sizeof(head));
    for (size_t i = 0; i < 6; i++)
        put_text(&b, texts[i]);
    buf_add(&b, numbers, sizeof(numbers));
    for (uint16_t i = 1; i < FIELD_LOCAL; i++) {
        const struct field *f = schema_field(all, i);
        put_row(&b, f->name, f->of, f->flags, f->kind);
    }
    put_row(&b, "own.headers", 0, 0, KIND_MAP);
    put_row(&b, "own.answers", 0, FIELD_LIST, KIND_GROUP);
    put_row(&b, "own.answers.name", OWN_GROUP, 0, KIND_TEXT);
    put_row(&b, "own.answers.ttl", OWN_GROUP, 0, KIND_UINT);
    put_row(&b, "own.ratio", 0, 0, KIND_FLOAT);
    put_row(&b, "own.delta", 0, 0, KIND_INT);
    put_row(&b, "own.payload", 0, 0, KIND_BYTES);
    double ms = 1e-6;
    uint16_t of = FIELD_EVENT_DURATION;
    put_text(&b, "responsetime");
    put_text(&b, "");
    buf_add(&b, &ms, sizeof(ms));
    buf_add(&b, &of, sizeof(of));
    buf_add_byte(&b, FIELD_ALIAS);
    buf_add_byte(&b, 0);
    if (schema_read(buf_slice(&b), &ret, &err) < 0)
        fail_msg("%s", err.text);
    buf_fini(&b);
    schema_free(all);
    return ret;
}

static void
check(const struct cells *c, uint16_t dataset, const struct ndjson_options *options,
      const char *want)
{
    struct record_head head = {.len = (uint32_t)sizeof(head) + c->len,
                               .n_cells = c->n,
                               .dataset = dataset,
                               .time_ns = 1445291269900657000u};
    struct record r = {.head = &head, .cells = c->p, .end = c->p + c->len};
    struct ndjson *n = ndjson_new(schema, options);
    struct buf out;

    buf_init(&out, CAP);
    for (int i = 0; i < 3; i++) { /* the second and third time from the cache of keys */
        buf_clear(&out);
        ndjson_record(n, &r, &out);
        buf_add_byte(&out, 0);
        assert_string_equal((const char *)out.p, want);
    }
    buf_fini(&out);
    ndjson_free(n);
}

#define TAIL "\"type\":\"own\"}"
#define HEAD                                                                                       \
    "{\"@timestamp\":\"2015-10-19T21:47:49.900657Z\",\"agent\":{\"type\":\"remora\",\"version\":"  \
    "\"" REMORA_VERSION "\"},"
#define EVENT                                                                                      \
    "\"ecs\":{\"version\":\"8.17.0\"},\"event\":{\"category\":[\"network\"],\"dataset\":\"own\","

static void
test_empty_record(void **state)
{
    struct cells c;

    (void)state;
    cells_init(&c, mem, CAP, 4096);
    check(&c, 0, NULL,
          HEAD EVENT "\"kind\":\"event\",\"type\":[\"connection\",\"protocol\"]},"
                     "\"network\":{\"protocol\":\"own\"}," TAIL);
}

static void
test_objects_mirrors_and_related(void **state)
{
    struct cells c;

    (void)state;
    cells_init(&c, mem, CAP, 4096);
    cells_text(&c, FIELD_STATUS, KIND_TEXT, SLICE("OK"));
    cells_ip(&c, FIELD_DESTINATION_IP, (const uint8_t[]){198, 51, 100, 7}, 4);
    cells_uint(&c, FIELD_DESTINATION_PORT, 80);
    cells_ip(&c, FIELD_SOURCE_IP, (const uint8_t[]){192, 0, 2, 1}, 4);
    cells_text(&c, FIELD_SOURCE_COUNTRY, KIND_TEXT, SLICE("AU"));
    cells_text(&c, FIELD_NETWORK_PROTOCOL, KIND_TEXT, SLICE("other"));
    cells_number(&c, FIELD_EVENT_PARTIAL, KIND_BOOL, 1);
    check(&c, 0, NULL,
          HEAD "\"client\":{\"geo\":{\"country_iso_code\":\"AU\"},\"ip\":\"192.0.2.1\"},"
               "\"destination\":{\"ip\":\"198.51.100.7\",\"port\":80}," EVENT
               "\"kind\":\"event\",\"partial\":true,\"type\":[\"connection\",\"protocol\"]},"
               "\"network\":{\"protocol\":\"other\"},\"related\":{\"ip\":[\"192.0.2.1\",\"198.51."
               "100.7\"]},"
               "\"server\":{\"ip\":\"198.51.100.7\",\"port\":80},"
               "\"source\":{\"geo\":{\"country_iso_code\":\"AU\"},\"ip\":\"192.0.2.1\"},"
               "\"status\":\"OK\"," TAIL);
}

static void
test_lists_maps_and_groups(void **state)
{
    struct cells c;
    double ratio = 0.25;
    uint64_t bits;

    (void)state;
    memcpy(&bits, &ratio, sizeof(bits));
    cells_init(&c, mem, CAP, 4096);
    cells_map(&c, OWN_MAP, SLICE("host"), SLICE("a\"b"), 0);
    cells_map(&c, OWN_MAP, SLICE("content-length"), SLICE("42"), CELL_NUMBER);
    cells_map(&c, OWN_MAP, SLICE("set-cookie"), SLICE("x"), 0);
    cells_map(&c, OWN_MAP, SLICE("accept"), SLICE(""), 0);
    cells_map(&c, OWN_MAP, SLICE("set-cookie"), SLICE("y"), 0);
    c.next_flags = CELL_NEW_ITEM;
    cells_text(&c, OWN_NAME, KIND_TEXT, SLICE("one"));
    cells_uint(&c, OWN_TTL, 5);
    c.next_flags = CELL_NEW_ITEM;
    cells_text(&c, OWN_NAME, KIND_TEXT, SLICE("two"));
    cells_uint(&c, OWN_TTL, 6);
    cells_text(&c, OWN_NAME, KIND_TEXT, SLICE("zwei"));
    c.next_flags = CELL_NEW_ITEM;
    cells_uint(&c, OWN_TTL, 7);
    cells_number(&c, OWN_FLOAT, KIND_FLOAT, bits);
    cells_number(&c, OWN_INT, KIND_INT, (uint64_t)-3);
    cells_text(&c, OWN_BYTES, KIND_BYTES, SLICE("abcd"));
    cells_text(&c, FIELD_ERROR_MESSAGE, KIND_TEXT, SLICE("first"));
    cells_text(&c, FIELD_ERROR_MESSAGE, KIND_TEXT, SLICE("second"));
    cells_text(&c, FIELD_TAGS, KIND_TEXT, SLICE("edge"));
    check(&c, 0, NULL,
          HEAD
          "\"ecs\":{\"version\":\"8.17.0\"},\"error\":{\"message\":[\"first\",\"second\"]},"
          "\"event\":{\"category\":[\"network\"],\"dataset\":\"own\",\"kind\":\"event\","
          "\"type\":[\"connection\",\"protocol\"]},\"network\":{\"protocol\":\"own\"},"
          "\"own\":{\"answers\":[{\"name\":\"one\",\"ttl\":5},{\"name\":[\"two\",\"zwei\"],\"ttl\":"
          "6},"
          "{\"ttl\":7}],\"delta\":-3,\"headers\":{\"host\":\"a\\\"b\",\"content-length\":42,"
          "\"set-cookie\":[\"x\",\"y\"],\"accept\":\"\"},\"payload\":\"YWJjZA==\",\"ratio\":0.25},"
          "\"tags\":[\"edge\"]," TAIL);
}

static void
test_old_names_and_digits(void **state)
{
    struct cells c;

    (void)state;
    cells_init(&c, mem, CAP, 4096);
    cells_number(&c, FIELD_EVENT_DURATION, KIND_DURATION, 12152000);
    check(&c, 0, &(struct ndjson_options){.flat_names = true, .time_digits = 3},
          "{\"@timestamp\":\"2015-10-19T21:47:49.900Z\",\"agent\":{\"type\":\"remora\",\"version\":"
          "\"" REMORA_VERSION "\"}," EVENT "\"duration\":12152000,\"kind\":\"event\","
          "\"type\":[\"connection\",\"protocol\"]},\"network\":{\"protocol\":\"own\"},"
          "\"responsetime\":12," TAIL);
}

/* A line that does not fit is given up as a whole, and the owner hears of it. */
static void
test_bound_of_the_output(void **state)
{
    struct ndjson *n = ndjson_new(schema, NULL);
    struct cells c;
    struct buf out;

    (void)state;
    cells_init(&c, mem, CAP, CAP);
    cells_text(&c, FIELD_QUERY, KIND_TEXT, slice_of(mem + CAP / 2, 5000));
    struct record_head head = {.len = (uint32_t)sizeof(head) + c.len, .n_cells = c.n};
    struct record r = {.head = &head, .cells = c.p, .end = c.p + c.len};
    buf_init(&out, 2000);
    buf_add_text(&out, "before");
    ndjson_record(n, &r, &out);
    assert_true(out.failed);
    assert_int_equal(out.len, 6);
    buf_fini(&out);
    ndjson_free(n);
}

static int
set_up(void **state)
{
    (void)state;
    schema = make_schema();
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
        cmocka_unit_test(test_empty_record),
        cmocka_unit_test(test_objects_mirrors_and_related),
        cmocka_unit_test(test_lists_maps_and_groups),
        cmocka_unit_test(test_old_names_and_digits),
        cmocka_unit_test(test_bound_of_the_output),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
