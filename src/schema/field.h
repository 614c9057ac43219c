/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field: one row of a field table. common.def and each protocol's <name>.def are read twice: for
 * the numbers (field_enum.h) and for the rows (field_rows.h). All other forms of a field (JSON
 * name, column, index template, type check, docs) come from these rows at run time.
 *
 * Rows of a .def file, one per line, help ends with a full stop:
 *   DATASET("name", "protocol", "types", "Summary.")  first row of a protocol's file: the name is that of
 *                                                     its folder, type and event.dataset; protocol is
 *                                                     network.protocol ("" = none); types are event.type,
 *                                                     comma separated ("connection,protocol")
 *   FIELD(ID, "name", KIND, FLAGS, "Help.")          KIND without its KIND_ prefix
 *   GROUP(ID, "name", "Help.")                        a list of objects, "dns.answers"
 *   ITEM(ID, GROUP_ID, "name", KIND, FLAGS, "Help.")  a member of these objects, with its whole name:
 *                                                     "dns.answers.ttl"
 *   MIRROR(ID, "name", OF_ID, "Help.")                shows the value of another field of the same
 *                                                     file; never put, never stored (client.ip)
 *   ALIAS("old name", OF_ID, SCALE)                   a name that searches understand as well;
 *                                                     value of the old name = value * SCALE
 */
#ifndef SCHEMA_FIELD_H
#define SCHEMA_FIELD_H

#include <stdint.h>

enum field_kind {
    KIND_NONE, /* ends a table; also an ALIAS row */
    KIND_UINT,
    KIND_INT,
    KIND_FLOAT,
    KIND_BOOL,
    KIND_IP,       /* 4 or 16 bytes, network order */
    KIND_TIME,     /* ns since 1970 UTC */
    KIND_DURATION, /* ns */
    KIND_TEXT,     /* bytes from the wire; made valid UTF-8 by who shows or stores them */
    KIND_BYTES,    /* shown as base64 */
    KIND_MAP,      /* text to text (or number) pairs: headers; keys have no dots of ours */
    KIND_GROUP     /* a list of objects made of ITEM fields */
};

enum field_flags {
    FIELD_COLUMN = 1,    /* a typed column of its own in the store (at most 48 in all) */
    FIELD_LIST = 2,      /* always shown as a JSON list, also with one value */
    FIELD_FREE_TEXT = 4, /* searched by bare words and by word, not only as a whole */
    FIELD_CONST = 8,     /* follows from the dataset unless the record has a cell (event.kind) */
    FIELD_LARGE = 16,    /* bodies, payloads: never aggregated, cut first under pressure */
    FIELD_MIRROR = 32,   /* made by MIRROR: `of` is the field whose value it shows */
    FIELD_ALIAS = 64,    /* made by ALIAS: `of` is the field it stands for */
    FIELD_FLOW_TOO = 128 /* a mirror that holds for flow events as well */
};

struct field {
    const char *name;
    const char *help;
    double scale;   /* ALIAS: old value = value * scale, 0 = as it is */
    uint16_t of;    /* MIRROR, ALIAS: a number of the same table; ITEM: its GROUP */
    uint8_t flags;  /* enum field_flags */
    uint8_t kind;   /* enum field_kind */
};

#endif
