/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enricher: one kind of addition. A file exports one `const struct enricher enricher_<name>` and
 * has its place in the list of enrich.c. It sees a checked record and adds cells; what the record
 * has already stays.
 */
#ifndef ENRICH_ENRICHER_H
#define ENRICH_ENRICHER_H

#include "enrich/enrich.h"

/* The cells of the record that enrichers ask for: looked up in the one walk. */
enum enrich_seen {
    SEEN_EVENT_ID,
    SEEN_SOURCE_IP,
    SEEN_DESTINATION_IP,
    SEEN_DIRECTION,
    SEEN_SOURCE_COUNTRY,
    SEEN_DESTINATION_COUNTRY,
    SEEN_HOST_NAME,
    SEEN_AGENT_NAME,
    SEEN_DNS_QUESTION,
    SEEN_N
};

struct enrich_record {
    const struct batch_head *batch;
    const struct record_head *head;
    uint32_t row;       /* of the batch */
    uint32_t seen_mask; /* bit enum enrich_seen: seen[] holds it */
    struct cell seen[SEEN_N];
};

static inline bool
enrich_has(const struct enrich_record *r, enum enrich_seen what)
{
    return r->seen_mask >> what & 1;
}

struct enricher {
    const char *name;
    uint32_t max_bytes; /* of cells that one record gets at most */
    /* *ret stays NULL when there is nothing to do: record() is not called then. */
    int (*open)(const struct enrich_options *options, void **ret, struct err *err);
    void (*record)(void *state, const struct enrich_record *r, struct cells *add);
    void (*close)(void *state);
    void (*stats)(const void *state, struct enrich_stats *ret); /* NULL: none */
};

extern const struct enricher enricher_id, enricher_direction, enricher_geoip, enricher_domain,
    enricher_names;

#endif
