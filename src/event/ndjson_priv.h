/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of ndjson: what is prepared once per schema (ndjson_plan.c) for the walk (ndjson.c). */
#ifndef EVENT_NDJSON_PRIV_H
#define EVENT_NDJSON_PRIV_H

#include "event/ndjson.h"
#include "event/value.h"

enum {
    NDJSON_SLACK = 32, /* keys are copied in runs of 32 bytes */
    NDJSON_NO_SLOT = 0xffff,
    NDJSON_MAX_CONSTS = 16
};

/* A place in the line: a field, its mirror or its old name. Sorted by name. */
struct ndjson_slot {
    const char *name;
    double scale; /* of an old name; 0: as it is */
    uint32_t
        key_at; /* in keys: the text between the slot before and this value, when that was `prev` */
    uint16_t key_len;
    uint16_t prev; /* slot; NDJSON_NO_SLOT: none yet */
    uint16_t field;
    uint8_t kind, flags;
};

struct ndjson_field {
    uint16_t chain;      /* cells are gathered under this field: itself, or its group */
    uint16_t show_at[2]; /* in shows: the slots of this field, without and with mirrors */
    uint16_t n_shows[2];
    uint8_t const_at;     /* in the dataset's consts + 1; 0: no const field */
    uint8_t item_key_len; /* of a member of a group: ,"name": in keys */
    uint32_t item_key_at;
};

/* The cells of one field in the record in hand: a list by index. */
struct ndjson_chain {
    uint32_t epoch; /* of another record: empty */
    uint16_t first, last;
};

/*
 * Most events of a kind have the same fields in the same order: a shape. For a shape that was seen
 * twice the line is prepared: texts that never change, and between them which cell is written how.
 */
enum { SHAPE_MAX_CELLS = 256, SHAPE_SLOTS = 128 };

enum shape_what {
    SHAPE_TEXT,
    SHAPE_UINT,
    SHAPE_BOOL,
    SHAPE_IP,
    SHAPE_VALUE,
    SHAPE_LIST,
    SHAPE_MAP,
    SHAPE_GROUP,
    SHAPE_TIMESTAMP,
    SHAPE_RELATED
};

struct shape_op {
    uint32_t text_at; /* in texts: what stands before the value */
    uint16_t text_len;
    uint16_t slot;
    uint16_t cell_at; /* in cells: its cells */
    uint16_t n_cells;
    uint8_t what; /* enum shape_what; the quotes of TEXT and IP are part of the texts around it */
};

struct shape {
    uint64_t hash;
    uint16_t dataset, n_cells, n_ops;
    uint32_t tail_at, tail_len;
    uint16_t *fields; /* n_cells of them */
    uint16_t *cells;  /* indexes, by op */
    uint8_t *texts;   /* with NDJSON_SLACK */
    struct shape_op ops[];
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
    uint16_t next[RECORD_MAX_CELLS];           /* in its chain */
    uint16_t item_next[RECORD_MAX_CELLS];      /* in its item's chain */
    uint16_t cell_fields[SHAPE_MAX_CELLS + 4]; /* padded with zeros for the hash */
    struct shape *shapes[SHAPE_SLOTS];
    uint64_t seen[SHAPE_SLOTS]; /* hash of a shape that was seen once */
};

/* Cells of a chain that ends with NDJSON_NO_CELL in n->next. */
enum { NDJSON_NO_CELL = 0xffff };

/* Addresses of the derived related.ip, in this order. */
enum { NDJSON_N_RELATED = 3 };
extern const uint16_t ndjson_related[NDJSON_N_RELATED];

/* Prepares the shape of the record that is gathered in `n` (chains, bits). NULL: no memory, too
 * long. */
struct shape *shape_new(struct ndjson *n, const struct record *r, uint64_t hash);
void shape_free(struct shape *s);

/* Constant text of a field for a dataset. */
static inline struct slice
ndjson_const(const struct ndjson *n, uint16_t dataset, uint16_t field)
{
    return n->consts[(size_t)dataset * NDJSON_MAX_CONSTS + n->fields[field].const_at - 1u];
}

/* Makes the key text of `slot` when it follows `prev` (NDJSON_NO_SLOT: the first). */
void ndjson_make_key(struct ndjson *n, uint16_t slot, uint16_t prev);

/* Closing braces behind the last slot. */
unsigned ndjson_depth(const struct ndjson_slot *slot);

#endif
