/* SPDX-License-Identifier: Apache-2.0 */
/* What the keeper tells about itself and the others: /-/api/status and /metrics. */
#ifndef APP_KEEPER_STATUS_H
#define APP_KEEPER_STATUS_H

#include <jansson.h>

#include "base/buf.h"
#include "base/shmring.h"
#include "schema/schema.h"
#include "store/store.h"

struct shared_page;

struct keeper_view {
    struct shared_page *page;
    struct shmring *ring;
    struct store *store; /* NULL: none */
    struct schema *schema;
    char host[256];
    char index[200]; /* pattern of the indexes of traffic */
    bool has_geoip;
    int64_t retention_age_ns; /* 0: none, as the next */
    uint64_t retention_bytes;
    uint64_t events, lost_events, lies, output_errors;
};

/* ctx is a struct keeper_view; called on web threads, reads counters without locks. */
json_t *keeper_status(void *ctx);
void keeper_metrics(void *ctx, struct buf *out);

#endif
