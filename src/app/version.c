/* SPDX-License-Identifier: Apache-2.0 */
/* remora version. */
#include <stdio.h>

#include "app/app.h"
#include "schema/schema.h"

static int
run_version(int argc, char **argv)
{
    struct schema *schema = schema_builtin();

    (void)argc;
    (void)argv;
    (void)printf("remora %s\n", REMORA_VERSION);
    (void)printf("protocols:");
    for (uint16_t i = 0; i < schema_n_datasets(schema); i++)
        (void)printf(" %s", schema_dataset(schema, i)->name);
    (void)printf("\n");
    schema_free(schema);
    return EXIT_OK;
}

const struct command command_version = {
    .name = "version",
    .usage = "",
    .summary = "prints the version and what was built in",
    .help = "",
    .run = run_version,
};
