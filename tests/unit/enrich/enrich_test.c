/* SPDX-License-Identifier: Apache-2.0 */
/* What is added to records, what is left alone, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "enrich/enrich.h"
#include "enrich/ip_set.h"
#include "mmdb.h"

enum { CAP = BATCH_MAX };

static _Alignas(64) uint8_t batch_mem[CAP], cells_mem[CAP];
static struct schema *schema;
static char mmdb_path[] = "/tmp/remora-mmdb-XXXXXX";

static const char *const internal[] = {"private", "192.0.2.0/25"};
static const struct enrich_conf plain = {.internal_networks = {internal, 2}};

/* One record of two addresses and, perhaps, an identity. */
static uint32_t
make_batch(const uint8_t *from, const uint8_t *to, const char *id, unsigned n)
{
    struct batch_writer w;
    struct cells c;

    cells_init(&c, cells_mem, CAP, CAP);
    cells_ip(&c, FIELD_SOURCE_IP, from, 4);
    cells_ip(&c, FIELD_DESTINATION_IP, to, 4);
    if (id)
        cells_text(&c, FIELD_EVENT_ID, KIND_TEXT, slice_text(id));
    batch_begin(&w, batch_mem, CAP, schema_generation(schema));
    w.head->ring_id = 77;
    w.head->position = 4096;
    w.head->lost = 3;
    for (unsigned i = 0; i < n; i++)
        assert_true(batch_add(&w, &(struct record_head){.time_ns = 5}, &c, NULL));
    return batch_end(&w);
}

static struct enrich *
make(const struct enrich_conf *conf, const char *host)
{
    struct enrich_options options = {.conf = conf, .schema = schema, .host_name = host};
    struct enrich *e = NULL;
    struct err err = {0};

    if (enrich_new(&options, &e, &err) < 0)
        fail_msg("%s", err.text);
    return e;
}

/* The text of a field of one record of the enriched batch; "" when it has none. */
static void
text_of(const struct batch_ref *b, unsigned row, uint16_t field, char *ret, size_t cap)
{
    struct batch_walk w;
    struct record r;
    struct cell c;

    ret[0] = 0;
    assert_true(batch_open(&w, batch_ref_bytes(b), schema));
    for (unsigned i = 0; i <= row; i++)
        assert_true(batch_next(&w, &r));
    if (record_find(&r, field, &c))
        (void)snprintf(ret, cap, "%.*s", (int)c.bytes.len, (const char *)c.bytes.p);
}

static struct batch_ref *
run(struct enrich *e, uint32_t len)
{
    struct batch_ref *b = NULL;
    struct err err = {0};

    if (enrich_batch(e, slice_of(batch_mem, len), &b, &err) < 0)
        fail_msg("%s", err.text);
    return b;
}

static void
expect(struct enrich *e, const uint8_t *from, const uint8_t *to, uint16_t field, const char *want)
{
    struct batch_ref *b = run(e, make_batch(from, to, NULL, 1));
    char text[128];

    text_of(b, 0, field, text, sizeof(text));
    assert_string_equal(text, want);
    batch_ref_put(b);
}

static const uint8_t near_ip[] = {10, 0, 0, 1}, near_too[] = {192, 0, 2, 5},
                     far_ip[] = {198, 51, 100, 9}, far_too[] = {192, 0, 2, 200};

static void
test_identity(void **state)
{
    struct enrich *e = make(&plain, NULL);
    struct batch_ref *b = run(e, make_batch(near_ip, far_ip, NULL, 2));
    struct batch_ref *again = run(e, make_batch(near_ip, far_ip, NULL, 2));
    struct batch_ref *own = run(e, make_batch(near_ip, far_ip, "mine", 1));
    char one[64], two[64], text[64];
    const struct batch_head *h = (const void *)batch_ref_bytes(b).p;

    (void)state;
    text_of(b, 0, FIELD_EVENT_ID, one, sizeof(one));
    text_of(b, 1, FIELD_EVENT_ID, two, sizeof(two));
    assert_int_equal(strlen(one), 16);
    assert_string_not_equal(one, two);
    text_of(again, 1, FIELD_EVENT_ID, text, sizeof(text));
    assert_string_equal(text, two);
    text_of(own, 0, FIELD_EVENT_ID, text, sizeof(text));
    assert_string_equal(text, "mine");
    assert_int_equal(h->ring_id, 77);
    assert_int_equal(h->position, 4096);
    assert_int_equal(h->lost, 3);
    batch_ref_put(b);
    batch_ref_put(again);
    batch_ref_put(own);
    enrich_free(e);
}

static void
test_direction(void **state)
{
    struct enrich *e = make(&plain, NULL);

    (void)state;
    expect(e, near_ip, near_too, FIELD_NETWORK_DIRECTION, "internal");
    expect(e, near_ip, far_ip, FIELD_NETWORK_DIRECTION, "outbound");
    expect(e, far_too, near_ip, FIELD_NETWORK_DIRECTION, "inbound");
    expect(e, far_ip, far_too, FIELD_NETWORK_DIRECTION, "external");
    enrich_free(e);
}

static void
test_names_and_tags(void **state)
{
    static const char *const tags[] = {"blue", "green"};
    struct enrich_conf conf = {.tags = {tags, 2}};
    struct enrich *e = make(&conf, "box");

    (void)state;
    expect(e, near_ip, far_ip, FIELD_HOST_NAME, "box");
    expect(e, near_ip, far_ip, FIELD_AGENT_NAME, "box");
    expect(e, near_ip, far_ip, FIELD_TAGS, "blue");
    expect(e, near_ip, far_ip, FIELD_NETWORK_DIRECTION, "");
    enrich_free(e);
    conf.name = "edge";
    e = make(&conf, NULL);
    expect(e, near_ip, far_ip, FIELD_HOST_NAME, "");
    expect(e, near_ip, far_ip, FIELD_AGENT_NAME, "edge");
    enrich_free(e);
}

static void
test_places(void **state)
{
    const char *const files[] = {mmdb_path};
    struct enrich_conf conf = {.geoip = {files, 1}};
    struct enrich *e = make(&conf, NULL);
    struct enrich_stats stats;

    (void)state;
    for (int i = 0; i < 2; i++) { /* looked up, then from the cache */
        expect(e, near_ip, far_ip, FIELD_SOURCE_COUNTRY, "");
        expect(e, near_too, far_ip, FIELD_SOURCE_COUNTRY, "AU");
        expect(e, near_too, far_ip, FIELD_SOURCE_CITY, "");
        expect(e, near_too, far_ip, FIELD_DESTINATION_COUNTRY, "DE");
        expect(e, near_too, far_ip, FIELD_DESTINATION_CITY, "Berlin");
        expect(e, near_too, far_ip, FIELD_DESTINATION_LOCATION, "52.5200,13.4050");
    }
    enrich_stats(e, &stats);
    assert_int_equal(stats.geo_lookups - stats.geo_hits, 2);
    enrich_free(e);
}

static void
test_bad_settings(void **state)
{
    const char *const nets[] = {"10.0.0.0/33"}, *const files[] = {"/nowhere/x.mmdb"};
    struct enrich_conf bad_net = {.internal_networks = {nets, 1}}, bad_file = {.geoip = {files, 1}};
    struct enrich_options options = {.conf = &bad_net, .schema = schema};
    struct enrich *e = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(enrich_new(&options, &e, &err), ERR_USAGE);
    assert_non_null(strstr(err.text, "10.0.0.0/33"));
    options.conf = &bad_file;
    assert_int_equal(enrich_new(&options, &e, &err), ERR_IO);
    assert_non_null(strstr(err.text, "/nowhere/x.mmdb"));
}

/* Any changed byte: refused, or a batch that can be trusted. */
static void
test_lies(void **state)
{
    struct enrich *e = make(&plain, "box");
    uint32_t len = make_batch(near_ip, far_ip, "id", 2);
    struct enrich_stats stats;
    unsigned n_refused = 0;

    (void)state;
    for (uint32_t at = 0; at < len; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            struct batch_ref *b = NULL;
            batch_mem[at] ^= (uint8_t)(1u << bit);
            if (enrich_batch(e, slice_of(batch_mem, len), &b, NULL) < 0) {
                n_refused++;
            } else {
                struct batch_walk w;
                struct cell_walk cw;
                struct record r;
                struct cell c;
                assert_true(batch_open(&w, batch_ref_bytes(b), schema));
                while (batch_next(&w, &r)) {
                    record_cells(&r, &w, &cw);
                    while (cell_next(&cw, &c))
                        continue;
                }
                assert_false(w.bad);
                batch_ref_put(b);
            }
            batch_mem[at] ^= (uint8_t)(1u << bit);
        }
    enrich_stats(e, &stats);
    assert_int_equal(stats.refused, n_refused);
    assert_true(n_refused > 100);
    enrich_free(e);
}

/* At the bound of a batch the events go on without additions, and that is counted. */
static void
test_full_batch_goes_on_bare(void **state)
{
    struct enrich *e = make(&plain, "box");
    struct batch_writer w;
    struct cells c;
    struct enrich_stats stats;

    (void)state;
    cells_init(&c, cells_mem, CAP, CAP);
    cells_text(&c, FIELD_QUERY, KIND_TEXT, slice_of(cells_mem + CAP / 2, 2000));
    batch_begin(&w, batch_mem, CAP, schema_generation(schema));
    while (batch_add(&w, &(struct record_head){0}, &c, NULL))
        continue;
    struct batch_ref *b = run(e, batch_end(&w));
    const struct batch_head *h = (const void *)batch_ref_bytes(b).p;
    assert_int_equal(h->n_records, w.head->n_records);
    assert_true(h->len <= BATCH_MAX);
    enrich_stats(e, &stats);
    assert_true(stats.bare > 0);
    batch_ref_put(b);
    enrich_free(e);
}

static void
test_ip_sets(void **state)
{
    static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, 10, 1, 2, 3},
                         v6[16] = {0x20, 0x01, 0x0d, 0xb8};
    struct ip_set s = {0};

    (void)state;
    assert_int_equal(ip_set_add(&s, "10.0.0.0/9", NULL), 0);
    assert_int_equal(ip_set_add(&s, "2001:db8::/33", NULL), 0);
    assert_true(ip_set_has(&s, slice_of(mapped, 16)));
    assert_true(ip_set_has(&s, slice_of((uint8_t[]){10, 127, 0, 0}, 4)));
    assert_false(ip_set_has(&s, slice_of((uint8_t[]){10, 128, 0, 0}, 4)));
    assert_true(ip_set_has(&s, slice_of(v6, 16)));
    assert_false(ip_set_has(&s, slice_of((uint8_t[16]){0x20, 0x01, 0x0d, 0xb8, 0x80}, 16)));
    assert_int_equal(ip_set_add(&s, "ten", NULL), ERR_USAGE);
    assert_int_equal(ip_set_add(&s, "10.0.0.0/", NULL), ERR_USAGE);
    assert_false(ip_is_public(slice_of((uint8_t[]){100, 64, 0, 1}, 4)));
    assert_true(ip_is_public(slice_of((uint8_t[]){100, 128, 0, 1}, 4)));
    assert_false(ip_is_public(slice_of((uint8_t[16]){0xfe, 0x80}, 16)));
}

static int
set_up(void **state)
{
    int fd = mkstemp(mmdb_path);

    (void)state;
    schema = schema_builtin();
    if (fd < 0 || close(fd) < 0)
        return -1;
    return mmdb_write(mmdb_path);
}

static int
tear_down(void **state)
{
    (void)state;
    schema_free(schema);
    return unlink(mmdb_path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_direction),
        cmocka_unit_test(test_names_and_tags),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_bad_settings),
        cmocka_unit_test(test_lies),
        cmocka_unit_test(test_full_batch_goes_on_bare),
        cmocka_unit_test(test_ip_sets),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
