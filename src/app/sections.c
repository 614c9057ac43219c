/* SPDX-License-Identifier: Apache-2.0 */
/* All sections of settings: the one list that knows every module. */
#include "app/app.h"
#include "app/sections.h"
#include "enrich/enrich.h"
#include "output/output.h"
#include "store/store.h"
#include "web/web.h"
#include "worker/worker.h"

enum { MAX_SECTIONS = 48 };

const struct section *
app_sections(void)
{
    static struct section list[MAX_SECTIONS + 1];
    static size_t n;

    if (n > 0)
        return list;
    n = worker_sections(list, MAX_SECTIONS);
    list[n++] = (struct section){"enrich", "What is added to each event.", enrich_settings, sizeof(struct enrich_conf), NULL};
    list[n++] = (struct section){"store", "The embedded store.", store_settings, sizeof(struct store_conf), NULL};
    list[n++] = (struct section){"web", "The page and the search API.", web_settings, sizeof(struct web_conf), NULL};
    n += output_sections(list + n, MAX_SECTIONS - n);
    return list;
}

const struct section *
keeper_sections(void)
{
    return app_sections();
}
