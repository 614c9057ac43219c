/* SPDX-License-Identifier: Apache-2.0 */
/* Names of this machine and sensor, and tags: the same for every event, built once. */
#include <stdlib.h>

#include "enrich/enricher.h"

enum { MAX_NAMES = 4096, MAX_NAME = 256 };

struct names {
    struct cells host, agent, tags;
    uint64_t mem[3][MAX_NAMES / 3 / 8];
};

static int
names_open(const struct enrich_options *options, void **ret, struct err *err)
{
    const struct enrich_conf *conf = options->conf;
    const char *agent = conf->name ? conf->name : options->host_name;

    if (!agent && !options->host_name && conf->tags.n == 0)
        return 0;
    struct names *n = calloc(1, sizeof(*n));
    if (!n)
        return err_set(err, ERR_NOMEM, "no memory for enrich.tags");
    cells_init(&n->host, n->mem[0], sizeof(n->mem[0]), MAX_NAME);
    cells_init(&n->agent, n->mem[1], sizeof(n->mem[1]), MAX_NAME);
    cells_init(&n->tags, n->mem[2], sizeof(n->mem[2]), MAX_NAME);
    if (options->host_name)
        cells_text(&n->host, FIELD_HOST_NAME, KIND_TEXT, slice_text(options->host_name));
    if (agent)
        cells_text(&n->agent, FIELD_AGENT_NAME, KIND_TEXT, slice_text(agent));
    for (size_t i = 0; i < conf->tags.n; i++)
        cells_text(&n->tags, FIELD_TAGS, KIND_TEXT, slice_text(conf->tags.v[i]));
    if (n->tags.n_dropped) {
        free(n);
        return err_set(err, ERR_USAGE,
                       "enrich.tags: %zu tags are too long in all: %d bytes are the bound",
                       conf->tags.n, MAX_NAMES / 3);
    }
    *ret = n;
    return 0;
}

static void
names_record(void *state, const struct enrich_record *r, struct cells *add)
{
    const struct names *n = state;

    if (!enrich_has(r, SEEN_HOST_NAME))
        (void)cells_append(add, &n->host);
    if (!enrich_has(r, SEEN_AGENT_NAME))
        (void)cells_append(add, &n->agent);
    (void)cells_append(add, &n->tags);
}

const struct enricher enricher_names = {.name = "names",
                                        .max_bytes = MAX_NAMES,
                                        .open = names_open,
                                        .record = names_record,
                                        .close = free};
