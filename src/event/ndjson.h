/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ndjson: a trusted record as one line of nested JSON with ECS names, the same text that is
 * _source in searches. Invalid UTF-8 becomes U+FFFD, control characters are escaped. One walk, no
 * allocation but the output's growth.
 */
#ifndef EVENT_NDJSON_H
#define EVENT_NDJSON_H

#include "base/buf.h"
#include "event/record.h"

struct ndjson;

struct ndjson_options {
    uint8_t time_digits; /* fraction of @timestamp and other times: 3, 6 (default) or 9 */
    bool flat_names;     /* Packetbeat 1.x flat names besides, for old dashboards */
};

/* Prepares key texts for one schema. Not thread-safe: one per thread. NULL options: defaults. */
struct ndjson *ndjson_new(const struct schema *schema, const struct ndjson_options *options);
void ndjson_free(struct ndjson *n);

/* Appends one object without line end. */
void ndjson_record(struct ndjson *n, const struct record *r, struct buf *out);

#endif
