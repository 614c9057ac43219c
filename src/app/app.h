/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app: the command line. The only place that knows every module. One file per command; each
 * command is one `const struct command` and one line in main.c.
 */
#ifndef APP_APP_H
#define APP_APP_H

#include "config/config.h"

/* Exit status: 0 success, 1 it failed (a file cannot be read to its end, a port is busy), 2 wrong usage. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct command {
    const char *name;
    const char *usage;   /* behind "remora NAME " */
    const char *summary; /* one line of the list */
    const char *help;    /* all of it: options, examples */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
};

extern const struct command command_run, command_read, command_search, command_check,
    command_devices, command_export, command_fields, command_version;

/* All sections of settings of this program; ends with {0}. */
const struct section *app_sections(void);

/* What -c and -E collect. */
struct app_source {
    const char *files[32];
    const char *overrides[128];
    struct config_source source;
};

/* Adds a file or an override; false and a message on standard error when there are too many. */
bool app_source_file(struct app_source *s, const char *path);
bool app_source_override(struct app_source *s, const char *text);

/* Loads, prints warnings (each once, as log lines) and on failure the one sentence. NULL: failed. */
struct config *app_config(const struct app_source *s);

/* "remora NAME: message", then how to get help; returns EXIT_USAGE. */
int app_usage(const struct command *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "remora: sentence"; returns EXIT_FAILED. */
int app_fail(const struct err *err);

/* Writes all of it to standard output; a closed pipe ends quietly. Returns an exit status. */
int app_print(struct slice text);

#endif
