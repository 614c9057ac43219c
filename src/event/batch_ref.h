/* SPDX-License-Identifier: Apache-2.0 */
/* batch_ref: a trusted, immutable batch that several readers share by reference count. Any thread.
 */
#ifndef EVENT_BATCH_REF_H
#define EVENT_BATCH_REF_H

#include "base/slice.h"

/* One block of memory, freed with the last reference. */
struct batch_ref;

/* Takes `mem` (from malloc) with `len` bytes of a closed batch. NULL without memory (mem is freed).
 */
struct batch_ref *batch_ref_new(void *mem, uint32_t len);
struct batch_ref *batch_ref_get(struct batch_ref *b);
/* NULL is allowed. */
void batch_ref_put(struct batch_ref *b);
struct slice batch_ref_bytes(const struct batch_ref *b);

#endif
