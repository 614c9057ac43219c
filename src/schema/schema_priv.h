/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of schema: the tables as they are linked in, and the schema built of them. */
#ifndef SCHEMA_SCHEMA_PRIV_H
#define SCHEMA_SCHEMA_PRIV_H

#include "schema/schema.h"

/* One protocol: its DATASET row, its fields (from FIELD_LOCAL) and aliases, both end with {0}. */
struct schema_table {
    const struct dataset *dataset;
    const struct field *fields;
    const struct field *aliases;
};

extern const struct schema_table schema_tables[]; /* ends with {0} */

enum { SCHEMA_MAX_ALIASES = 2048, SCHEMA_MAX_NAME = 128, SCHEMA_MAX_HELP = 512 };

struct schema {
    struct field *fields; /* [0] is no field; `of` and kinds of mirrors are global numbers */
    struct field *aliases;
    struct dataset datasets[SCHEMA_MAX_DATASETS];
    uint8_t *owner;    /* by field: dataset + 1, 0 = common */
    uint16_t *rank;    /* by field */
    uint16_t *by_rank; /* n_fields - 1 of them */
    uint32_t *names;   /* hash of names: 0 free, else 1 + field, or 1 + n_fields + alias */
    uint32_t names_mask;
    char *texts; /* of a schema that was read; NULL when built in */
    uint32_t generation;
    uint16_t n_fields, n_aliases, n_datasets;
};

struct schema *schema_new(uint16_t n_fields, uint16_t n_aliases);

/* Ranks, hash of names and generation, when all rows are in. */
void schema_finish(struct schema *s);

/* Does every row keep the rules of field.h and schema.h? NULL, or what is wrong. */
const char *schema_flaw(const struct schema *s, uint16_t *ret_field);

#endif
