/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema: all fields and datasets of one generation under global numbers. A global number is
 * the row of common.def, or field_base of the dataset plus (local number - FIELD_LOCAL). Built
 * from the tables in the program (and later from custom protocols), passed between processes as
 * a flat dictionary, read-only after that. Any thread.
 */
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "schema/common.h"

enum { SCHEMA_MAX_FIELDS = 4096, SCHEMA_MAX_DATASETS = 64, SCHEMA_MAX_COLUMNS = 48 };

struct dataset {
    const char *name;     /* "dns": the value of type and event.dataset */
    const char *summary;  /* one sentence */
    const char *kind;     /* event.kind: "event", "metric" */
    const char *category; /* event.category, "network" */
    const char *types;    /* event.type, comma separated: "connection,protocol"; "" = none */
    const char *protocol; /* network.protocol; "" = none */
    uint16_t field_base;  /* global number of its first own field */
    uint16_t n_fields;    /* own fields */
    bool mirrors;         /* client.* and server.* are shown */
};

struct schema;

/*
 * Datasets that are no protocol, first in schema_builtin(): "flow", and "health" (counters of
 * remora itself: what was lost and why).
 */
enum { DATASET_FLOW, DATASET_HEALTH };

/*
 * The tables linked into the program: common.def, the flow dataset, and each protocol of
 * src/proto/protocols.list in its order. Never fails but for memory (then the program ends).
 * Free with schema_free().
 */
struct schema *schema_builtin(void);
void schema_free(struct schema *s);

/* Flat form for other processes; schema_read() checks everything and copies. */
void schema_write(const struct schema *s, struct buf *out);
int schema_read(struct slice flat, struct schema **ret, struct err *err);

/* Identity of the contents (a hash): equal dictionaries have equal generations. Never 0. */
uint32_t schema_generation(const struct schema *s);

/* Global numbers run from 1 to schema_n_fields() - 1. NULL for 0 and out of range. */
uint16_t schema_n_fields(const struct schema *s);
const struct field *schema_field(const struct schema *s, uint16_t field);

/* Dataset the field belongs to, NULL for common fields. */
const struct dataset *schema_field_dataset(const struct schema *s, uint16_t field);

uint16_t schema_n_datasets(const struct schema *s);
const struct dataset *schema_dataset(const struct schema *s, uint16_t dataset);
/* -1: unknown */
int schema_find_dataset(const struct schema *s, struct slice name);

/*
 * The field of this name: own name, mirror or alias. Returns its number with mirrors and aliases
 * resolved to the field that holds the value (ret_scale: 0, or old value = value * scale); 0 when
 * there is none. `ret_shown` (may be NULL) gets the row that carries the name itself.
 */
uint16_t schema_find(const struct schema *s, struct slice name, double *ret_scale,
                     const struct field **ret_shown);

/* All aliases, for docs and completion. */
size_t schema_n_aliases(const struct schema *s);
const struct field *schema_alias(const struct schema *s, size_t i);

/* Order of fields in nested JSON: rank 0.. by dotted name; children of one object are neighbours.
 */
uint16_t schema_rank(const struct schema *s, uint16_t field);
uint16_t schema_by_rank(const struct schema *s, uint16_t rank);
/* The order itself: as text, but a dot before all else. */
int schema_compare_names(const char *a, const char *b);

/*
 * Value of a FIELD_CONST field for this dataset (comma separated for lists); NULL: none. It holds
 * when the record has no cell of that field.
 */
const char *schema_const(const struct schema *s, uint16_t dataset, uint16_t field);

/* `remora export fields --as json|elastic|duckdb|markdown`. Unknown form: ERR_USAGE. */
int schema_export(const struct schema *s, const char *form, struct buf *out, struct err *err);

#endif
