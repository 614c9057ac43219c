/* SPDX-License-Identifier: Apache-2.0 */
/* A trusted batch that several readers share: freed with its last reference. */
#include <stdatomic.h>
#include <stdlib.h>

#include "event/batch_ref.h"

struct batch_ref {
    void *mem;
    uint32_t len;
    atomic_uint n_refs;
};

struct batch_ref *
batch_ref_new(void *mem, uint32_t len)
{
    struct batch_ref *b = malloc(sizeof(*b));

    if (!b) {
        free(mem);
        return NULL;
    }
    b->mem = mem;
    b->len = len;
    atomic_init(&b->n_refs, 1);
    return b;
}

struct batch_ref *
batch_ref_get(struct batch_ref *b)
{
    atomic_fetch_add_explicit(&b->n_refs, 1, memory_order_relaxed);
    return b;
}

void
batch_ref_put(struct batch_ref *b)
{
    if (!b || atomic_fetch_sub_explicit(&b->n_refs, 1, memory_order_acq_rel) != 1)
        return;
    free(b->mem);
    free(b);
}

struct slice
batch_ref_bytes(const struct batch_ref *b)
{
    return slice_of(b->mem, b->len);
}
