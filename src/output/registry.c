/* SPDX-License-Identifier: Apache-2.0 */
/* Which outputs there are, and their sections of settings. */
#include "output/registry_priv.h"

size_t
output_sections(struct section *ret, size_t max)
{
    size_t n = 0;

    for (; output_rows[n].ops && n < max; n++)
        ret[n] = (struct section){.name = output_rows[n].section,
                                  .summary = output_rows[n].ops->summary,
                                  .settings = output_rows[n].ops->settings,
                                  .size = output_rows[n].ops->settings_size};
    return n;
}

const struct output_ops *
output_find(const char *name)
{
    for (size_t i = 0; output_rows[i].ops; i++)
        if (strcmp(output_rows[i].ops->name, name) == 0)
            return output_rows[i].ops;
    return NULL;
}

/* Settings of every output begin with it. */
struct output_head {
    bool enabled;
};

int
output_open_enabled(const struct config *config, const struct schema *schema, struct output **ret,
                    size_t *n, struct err *err)
{
    size_t max = *n;

    *n = 0;
    for (size_t i = 0; output_rows[i].ops; i++) {
        const struct output_head *head = config_get(config, output_rows[i].section);
        if (!head->enabled)
            continue;
        int rc = *n == max ? err_set(err, ERR_FULL, "more than %zu outputs are enabled", max)
                           : output_rows[i].ops->open(head, schema, &ret[*n], err);
        if (rc < 0) {
            while (*n > 0) {
                --*n;
                ret[*n]->ops->close(ret[*n]);
            }
            return rc;
        }
        ++*n;
    }
    return 0;
}
