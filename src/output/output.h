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
#include "event/batch_ref.h"
#include "event/record.h"

struct output; /* begins with its ops */

struct output_stats {
    uint64_t events, bytes, dropped, errors;
};

struct output_ops {
    const char *name; /* "file": section "output.file" */
    const char *summary;
    const struct setting *settings; /* ends with {0} */
    size_t settings_size;           /* begins with bool enabled */
    /* The settings are borrowed until close. */
    int (*open)(const void *settings, const struct schema *schema, struct output **ret,
                struct err *err);
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

/* The settings sections of all outputs of outputs.list ("output.file"): fills at most `max`,
 * returns how many. */
size_t output_sections(struct section *ret, size_t max);

/* NULL: there is none of this name. */
const struct output_ops *output_find(const char *name);

/*
 * Opens every output whose settings say `enabled`, in the order of outputs.list. *n: room in `ret`,
 * then how many. All or none; the caller closes each by its ops.
 */
int output_open_enabled(const struct config *config, const struct schema *schema,
                        struct output **ret, size_t *n, struct err *err);

#endif
