/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of event: from a cell as it lies in memory to what readers see. */
#ifndef EVENT_RECORD_PRIV_H
#define EVENT_RECORD_PRIV_H

#include "event/record.h"

/* Is this a number as JSON writes it (without exponent)? */
bool is_number(struct slice s);

/* A checked or trusted cell. */
static inline void
cell_load(const struct cell_head *h, struct cell *ret)
{
    const uint8_t *p = (const uint8_t *)(h + 1);

    *ret = (struct cell){
        .field = h->field, .kind = h->kind, .flags = h->flags, .bytes = slice_of(p, h->len)};
    if (h->kind == KIND_MAP) {
        uint16_t key_len;
        memcpy(&key_len, p, sizeof(key_len));
        ret->key = slice_of(p + sizeof(key_len), key_len);
        ret->bytes = slice_from(ret->bytes, sizeof(key_len) + (size_t)key_len);
    } else if (h->len == sizeof(ret->n.u)) {
        memcpy(&ret->n.u, p, sizeof(ret->n.u));
    }
}

#endif
