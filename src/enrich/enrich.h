/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enrich: what the keeper (or `read`) adds to each record: identity, direction, places, names. One
 * walk reads the batch of another process, checks all of it and writes a new trusted batch.
 */
#ifndef ENRICH_ENRICH_H
#define ENRICH_ENRICH_H

#include "base/err.h"
#include "config/setting.h"
#include "event/batch_ref.h"
#include "event/record.h"

/* Section "enrich". */
extern const struct setting enrich_settings[];
struct enrich_conf {
    struct text_list internal_networks; /* CIDR or a name: private, loopback ... */
    struct text_list geoip;             /* files in MaxMind's format; none: no places */
    const char *name;                   /* agent.name; NULL: the host's */
    struct text_list tags;
};

struct enrich_options {
    const struct enrich_conf *conf; /* borrowed until enrich_free() */
    const struct schema *schema;    /* borrowed until enrich_free() */
    const char *host_name; /* host.name; NULL: left out, agent.name too unless conf has one */
    const int *geoip_fds;  /* open files instead of conf->geoip (n of them), NULL: by path */
};

struct enrich;

/* A network or file that cannot be used: ERR_USAGE, ERR_IO or ERR_FORMAT and one sentence. */
int enrich_new(const struct enrich_options *options, struct enrich **ret, struct err *err);
void enrich_free(struct enrich *e);

/*
 * Checks `batch` (private memory, aligned to 8; nobody else writes to it) and makes the enriched
 * one. ERR_FORMAT: the batch is a lie and nothing of it may be used; ERR_NOMEM. The head's ring,
 * position, worker and lost count are kept. One thread at a time.
 */
int enrich_batch(struct enrich *e, struct slice batch, struct batch_ref **ret, struct err *err);

struct enrich_stats {
    uint64_t batches, events;
    uint64_t refused; /* batches that were lies */
    uint64_t bare;    /* events that went on without additions: the batch was at its bound */
    uint64_t geo_lookups, geo_hits; /* hits: answered by the cache */
};
void enrich_stats(const struct enrich *e, struct enrich_stats *ret);

#endif
