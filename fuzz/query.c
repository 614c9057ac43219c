/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: a query as a client sends it: the JSON of a query, a query string, KQL; and the filter of the live stream. */
#include <stdlib.h>

#include "search/search.h"
#include "search/search_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct schema *schema;
    struct sql q;
    json_t *query = json_loadb((const char *)data, len, JSON_REJECT_DUPLICATES, NULL), *error = NULL;
    char *text = strndup((const char *)data, len);

    if (!schema)
        schema = schema_builtin();
    if (query) {
        sql_init(&q, schema);
        (void)query_sql(&q, query, 0);
        sql_fini(&q);
        struct matcher *m = matcher_new(schema, query, &error);
        matcher_free(m);
        json_decref(error);
    }
    sql_init(&q, schema);
    (void)lucene_sql(&q, text, "OR", NULL);
    sql_fini(&q);
    sql_init(&q, schema);
    (void)kql_sql(&q, text);
    sql_fini(&q);
    json_decref(query);
    free(text);
    return 0;
}
