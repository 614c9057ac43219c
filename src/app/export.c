/* SPDX-License-Identifier: Apache-2.0 */
/* remora export and remora fields: the tables of fields and settings in other forms. */
#include <stdio.h>
#include <string.h>

#include "app/app.h"
#include "schema/schema.h"

enum { EXPORT_MAX = 16 << 20 };

static int
export_fields(const char *form, struct buf *out, struct err *err)
{
    struct schema *schema = schema_builtin();
    int rc = schema_export(schema, form, out, err);

    schema_free(schema);
    return rc;
}

static int
export_config(const struct app_source *source, const char *form, struct buf *out)
{
    struct config *config = app_config(source);
    struct err err = {0};

    if (!config)
        return EXIT_FAILED;
    int rc = config_export(config, form, out, &err);
    config_free(config);
    return rc < 0 ? app_fail(&err) : EXIT_OK;
}

static int
run_export(int argc, char **argv)
{
    const char *what = NULL, *form = NULL;
    struct app_source source = {0};
    struct buf out;
    struct err err = {0};
    int status = EXIT_OK;

    for (int i = 1; i < argc; i++) {
        bool takes = strcmp(argv[i], "--as") == 0 || strcmp(argv[i], "-c") == 0 || strcmp(argv[i], "-E") == 0;
        if (takes && i + 1 == argc)
            return app_usage(&command_export, "%s needs a value", argv[i]);
        if (strcmp(argv[i], "--as") == 0)
            form = argv[++i];
        else if (strcmp(argv[i], "-c") == 0 ? !app_source_file(&source, argv[++i])
                 : strcmp(argv[i], "-E") == 0 ? !app_source_override(&source, argv[++i])
                                              : false)
            return EXIT_USAGE;
        else if (!takes && argv[i][0] == '-')
            return app_usage(&command_export, "there is no option %s", argv[i]);
        else if (!takes)
            what = argv[i];
    }
    buf_init(&out, EXPORT_MAX);
    if (what && strcmp(what, "fields") == 0) {
        if (export_fields(form ? form : "markdown", &out, &err) < 0)
            status = app_fail(&err);
    } else if (what && strcmp(what, "template") == 0) {
        if (export_fields("elastic", &out, &err) < 0)
            status = app_fail(&err);
    } else if (what && strcmp(what, "config") == 0) {
        status = export_config(&source, form ? form : "effective", &out);
    } else {
        status = app_usage(&command_export, "fields, config or template?");
    }
    if (status == EXIT_OK)
        status = app_print(buf_slice(&out));
    buf_fini(&out);
    return status;
}

const struct command command_export = {
    .name = "export",
    .usage = "fields|config|template [--as FORM] [-c FILE]... [-E key=value]...",
    .summary = "prints the tables of fields and settings in other forms",
    .help = "  fields     json, elastic (index template), duckdb, markdown (default)\n"
            "  config     effective (default: what holds, with where it was said), default (a commented\n"
            "             file with all defaults), markdown, json\n"
            "  template   the index template for Elasticsearch and OpenSearch\n",
    .run = run_export,
};

static int
run_fields(int argc, char **argv)
{
    struct schema *schema = schema_builtin();
    const char *word = argc > 1 ? argv[1] : "";

    for (uint16_t r = 0; r + 1 < schema_n_fields(schema); r++) {
        const struct field *f = schema_field(schema, schema_by_rank(schema, r));
        if (strstr(f->name, word))
            (void)printf("%-44s %s\n", f->name, f->help);
    }
    schema_free(schema);
    return EXIT_OK;
}

const struct command command_fields = {
    .name = "fields",
    .usage = "[PART OF A NAME]",
    .summary = "lists the fields of events",
    .help = "All fields that events can have, or those whose name holds the word.\n",
    .run = run_fields,
};
