/* SPDX-License-Identifier: Apache-2.0 */
/* event.id from the place of the event: ring, position of its batch there, row. */
#include "enrich/enricher.h"

enum { ID_LEN = 16 }; /* 80 bits in base 32: no two equal ones in 10^10 events, by all odds */

static int
id_open(const struct enrich_options *options, void **ret, struct err *err)
{
    static char always;

    (void)options;
    (void)err;
    *ret = &always;
    return 0;
}

/* Finalizer of splitmix64: each input bit changes each output bit with even odds. */
static uint64_t
mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static void
id_record(void *state, const struct enrich_record *r, struct cells *add)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    uint8_t text[ID_LEN];

    (void)state;
    if (enrich_has(r, SEEN_EVENT_ID))
        return;
    uint64_t high =
        mix(r->batch->ring_id + mix(r->batch->position + mix(r->row + 0x9e3779b97f4a7c15u)));
    uint64_t low = mix(r->batch->ring_id ^ mix(high + r->batch->position + r->row));
    for (int i = 0; i < ID_LEN; i++) {
        text[i] = (uint8_t)digits[(i < 8 ? high >> (5 * i) : low >> (5 * (i - 8))) & 31];
    }
    cells_text(add, FIELD_EVENT_ID, KIND_TEXT, slice_of(text, sizeof(text)));
}

static void
id_close(void *state)
{
    (void)state;
}

const struct enricher enricher_id = {
    .name = "id", .max_bytes = 32, .open = id_open, .record = id_record, .close = id_close};
