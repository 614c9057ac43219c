/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cost of events: CPU nanoseconds to build, to check and enrich, and to write as NDJSON, for a
 * transaction like a DNS query with its answer (every common field that such an event has, and
 * every field of its own protocol once). Usage: event-bench [DATASET [ROUNDS]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "enrich/enrich.h"
#include "event/ndjson.h"

enum { CAP = 1 << 20, PER_BATCH = 256 };

static _Alignas(64) uint8_t batch_mem[CAP], cells_mem[16384], tail_mem[16384];

static double
cpu_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void
put_common(struct cells *c, uint64_t i)
{
    uint8_t client[4] = {192, 0, 2, (uint8_t)i}, server[4] = {198, 51, 100, 53};

    cells_text(c, FIELD_STATUS, KIND_TEXT, SLICE("OK"));
    cells_text(c, FIELD_METHOD, KIND_TEXT, SLICE("QUERY"));
    cells_text(c, FIELD_QUERY, KIND_TEXT, SLICE("class IN, type A, host-1234.sub.example.net"));
    cells_text(c, FIELD_RESOURCE, KIND_TEXT, SLICE("host-1234.sub.example.net"));
    cells_number(c, FIELD_EVENT_START, KIND_TIME, 1445291269900657000u + i * 1000);
    cells_number(c, FIELD_EVENT_END, KIND_TIME, 1445291269901657000u + i * 1000);
    cells_number(c, FIELD_EVENT_DURATION, KIND_DURATION, 1000000 + i);
    cells_ip(c, FIELD_SOURCE_IP, client, 4);
    cells_uint(c, FIELD_SOURCE_PORT, 1024 + i % 60000);
    cells_uint(c, FIELD_SOURCE_BYTES, 43);
    cells_ip(c, FIELD_DESTINATION_IP, server, 4);
    cells_uint(c, FIELD_DESTINATION_PORT, 53);
    cells_uint(c, FIELD_DESTINATION_BYTES, 59);
    cells_text(c, FIELD_NETWORK_TYPE, KIND_TEXT, SLICE("ipv4"));
    cells_text(c, FIELD_NETWORK_TRANSPORT, KIND_TEXT, SLICE("udp"));
    cells_uint(c, FIELD_NETWORK_BYTES, 102);
    cells_text(c, FIELD_NETWORK_COMMUNITY_ID, KIND_TEXT, SLICE("1:d/FP5EW3wiY1vCndhwleRRKHowQ="));
}

static void
put_own(struct cells *c, const struct schema *schema, const struct dataset *d, uint64_t i)
{
    uint16_t group = 0;

    for (uint16_t k = 0; k < d->n_fields; k++) {
        uint16_t number = (uint16_t)(d->field_base + k);
        const struct field *f = schema_field(schema, number);
        if (f->flags & (FIELD_MIRROR | FIELD_LARGE))
            continue;
        if (f->of && f->of != group) {
            c->next_flags = CELL_NEW_ITEM;
            group = f->of;
        }
        switch ((enum field_kind)f->kind) {
        case KIND_TEXT:
        case KIND_BYTES:
            cells_text(c, number, f->kind, SLICE("example.net"));
            break;
        case KIND_IP:
            cells_ip(c, number, (const uint8_t[]){203, 0, 113, 9}, 4);
            break;
        case KIND_MAP:
            cells_map(c, number, SLICE("host"), SLICE("example.net"), 0);
            break;
        case KIND_NONE:
        case KIND_GROUP:
            break;
        default:
            cells_number(c, number, f->kind, f->kind == KIND_BOOL ? i % 2 : i % 65536);
            break;
        }
    }
}

static uint32_t
build(const struct schema *schema, uint16_t dataset, uint64_t from)
{
    const struct dataset *d = schema_dataset(schema, dataset);
    struct batch_writer w;
    struct cells c, own;

    batch_begin(&w, batch_mem, sizeof(batch_mem), schema_generation(schema));
    for (uint64_t i = from; i < from + PER_BATCH; i++) {
        cells_init(&c, cells_mem, sizeof(cells_mem), 4096);
        put_common(&c, i);
        cells_init(&own, tail_mem, sizeof(tail_mem), 4096);
        put_own(&own, schema, d, i);
        struct record_head head = {.dataset = dataset, .time_ns = 1445291269900657000u + i * 1000};
        if (!batch_add(&w, &head, &c, &own))
            break;
    }
    return batch_end(&w);
}

static void
encode(struct ndjson *n, const struct schema *schema, struct slice batch, struct buf *out)
{
    struct batch_walk walk;
    struct record r;

    (void)batch_open(&walk, batch, schema);
    while (batch_next(&walk, &r)) {
        ndjson_record(n, &r, out);
        buf_add_byte(out, '\n');
    }
}

int
main(int argc, char **argv)
{
    struct schema *schema = schema_builtin();
    int dataset = schema_find_dataset(schema, slice_text(argc > 1 ? argv[1] : "dns"));
    unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 2000;
    static const char *const internal[] = {"private"};
    struct enrich_conf conf = {.internal_networks = {internal, 1}};
    struct enrich_options options = {.conf = &conf, .schema = schema, .host_name = "bench"};
    double built = 0, enriched = 0, encoded = 0;
    uint64_t n_events = 0, n_bytes = 0, n_batch = 0;
    unsigned n_cells = 0;
    struct enrich *e = NULL;
    struct buf out;

    if (dataset < 0 || enrich_new(&options, &e, NULL) < 0) {
        (void)fprintf(stderr, "no dataset \"%s\"\n", argc > 1 ? argv[1] : "dns");
        return 2;
    }
    struct ndjson *n = ndjson_new(schema, NULL);
    buf_init(&out, 64 << 20);
    for (unsigned i = 0; i < rounds; i++) {
        struct batch_ref *ref = NULL;
        double t0 = cpu_ns();
        uint32_t len = build(schema, (uint16_t)dataset, i * PER_BATCH);
        double t1 = cpu_ns();
        if (enrich_batch(e, slice_of(batch_mem, len), &ref, NULL) < 0)
            return 1;
        double t2 = cpu_ns();
        encode(n, schema, batch_ref_bytes(ref), &out);
        double t3 = cpu_ns();
        const struct batch_head *h =
            (const struct batch_head *)(const void *)batch_ref_bytes(ref).p;
        built += t1 - t0;
        enriched += t2 - t1;
        encoded += t3 - t2;
        n_events += h->n_records;
        n_batch += h->used;
        n_bytes += out.len;
        n_cells = ((const struct record_head *)(h + 1))->n_cells;
        if (i == 0 && rounds == 1)
            (void)fwrite(out.p, 1, (size_t)((uint8_t *)memchr(out.p, '\n', out.len) - out.p) + 1,
                         stdout);
        buf_clear(&out);
        batch_ref_put(ref);
    }
    double events = (double)n_events;
    (void)printf("dataset %s: %u cells, %.0f bytes of record, %.0f bytes of line\n"
                 "CPU ns per event: build %.0f, check and enrich %.0f, encode %.0f (%.2f GB/s)\n",
                 schema_dataset(schema, (uint16_t)dataset)->name, n_cells, (double)n_batch / events,
                 (double)n_bytes / events, built / events, enriched / events, encoded / events,
                 (double)n_bytes / encoded);
    ndjson_free(n);
    enrich_free(e);
    buf_fini(&out);
    schema_free(schema);
    return 0;
}
