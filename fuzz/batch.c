/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: a batch as a hijacked sensor may forge it, through the checked walk of enrich and
 * then every reader of trusted batches. Magic and generation are set right, or nothing would get
 * past them.
 */
#include <stdlib.h>

#include "enrich/enrich.h"
#include "event/ndjson.h"
#include "output/console/console.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct schema *schema;
static struct ndjson *ndjson, *flat;
static struct enrich *enrich;

static void
set_up(void)
{
    static const char *const internal[] = {"private"};
    static const struct enrich_conf conf = {.internal_networks = {internal, 1}};
    struct enrich_options options = {.conf = &conf, .host_name = "fuzz"};

    schema = schema_builtin();
    options.schema = schema;
    ndjson = ndjson_new(schema, NULL);
    flat = ndjson_new(schema, &(struct ndjson_options){.flat_names = true, .time_digits = 9});
    if (enrich_new(&options, &enrich, NULL) < 0)
        abort();
}

/* A line has no byte that would end it, and as many closing as opening braces outside of texts. */
static void
check_line(struct slice line)
{
    bool in_text = false;
    int depth = 0;

    for (size_t i = 0; i < line.len; i++) {
        uint8_t c = line.p[i];
        if (c < 0x20)
            abort();
        if (in_text && c == '\\')
            i++;
        else if (c == '"')
            in_text = !in_text;
        else if (!in_text)
            depth += (c == '{' || c == '[') - (c == '}' || c == ']');
    }
    if (in_text || depth != 0)
        abort();
}

/* The first line of a shape is written step by step, the third from what was prepared: they are
 * equal. */
static void
check_encoder(struct ndjson *n, const struct record *r, struct buf *out, struct buf *again)
{
    buf_clear(out);
    ndjson_record(n, r, out);
    check_line(buf_slice(out));
    for (int i = 0; i < 2; i++) {
        buf_clear(again);
        ndjson_record(n, r, again);
        if (!slice_eq(buf_slice(out), buf_slice(again)))
            abort();
    }
}

static void
read_all(struct slice batch)
{
    struct table table = {.width = 120, .colours = true};
    struct batch_walk walk;
    struct record r;
    struct buf out, again;

    buf_init(&out, 64 << 20);
    buf_init(&again, 64 << 20);
    if (!batch_open(&walk, batch, schema))
        abort(); /* enrich made it */
    while (batch_next(&walk, &r)) {
        check_encoder(ndjson, &r, &out, &again);
        check_encoder(flat, &r, &out, &again);
        table_row(&table, schema, &r, &out);
    }
    if (walk.bad)
        abort();
    buf_fini(&out);
    buf_fini(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct batch_ref *ref = NULL;

    if (!schema)
        set_up();
    uint8_t *mem = malloc(len ? len : 1);
    if (!mem)
        return 0;
    memcpy(mem, data, len);
    if (len >= sizeof(struct batch_head)) {
        struct batch_head *h = (struct batch_head *)(void *)mem;
        h->magic = BATCH_MAGIC;
        h->generation = schema_generation(schema);
    }
    if (enrich_batch(enrich, slice_of(mem, len), &ref, NULL) == 0) {
        read_all(batch_ref_bytes(ref));
        batch_ref_put(ref);
    }
    free(mem);
    return 0;
}
