/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record: the flat form of events. One event = one record = a head and cells; a batch is a block of
 * memory with a head and records; position-independent, so that it crosses processes and lies on
 * disk as it is. Little-endian hosts only (x86-64, arm64).
 *
 *   batch:  struct batch_head, records, zero padding to 64
 *   record: struct record_head, cells; len is a multiple of 8
 *   cell:   struct cell_head, payload, zero padding to 8
 *
 * Payloads: UINT, INT, FLOAT, BOOL, TIME, DURATION 8 bytes; IP 4 or 16; TEXT, BYTES as they are;
 * MAP: uint16 key length, key, value. A repeated field is a list. CELL_NEW_ITEM marks the first
 * cell of the next object of its field's group; an empty object is not kept.
 */
#ifndef EVENT_RECORD_H
#define EVENT_RECORD_H

#include "base/slice.h"
#include "schema/schema.h"

#define BATCH_MAGIC 0x31424d52u /* "RMB1" */

enum {
    BATCH_ALIGN = 64,
    BATCH_MAX = 4 << 20,  /* bytes of one batch */
    RECORD_MAX = 3 << 20, /* bytes of one record; longer values are cut and counted */
    RECORD_MAX_CELLS = 8192
};

enum cell_flags {
    CELL_NEW_ITEM = 1, /* begins the next object of its group */
    CELL_NUMBER = 2,   /* MAP: the value is a decimal number, shown without quotes */
    CELL_CUT = 4       /* the value was longer and is cut here */
};

struct batch_head {
    uint32_t magic;
    uint32_t len; /* whole batch with head and padding, multiple of BATCH_ALIGN */
    uint32_t n_records;
    uint32_t generation; /* of the dictionary: schema_generation() */
    uint64_t ring_id;    /* random identity of the ring; 0: a file or another source */
    uint64_t position;   /* byte position in the ring: the batch's identity there */
    uint64_t lost;       /* events given up before this batch because there was no room */
    uint32_t used;       /* bytes used of len, padding left out */
    uint16_t worker;
    uint16_t reserved;
};

struct record_head {
    uint32_t len; /* with this head */
    uint16_t n_cells;
    uint16_t dataset;
    uint64_t time_ns; /* @timestamp */
    uint64_t packet;  /* number of the packet at which the event was complete (order, event.id) */
    uint64_t
        done_ns; /* packet time at which the event was complete, for a time-out its deadline: events
                    of a replay are put in the order (done_ns, packet), whatever worker made them */
};

struct cell_head {
    uint16_t field; /* global number */
    uint8_t kind;   /* enum field_kind */
    uint8_t flags;  /* enum cell_flags */
    uint32_t len;   /* bytes of payload */
};

/* A cell as a reader sees it: borrowed from the record. */
struct cell {
    uint16_t field;
    uint8_t kind;
    uint8_t flags;
    struct slice bytes; /* payload; MAP: the value */
    struct slice key;   /* MAP */
    union {
        uint64_t u; /* UINT, BOOL, TIME, DURATION */
        int64_t i;
        double f;
    } n;
};

struct record {
    const struct record_head *head;
    const uint8_t *cells; /* first cell */
    const uint8_t *end;
};

/*
 * cells: builds cells in memory that the caller gives, without allocation. A cell that does not
 * fit is not written and counted in n_dropped; TEXT, BYTES and MAP values above `max_value` are
 * cut and marked CELL_CUT. At most RECORD_MAX_CELLS / 2 cells; the memory is aligned to 8 bytes.
 */
struct cells {
    uint8_t *p;
    uint32_t len, cap;
    uint32_t max_value;
    uint16_t n;
    uint16_t n_dropped;
    uint8_t next_flags; /* added to the next cell: CELL_NEW_ITEM */
};

void cells_init(struct cells *c, void *mem, uint32_t cap, uint32_t max_value);
bool cells_uint(struct cells *c, uint16_t field, uint64_t value);
bool cells_number(struct cells *c, uint16_t field, enum field_kind kind, uint64_t bits);
bool cells_ip(struct cells *c, uint16_t field, const uint8_t *addr, uint8_t len);
bool cells_text(struct cells *c, uint16_t field, enum field_kind kind, struct slice value);
bool cells_map(struct cells *c, uint16_t field, struct slice key, struct slice value,
               uint8_t flags);
/* Copies finished cells (of another struct cells) behind these: all or none. */
bool cells_append(struct cells *c, const struct cells *more);

/*
 * batch_writer: fills one batch in memory that the caller gives (a place in the ring, or a block),
 * aligned to 8 bytes; `cap` is at least sizeof(struct batch_head) and at most BATCH_MAX.
 * batch_add() takes head data and up to two runs of finished cells (b may be NULL); false: no room,
 * publish first. A record above RECORD_MAX is given up and counted in the head's `lost`.
 */
struct batch_writer {
    struct batch_head *head;
    uint32_t cap;
};

void batch_begin(struct batch_writer *w, void *mem, uint32_t cap, uint32_t generation);
bool batch_add(struct batch_writer *w, const struct record_head *head, const struct cells *a,
               const struct cells *b);
/* Pads and closes; returns the bytes of the whole batch (0: no record in it). */
uint32_t batch_end(struct batch_writer *w);

/*
 * Reading. The checked walk is for batches of another process (already copied to private memory):
 * each step checks every length, number, kind and field against the schema and can fail. The same
 * calls serve for trusted batches.
 */
struct batch_walk {
    const uint8_t *p, *end;
    const struct schema *schema;
    uint32_t left;
    bool bad; /* a lie: drop the batch, tell the warden */
};

/* false and `bad` when the head is a lie or the generation is another one. */
bool batch_open(struct batch_walk *w, struct slice batch, const struct schema *schema);
bool batch_next(struct batch_walk *w, struct record *ret);

struct cell_walk {
    const uint8_t *p, *end;
    struct batch_walk *batch; /* NULL: trusted */
    uint32_t left;
};

void record_cells(const struct record *r, struct batch_walk *batch, struct cell_walk *ret);
bool cell_next(struct cell_walk *w, struct cell *ret);

/* First cell of a field in a trusted record; false: none. Linear. */
bool record_find(const struct record *r, uint16_t field, struct cell *ret);

#endif
