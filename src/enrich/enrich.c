/* SPDX-License-Identifier: Apache-2.0 */
/* The one walk: check a foreign batch, write a trusted one, let the enrichers add to each record.
 */
#include "enrich/enrich.h"

#include <stdlib.h>

#include "enrich/enricher.h"

static const struct enricher *const enrichers[] = {
    &enricher_id,
    &enricher_direction,
    &enricher_geoip,
    &enricher_domain,
    &enricher_names,
};

enum {
    N_ENRICHERS = sizeof(enrichers) / sizeof(enrichers[0]),
    NOT_SEEN = 0xff,
    MAX_VALUE = 4096 /* bytes of one added text */
};

static const uint16_t seen_fields[SEEN_N] = {
    [SEEN_EVENT_ID] = FIELD_EVENT_ID,
    [SEEN_SOURCE_IP] = FIELD_SOURCE_IP,
    [SEEN_DESTINATION_IP] = FIELD_DESTINATION_IP,
    [SEEN_DIRECTION] = FIELD_NETWORK_DIRECTION,
    [SEEN_SOURCE_COUNTRY] = FIELD_SOURCE_COUNTRY,
    [SEEN_DESTINATION_COUNTRY] = FIELD_DESTINATION_COUNTRY,
    [SEEN_HOST_NAME] = FIELD_HOST_NAME,
    [SEEN_AGENT_NAME] = FIELD_AGENT_NAME,
};

struct enrich {
    const struct schema *schema;
    void *states[N_ENRICHERS];
    uint32_t max_added; /* bytes of cells that one record may get */
    uint8_t *scratch;   /* where batches grow: warm memory, then a copy of the right size */
    uint32_t scratch_cap;
    uint8_t seen_of[SCHEMA_MAX_FIELDS]; /* enum enrich_seen by field, or NOT_SEEN */
    struct enrich_stats stats;
};

int
enrich_new(const struct enrich_options *options, struct enrich **ret, struct err *err)
{
    struct enrich *e = calloc(1, sizeof(*e));

    if (!e)
        return err_set(err, ERR_NOMEM, "no memory to enrich events");
    e->schema = options->schema;
    memset(e->seen_of, NOT_SEEN, sizeof(e->seen_of));
    for (uint8_t i = 0; i < SEEN_N; i++)
        if (seen_fields[i])
            e->seen_of[seen_fields[i]] = i;
    uint16_t question = schema_find(e->schema, SLICE("dns.question.name"), NULL, NULL);
    if (question)
        e->seen_of[question] = SEEN_DNS_QUESTION;
    for (size_t i = 0; i < N_ENRICHERS; i++) {
        int rc = enrichers[i]->open(options, &e->states[i], err);
        if (rc < 0) {
            enrich_free(e);
            return rc;
        }
        if (e->states[i])
            e->max_added += enrichers[i]->max_bytes;
    }
    *ret = e;
    return 0;
}

void
enrich_free(struct enrich *e)
{
    if (!e)
        return;
    for (size_t i = 0; i < N_ENRICHERS; i++)
        if (e->states[i])
            enrichers[i]->close(e->states[i]);
    free(e->scratch);
    free(e);
}

void
enrich_stats(const struct enrich *e, struct enrich_stats *ret)
{
    *ret = e->stats;
    for (size_t i = 0; i < N_ENRICHERS; i++)
        if (e->states[i] && enrichers[i]->stats)
            enrichers[i]->stats(e->states[i], ret);
}

/* Checks all cells of a record and notes those that enrichers ask for. */
static bool
look(struct enrich *e, const struct record *r, struct batch_walk *walk, struct enrich_record *ret)
{
    struct cell_walk cells;
    struct cell cell;

    record_cells(r, walk, &cells);
    while (cell_next(&cells, &cell)) {
        uint8_t seen = cell.field < SCHEMA_MAX_FIELDS ? e->seen_of[cell.field] : NOT_SEEN;
        if (seen == NOT_SEEN || ret->seen_mask >> seen & 1)
            continue;
        ret->seen[seen] = cell;
        ret->seen_mask |= 1u << seen;
    }
    return !walk->bad;
}

/* Copies a record to `out` and adds to it, within `room` bytes; returns its new length. */
static uint32_t
copy_record(struct enrich *e, const struct record *r, const struct enrich_record *er, uint8_t *out,
            uint32_t room)
{
    struct record_head head = *r->head;
    struct cells add;

    memcpy(out + sizeof(head), r->cells, head.len - sizeof(head));
    cells_init(&add, out + head.len, 0, MAX_VALUE);
    if (room >= head.len + e->max_added && head.n_cells < RECORD_MAX_CELLS / 2)
        add.cap = e->max_added;
    else
        e->stats.bare++;
    for (size_t i = 0; add.cap && i < N_ENRICHERS; i++)
        if (e->states[i])
            enrichers[i]->record(e->states[i], er, &add);
    head.len += add.len;
    head.n_cells = (uint16_t)(head.n_cells + add.n);
    memcpy(out, &head, sizeof(head));
    return head.len;
}

/* The whole batch into `out` of `cap` bytes; returns the bytes used, 0: a lie. */
static uint32_t
copy_batch(struct enrich *e, struct slice batch, uint8_t *out, uint32_t cap)
{
    const struct batch_head *from = (const struct batch_head *)(const void *)batch.p;
    struct enrich_record er = {.batch = from};
    uint32_t at = sizeof(*from), left = from->used - (uint32_t)sizeof(*from);
    struct batch_walk walk;
    struct record r;

    if (!batch_open(&walk, batch, e->schema))
        return 0;
    while (batch_next(&walk, &r)) {
        er.head = r.head;
        er.seen_mask = 0;
        if (!look(e, &r, &walk, &er))
            return 0;
        left -= r.head->len;
        at += copy_record(e, &r, &er, out + at, cap - at - left); /* the rest fits in any case */
        er.row++;
    }
    return walk.bad ? 0 : at;
}

static bool
scratch_fits(struct enrich *e, uint32_t cap)
{
    if (cap <= e->scratch_cap)
        return true;
    free(e->scratch);
    e->scratch = malloc(cap);
    e->scratch_cap = e->scratch ? cap : 0;
    return e->scratch != NULL;
}

int
enrich_batch(struct enrich *e, struct slice batch, struct batch_ref **ret, struct err *err)
{
    const struct batch_head *from = (const struct batch_head *)(const void *)batch.p;
    struct batch_walk walk;

    if (!batch_open(&walk, batch, e->schema)) {
        e->stats.refused++;
        return err_set(err, ERR_FORMAT, "a batch of %zu bytes is none, or speaks of other fields",
                       batch.len);
    }
    uint64_t want = (uint64_t)from->used + (uint64_t)from->n_records * e->max_added + BATCH_ALIGN;
    uint32_t cap = (uint32_t)(want < BATCH_MAX ? want : BATCH_MAX) & ~(uint32_t)(BATCH_ALIGN - 1);
    if (!scratch_fits(e, cap))
        return err_set(err, ERR_NOMEM, "no memory for a batch of %u bytes", cap);
    uint32_t used = copy_batch(e, batch, e->scratch, cap);
    if (used == 0) {
        e->stats.refused++;
        return err_set(err, ERR_FORMAT, "a batch of %zu bytes has a record that is none",
                       batch.len);
    }
    struct batch_head head = *from;
    head.used = used;
    head.len = (used + BATCH_ALIGN - 1) & ~(uint32_t)(BATCH_ALIGN - 1);
    uint8_t *out = malloc(head.len);
    if (!out)
        return err_set(err, ERR_NOMEM, "no memory for a batch of %u bytes", head.len);
    memcpy(out, &head, sizeof(head));
    memcpy(out + sizeof(head), e->scratch + sizeof(head), used - sizeof(head));
    memset(out + used, 0, head.len - used);
    *ret = batch_ref_new(out, head.len);
    if (!*ret)
        return err_set(err, ERR_NOMEM, "no memory for a batch");
    e->stats.batches++;
    e->stats.events += head.n_records;
    return 0;
}
