/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The harness that tests all protocols: replays a capture through a worker in many modes (modes.c).
 *
 *   harness [--long] [--mode MODE] [--seed N] FILE...
 *
 * Exact modes must give the events of the whole capture, compared as a set with repetitions of NDJSON
 * lines without the fields of the table below; flow events are compared for the whole capture read twice.
 * The other modes lose bytes: there an event must carry a note (error.message, event.partial) or be one that
 * the whole capture has: the same in all for an answered request of a TCP connection, since a lost byte is
 * known there; else one that asks for the same.
 * In all modes memory that waits is bounded and given back. Prints a line for each failure with the
 * command that repeats it, and at last "N passed, N failed", a capture in a mode being one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/ndjson.h"
#include "flow/flow.h"
#include "modes.h"
#include "proto/core.h"
#include "stream/stream.h"
#include "worker/worker.h"

/* What may differ between exact modes; times of the record's head are left out besides. */
static const uint16_t left_out[] = {
    FIELD_EVENT_ID, FIELD_EVENT_START, FIELD_EVENT_END, FIELD_EVENT_DURATION, FIELD_EVENT_FIRST_BYTE,
    FIELD_SOURCE_PACKETS, FIELD_DESTINATION_PACKETS, FIELD_NETWORK_PACKETS, FIELD_FLOW_SRC_RETRANS, FIELD_FLOW_DST_RETRANS,
};

/* What a transaction asked for. */
static const uint16_t asked[] = {FIELD_TYPE, FIELD_METHOD, FIELD_QUERY, FIELD_PATH};

/* All that parsers can tell is compared. */
static const char *const overrides[] = {
    "http.send_all_headers=true", "http.send_request=true", "http.send_response=true",
    "http.include_body_for=[text, json, xml, form, octet-stream, image]",
};

enum { MAX_SECTIONS = 40, BLOCK = 4 << 20, LINE_MAX_BYTES = 16 << 20 };

struct event {
    char *line, *key;
    bool is_flow, is_noted, is_used;
    bool is_whole; /* of a stream, with an answer: all of it was seen or it carries a note */
};

struct events {
    struct event *e;
    size_t n, cap;
    const char *broken; /* a promise of the worker that did not hold; NULL: none */
};

struct harness {
    struct config *config;
    struct schema *schema;
    struct ndjson *ndjson;
    uint8_t *block, *cells, *plain;
    struct events *into;
    uint64_t passed, failed;
    const char *program;
};

static void *
must(void *p)
{
    if (!p)
        abort();
    return p;
}

static bool
is_in(uint16_t field, const uint16_t *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == field)
            return true;
    return false;
}

#define IS_IN(field, list) is_in(field, list, sizeof(list) / sizeof((list)[0]))

static char *
copy_of(const struct buf *b)
{
    char *s = must(malloc(b->len + 1));

    if (b->failed)
        abort();
    if (b->len > 0)
        memcpy(s, b->p, b->len);
    s[b->len] = '\0';
    return s;
}

/* The record without what is left out, as a line. */
static char *
plain_line(struct harness *h, const struct record *r)
{
    struct batch_writer w;
    struct batch_walk walk;
    struct record plain;
    struct cell_walk cells;
    struct cell cell;
    struct cells kept;
    struct buf line;

    cells_init(&kept, h->cells, BLOCK, RECORD_MAX);
    record_cells(r, NULL, &cells);
    for (const uint8_t *at = cells.p; cell_next(&cells, &cell); at = cells.p) {
        struct cells one = {.p = (uint8_t *)(uintptr_t)at, .len = (uint32_t)(cells.p - at), .n = 1};
        if (!IS_IN(cell.field, left_out) && !cells_append(&kept, &one))
            abort();
    }
    batch_begin(&w, h->plain, BLOCK, schema_generation(h->schema));
    if (!batch_add(&w, &(struct record_head){.dataset = r->head->dataset}, &kept, NULL))
        abort();
    if (!batch_open(&walk, slice_of(h->plain, batch_end(&w)), h->schema) || !batch_next(&walk, &plain))
        abort();
    buf_init(&line, LINE_MAX_BYTES);
    ndjson_record(h->ndjson, &plain, &line);
    char *text = copy_of(&line);
    buf_fini(&line);
    return text;
}

static void
add_event(struct harness *h, const struct record *r)
{
    struct events *to = h->into;
    struct cell cell;
    struct buf key;

    if (to->n == to->cap) {
        to->cap = to->cap ? to->cap * 2 : 64;
        to->e = must(realloc(to->e, to->cap * sizeof(*to->e)));
    }
    struct event *e = &to->e[to->n++];
    buf_init(&key, LINE_MAX_BYTES);
    buf_printf(&key, "%u", r->head->dataset);
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        buf_add_byte(&key, '\t');
        if (record_find(r, asked[i], &cell))
            buf_add(&key, cell.bytes.p, cell.bytes.len);
    }
    *e = (struct event){.line = plain_line(h, r), .key = copy_of(&key), .is_flow = r->head->dataset == DATASET_FLOW};
    e->is_noted = record_find(r, FIELD_EVENT_PARTIAL, &cell) || record_find(r, FIELD_ERROR_MESSAGE, &cell);
    bool is_stream = record_find(r, FIELD_NETWORK_TRANSPORT, &cell) && slice_eq(cell.bytes, SLICE("tcp"));
    e->is_whole = is_stream && record_find(r, FIELD_DESTINATION_BYTES, &cell);
    buf_fini(&key);
}

static void
events_free(struct events *e)
{
    for (size_t i = 0; i < e->n; i++) {
        free(e->e[i].line);
        free(e->e[i].key);
    }
    free(e->e);
    *e = (struct events){0};
}

static void *
place(void *ctx, uint32_t want, uint32_t *ret_cap)
{
    struct harness *h = ctx;

    *ret_cap = BLOCK;
    return want <= BLOCK ? h->block : NULL;
}

static void
publish(void *ctx, uint32_t len)
{
    struct harness *h = ctx;
    struct batch_walk walk;
    struct record r;

    if (!batch_open(&walk, slice_of(h->block, len), h->schema))
        abort();
    while (batch_next(&walk, &r))
        add_event(h, &r);
    if (walk.bad)
        h->into->broken = "a batch contradicts itself";
}

static uint64_t
counter(const struct worker *w, const char *name)
{
    const char *n, *help;
    uint64_t value;

    for (size_t i = 0; i < worker_n_counters(w); i++) {
        worker_counter(w, i, &n, &help, &value);
        if (strcmp(n, name) == 0)
            return value;
    }
    abort();
}

static void
check_promises(const struct worker *w, struct events *e)
{
    if (counter(w, "stream_held_bytes") != 0)
        e->broken = "segments wait behind the end";
    if (counter(w, "stream_held_bytes_peak") > STREAM_MAX_HELD + (1 << 18))
        e->broken = "segments wait beyond the bound";
    if (counter(w, "flows") != 0)
        e->broken = "flows live behind the end";
    if (counter(w, "events_lost_total") != 0)
        e->broken = "events were given up";
}

static void
replay(struct harness *h, const struct packets *in, struct events *out)
{
    struct worker_options options = {.config = h->config, .schema = h->schema, .is_replay = true, .file_id = 1,
                                     .sink = {.place = place, .publish = publish, .ctx = h}};
    struct worker *w = must(worker_new(&options, NULL));
    struct packet_batch batch;

    *out = (struct events){0};
    h->into = out;
    for (size_t i = 0; i < in->n; i += batch.n) {
        batch.n = in->n - i < CAPTURE_BATCH ? (unsigned)(in->n - i) : CAPTURE_BATCH;
        memcpy(batch.p, in->p + i, batch.n * sizeof(batch.p[0]));
        worker_turn(w, &batch);
    }
    worker_finish(w);
    check_promises(w, out);
    worker_free(w);
}

static int
by_line(const void *a, const void *b)
{
    return strcmp(((const struct event *)a)->line, ((const struct event *)b)->line);
}

static void
sort_events(struct events *e)
{
    if (e->n > 0)
        qsort(e->e, e->n, sizeof(*e->e), by_line);
}

/* The first event that only one of two sorted sets has; NULL: they are equal. */
static const char *
first_difference(const struct events *whole, const struct events *e, bool with_flows, const char **ret_which)
{
    size_t i = 0, k = 0;

    for (;;) {
        while (i < whole->n && whole->e[i].is_flow && !with_flows)
            i++;
        while (k < e->n && e->e[k].is_flow && !with_flows)
            k++;
        if (i == whole->n && k == e->n)
            return NULL;
        int order = i == whole->n ? 1 : k == e->n ? -1 : strcmp(whole->e[i].line, e->e[k].line);
        *ret_which = order < 0 ? "missing" : "besides";
        if (order != 0)
            return order < 0 ? whole->e[i].line : e->e[k].line;
        i++;
        k++;
    }
}

/* Marks the first event of the whole capture that is not yet used and has this line, or else asks for the same. */
static bool
use_event(struct events *whole, const struct event *e, bool by_key)
{
    for (size_t i = 0; i < whole->n; i++) {
        struct event *w = &whole->e[i];
        if (w->is_used || w->is_flow || strcmp(by_key ? w->key : w->line, by_key ? e->key : e->line) != 0)
            continue;
        w->is_used = true;
        return true;
    }
    return false;
}

/* The first event without a note that the whole capture does not have (as often); NULL: none. */
static const char *
first_invention(struct events *whole, struct events *e, const char **ret_which)
{
    *ret_which = "invented";
    for (size_t i = 0; i < whole->n; i++)
        whole->e[i].is_used = false;
    for (size_t k = 0; k < e->n; k++)
        e->e[k].is_used = e->e[k].is_flow || e->e[k].is_noted || use_event(whole, &e->e[k], false);
    for (size_t k = 0; k < e->n; k++)
        if (!e->e[k].is_used && (e->e[k].is_whole || !use_event(whole, &e->e[k], true)))
            return e->e[k].line;
    return NULL;
}

static bool
one_run(struct harness *h, const char *path, const struct capture *c, const struct mode *m, uint64_t seed, struct events *whole)
{
    struct packets in = {0};
    struct events e;
    const char *which = "broken";

    m->make(c, seed, &in);
    replay(h, &in, &e);
    packets_free(&in);
    sort_events(&e);
    const char *bad = e.broken;
    if (!bad)
        bad = m->is_exact ? first_difference(whole, &e, m == modes, &which) : first_invention(whole, &e, &which);
    if (bad)
        (void)printf("FAILED %s seed %llu of %s\n  %s: %s\n  again: %s --mode %s --seed %llu %s\n", m->name,
                     (unsigned long long)seed, path, which, bad, h->program, m->name, (unsigned long long)seed, path);
    events_free(&e);
    return bad == NULL;
}

/* All seeds of a mode until one fails. */
static void
one_mode(struct harness *h, const char *path, const struct capture *c, const struct mode *m, bool is_long, struct events *whole)
{
    uint64_t n = m->seeds(c, is_long);

    if (n == 0)
        return; /* there is nothing to change in this capture */
    for (uint64_t seed = 0; seed < n; seed++) {
        if (one_run(h, path, c, m, seed, whole))
            continue;
        h->failed++;
        return;
    }
    h->passed++;
}

static void
add_frame(struct capture *c, struct decoder *d, const struct packet *p)
{
    static size_t cap;

    if (c->n == 0)
        cap = 0;
    if (c->n == cap) {
        cap = cap ? cap * 2 : 256;
        c->frames = must(realloc(c->frames, cap * sizeof(*c->frames)));
    }
    struct frame *f = &c->frames[c->n++];
    *f = (struct frame){.packet = *p};
    uint8_t *data = must(malloc(p->caplen ? p->caplen : 1));
    memcpy(data, p->data, p->caplen);
    f->packet.data = data;
    f->is_decoded = decode_packet(d, &f->packet, &f->layers) == DECODE_OK;
    if (!f->is_decoded || f->layers.l4 != 6)
        return;
    c->payload += f->layers.payload.len;
    if (f->layers.payload.len > c->longest)
        c->longest = f->layers.payload.len;
}

static void
capture_free(struct capture *c)
{
    for (size_t i = 0; i < c->n; i++)
        free((void *)(uintptr_t)c->frames[i].packet.data);
    free(c->frames);
}

/* A file that ends too early counts as far as it goes. */
static bool
read_capture(const char *path, struct capture *c)
{
    struct source *s = NULL;
    struct packet_batch packets;
    struct err err = {0};

    if (pcapfile_open(path, &s, &err) < 0) {
        (void)fprintf(stderr, "%s\n", err.text);
        return false;
    }
    struct decoder *d = must(decoder_new(NULL));
    while (s->ops->next(s, 0, &packets, &err) == 0)
        for (unsigned i = 0; i < packets.n; i++)
            add_frame(c, d, &packets.p[i]);
    decoder_free(d);
    source_close(s);
    return true;
}

struct args {
    bool is_long;
    const struct mode *mode; /* NULL: all */
    long long seed;          /* negative: all */
};

static void
one_file(struct harness *h, const char *path, const struct args *a)
{
    struct capture c = {0};
    struct packets in = {0};
    struct events whole;

    if (!read_capture(path, &c)) {
        h->failed++;
        return;
    }
    modes[0].make(&c, 0, &in);
    replay(h, &in, &whole);
    packets_free(&in);
    sort_events(&whole);
    for (const struct mode *m = modes; m->name; m++) {
        if (a->mode && a->mode != m)
            continue;
        if (a->seed < 0)
            one_mode(h, path, &c, m, a->is_long, &whole);
        else if (one_run(h, path, &c, m, (uint64_t)a->seed, &whole))
            h->passed++;
        else
            h->failed++;
    }
    events_free(&whole);
    capture_free(&c);
}

static bool
harness_open(struct harness *h)
{
    static struct section sections[MAX_SECTIONS];
    struct config_source source = {.overrides = overrides, .n_overrides = sizeof(overrides) / sizeof(overrides[0])};
    struct err err = {0};

    (void)worker_sections(sections, MAX_SECTIONS - 1);
    if (config_load(sections, &source, &h->config, &err) < 0) {
        (void)fprintf(stderr, "%s\n", err.text);
        return false;
    }
    h->schema = must(schema_builtin());
    h->ndjson = must(ndjson_new(h->schema, NULL));
    h->block = must(aligned_alloc(BATCH_ALIGN, BLOCK));
    h->cells = must(aligned_alloc(BATCH_ALIGN, BLOCK));
    h->plain = must(aligned_alloc(BATCH_ALIGN, BLOCK));
    return true;
}

static void
harness_close(struct harness *h)
{
    free(h->block);
    free(h->cells);
    free(h->plain);
    ndjson_free(h->ndjson);
    schema_free(h->schema);
    config_free(h->config);
}

static const struct mode *
find_mode(const char *name)
{
    for (const struct mode *m = modes; m->name; m++)
        if (strcmp(m->name, name) == 0)
            return m;
    (void)fprintf(stderr, "there is no mode %s\n", name);
    exit(2);
}

int
main(int argc, char **argv)
{
    struct harness h = {.program = argv[0]};
    struct args a = {.seed = -1};

    if (!harness_open(&h))
        return 2;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--long") == 0)
            a.is_long = true;
        else if (strcmp(argv[i], "--mode") == 0 && i + 1 < argc)
            a.mode = find_mode(argv[++i]);
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            a.seed = strtoll(argv[++i], NULL, 10);
        else
            one_file(&h, argv[i], &a);
    }
    harness_close(&h);
    (void)printf("%llu passed, %llu failed\n", (unsigned long long)h.passed, (unsigned long long)h.failed);
    return h.failed != 0;
}
