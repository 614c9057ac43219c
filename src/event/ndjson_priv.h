/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of ndjson: what is prepared once per schema (ndjson_plan.c) for the walk (ndjson.c). */
#ifndef EVENT_NDJSON_PRIV_H
#define EVENT_NDJSON_PRIV_H

#include "event/ndjson.h"
#include "event/value.h"

enum {
    NDJSON_SLACK = 32,   /* keys are copied in runs of 32 bytes */
    NDJSON_NO_SLOT = 0xffff,
    NDJSON_MAX_CONSTS = 16
};

/* A place in the line: a field, its mirror or its old name. Sorted by name. */
struct ndjson_slot {
    const char *name;
    double scale;     /* of an old name; 0: as it is */
    uint32_t key_at;  /* in keys: the text between the slot before and this value, when that was `prev` */
    uint16_t key_len;
    uint16_t prev;    /* slot; NDJSON_NO_SLOT: none yet */
    uint16_t field;
    uint8_t kind, flags;
};

struct ndjson_field {
    uint16_t chain;      /* cells are gathered under this field: itself, or its group */
    uint16_t show_at[2]; /* in shows: the slots of this field, without and with mirrors */
    uint16_t n_shows[2];
    uint8_t const_at;    /* in the dataset's consts + 1; 0: no const field */
};

/* The cells of one field in the record in hand: a list by index. */
struct ndjson_chain {
    uint32_t epoch; /* of another record: empty */
    uint16_t first, last;
};

struct ndjson {
    const struct schema *schema;
    struct ndjson_options options;
    struct value_clock clock;
    uint32_t epoch, item_epoch;
    uint16_t n_slots, n_words, n_consts;
    struct ndjson_slot *slots;
    struct ndjson_field *fields;
    struct ndjson_chain *chains, *item_chains;
    uint16_t *shows;
    uint8_t *keys;
    uint64_t *bits;         /* slots of the record in hand */
    uint64_t *dataset_bits; /* n_words each: slots that follow from the dataset */
    struct slice *consts;   /* NDJSON_MAX_CONSTS each: JSON texts */
    uint8_t *const_texts;
    const struct cell_head *cells[RECORD_MAX_CELLS];
    uint16_t next[RECORD_MAX_CELLS];      /* in its chain */
    uint16_t item_next[RECORD_MAX_CELLS]; /* in its item's chain */
};

/* Makes the key text of `slot` when it follows `prev` (NDJSON_NO_SLOT: the first). */
void ndjson_make_key(struct ndjson *n, uint16_t slot, uint16_t prev);

/* Closing braces behind the last slot. */
unsigned ndjson_depth(const struct ndjson_slot *slot);

#endif
