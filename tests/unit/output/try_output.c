/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens one output with its settings from the command line, hands it a batch of three flow events,
 * flushes and closes it. Usage: try-output NAME [KEY=VALUE...]
 */
#include <stdio.h>
#include <stdlib.h>

#include "output/output.h"

enum { CAP = 64 << 10, MAX_OUTPUTS = 64, MAX_KEYS = 32, N_EVENTS = 3 };

static struct batch_ref *
make_batch(const struct schema *schema)
{
    static _Alignas(8) uint8_t mem[1024];
    uint8_t *block = aligned_alloc(BATCH_ALIGN, CAP);
    struct batch_writer w;
    struct cells c;

    if (!block)
        return NULL;
    cells_init(&c, mem, sizeof(mem), sizeof(mem));
    cells_ip(&c, FIELD_SOURCE_IP, (const uint8_t[]){192, 0, 2, 1}, 4);
    cells_ip(&c, FIELD_DESTINATION_IP, (const uint8_t[]){198, 51, 100, 1}, 4);
    batch_begin(&w, block, CAP, schema_generation(schema));
    for (uint64_t i = 0; i < N_EVENTS; i++)
        (void)batch_add(&w, &(struct record_head){.dataset = DATASET_FLOW, .time_ns = i}, &c, NULL);
    return batch_ref_new(block, batch_end(&w));
}

static int
try_one(struct output *o, struct batch_ref *batch, struct err *err)
{
    struct output_stats stats;
    int rc = o->ops->write(o, batch, err);

    if (rc == 0)
        rc = o->ops->flush(o, err);
    o->ops->stats(o, &stats);
    if (rc == 0 && stats.events != N_EVENTS)
        rc = err_set(err, ERR_IO, "%s counted %llu events of %d", o->ops->name,
                     (unsigned long long)stats.events, N_EVENTS);
    o->ops->close(o);
    return rc;
}

int
main(int argc, char **argv)
{
    struct section sections[MAX_OUTPUTS + 1] = {{0}};
    char texts[MAX_KEYS][512];
    const char *overrides[MAX_KEYS];
    struct config_source source = {.overrides = overrides};
    struct schema *schema = schema_builtin();
    struct config *config = NULL;
    struct output *outputs[MAX_OUTPUTS];
    size_t n = MAX_OUTPUTS;
    struct err err = {0};

    if (argc < 2 || argc > MAX_KEYS || !output_find(argv[1])) {
        (void)fprintf(stderr,
                      "usage: try-output NAME [KEY=VALUE...]; NAME is a word of outputs.list\n");
        return 2;
    }
    (void)output_sections(sections, MAX_OUTPUTS);
    for (int i = 1; i < argc; i++) {
        (void)snprintf(texts[i], sizeof(texts[i]), "output.%s.%s", argv[1],
                       i == 1 ? "enabled=true" : argv[i]);
        overrides[source.n_overrides++] = texts[i];
    }
    if (config_load(sections, &source, &config, &err) < 0 ||
        output_open_enabled(config, schema, outputs, &n, &err) < 0) {
        (void)fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    struct batch_ref *batch = make_batch(schema);
    int rc = batch && n == 1 ? try_one(outputs[0], batch, &err) : -1;
    if (rc < 0)
        (void)fprintf(stderr, "%s\n", err.text);
    batch_ref_put(batch);
    config_free(config);
    schema_free(schema);
    return rc < 0;
}
