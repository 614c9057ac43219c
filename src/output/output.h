/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output: where events go. An output is a folder that exports one `const struct output_ops
 * output_<name>` and one word in outputs.list. It gets trusted, immutable batches that it shares
 * with others by reference count.
 */
#ifndef OUTPUT_OUTPUT_H
#define OUTPUT_OUTPUT_H

#include "base/err.h"
#include "config/config.h"
#include "event/record.h"

/* A trusted batch: one block of memory, freed with the last reference. Any thread. */
struct batch_ref;
/* Takes `mem` (from malloc) with `len` bytes of a closed batch. NULL without memory (mem is freed). */
struct batch_ref *batch_ref_new(void *mem, uint32_t len);
struct batch_ref *batch_ref_get(struct batch_ref *b);
void batch_ref_put(struct batch_ref *b);
struct slice batch_ref_bytes(const struct batch_ref *b);

struct output; /* begins with its ops */

struct output_stats {
    uint64_t events, bytes, dropped, errors;
};

struct output_ops {
    const char *name;               /* "file": section "output.file" */
    const char *summary;
    const struct setting *settings; /* ends with {0} */
    size_t settings_size;           /* begins with bool enabled */
    /* The settings are borrowed until close. */
    int (*open)(const void *settings, const struct schema *schema, struct output **ret, struct err *err);
    /* 0, or ERR_FULL / ERR_IO when the batch was not taken as a whole: the caller keeps it and
     * tries again or drops it by its policy, counted. */
    int (*write)(struct output *o, struct batch_ref *batch, struct err *err);
    int (*flush)(struct output *o, struct err *err); /* what was taken is where it should be */
    void (*stats)(struct output *o, struct output_stats *ret);
    void (*close)(struct output *o); /* flushes */
};

struct output {
    const struct output_ops *ops;
};

#endif
