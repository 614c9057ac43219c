/* SPDX-License-Identifier: Apache-2.0 */
/* network.direction by the networks that count as inside. */
#include <stdlib.h>

#include "enrich/enricher.h"
#include "enrich/ip_set.h"

static int
direction_open(const struct enrich_options *options, void **ret, struct err *err)
{
    const struct text_list *nets = &options->conf->internal_networks;

    if (nets->n == 0)
        return 0;
    struct ip_set *set = calloc(1, sizeof(*set));
    if (!set)
        return err_set(err, ERR_NOMEM, "no memory for enrich.internal_networks");
    for (size_t i = 0; i < nets->n; i++) {
        struct err why = {0};
        int rc = ip_set_add(set, nets->v[i], &why);
        if (rc < 0) {
            free(set);
            return err_set(err, rc, "enrich.internal_networks: %s", why.text);
        }
    }
    *ret = set;
    return 0;
}

static void
direction_record(void *state, const struct enrich_record *r, struct cells *add)
{
    const struct ip_set *inside = state;

    if (!enrich_has(r, SEEN_SOURCE_IP) || !enrich_has(r, SEEN_DESTINATION_IP) ||
        enrich_has(r, SEEN_DIRECTION))
        return;
    bool from = ip_set_has(inside, r->seen[SEEN_SOURCE_IP].bytes);
    bool to = ip_set_has(inside, r->seen[SEEN_DESTINATION_IP].bytes);
    const char *word = from ? (to ? "internal" : "outbound") : to ? "inbound" : "external";
    cells_text(add, FIELD_NETWORK_DIRECTION, KIND_TEXT, slice_text(word));
}

const struct enricher enricher_direction = {.name = "direction",
                                            .max_bytes = 16,
                                            .open = direction_open,
                                            .record = direction_record,
                                            .close = free};
