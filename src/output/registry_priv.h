/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of output: the table that meson makes from outputs.list. */
#ifndef OUTPUT_REGISTRY_PRIV_H
#define OUTPUT_REGISTRY_PRIV_H

#include "output/output.h"

struct output_row {
    const char *section;
    const struct output_ops *ops;
};

extern const struct output_row output_rows[]; /* ends with {0} */

#endif
