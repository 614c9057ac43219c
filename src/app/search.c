/* SPDX-License-Identifier: Apache-2.0 */
/* remora search: what is stored, on the command line. The work is done by remora-keeper. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "app/program.h"

struct search_args {
    const char *data, *url, *format, *size, *from, *to;
    char last[64], query[8192];
};

/* "15m" as in --last 15m; Elasticsearch's units. */
static bool
is_span(const char *s)
{
    size_t digits = strspn(s, "0123456789");
    return digits > 0 && digits < 10 && strlen(s + digits) == 1 && strchr("smhdwMy", s[digits]);
}

static int
take_option(struct search_args *a, const char *name, const char *value)
{
    if (strcmp(name, "--data") == 0) {
        a->data = value;
    } else if (strcmp(name, "--url") == 0) {
        a->url = value;
    } else if (strcmp(name, "--from") == 0) {
        a->from = value;
    } else if (strcmp(name, "--to") == 0) {
        a->to = value;
    } else if (strcmp(name, "--last") == 0) {
        if (!is_span(value))
            return app_usage(&command_search, "--last %s: a number with s, m, h, d or w is expected, for example 15m", value);
        (void)snprintf(a->last, sizeof(a->last), "now-%s", value);
        a->from = a->last;
    } else if (strcmp(name, "-n") == 0) {
        if (strspn(value, "0123456789") != strlen(value) || atol(value) < 1 || atol(value) > 10000)
            return app_usage(&command_search, "-n %s: a number from 1 to 10000 is expected", value);
        a->size = value;
    } else if (strcmp(name, "-o") == 0) {
        if (strcmp(value, "table") != 0 && strcmp(value, "ndjson") != 0)
            return app_usage(&command_search, "-o %s: table or ndjson is expected", value);
        a->format = value;
    } else {
        return app_usage(&command_search, "there is no option %s", name);
    }
    return EXIT_OK;
}

static int
run_search(int argc, char **argv)
{
    struct search_args a = {.data = "/var/lib/remora", .url = "http://127.0.0.1:9200", .size = "20", .from = "", .to = ""};
    bool has_url = false, has_data = false;
    char program[4096];
    struct err err = {0};

    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-' && argv[i][1] != '\0') {
            if (i + 1 == argc)
                return app_usage(&command_search, "%s needs a value", argv[i]);
            has_url |= strcmp(argv[i], "--url") == 0;
            has_data |= strcmp(argv[i], "--data") == 0;
            int rc = take_option(&a, argv[i], argv[i + 1]);
            if (rc != EXIT_OK)
                return rc;
            i++;
            continue;
        }
        size_t len = strlen(a.query);
        if ((size_t)snprintf(a.query + len, sizeof(a.query) - len, "%s%s", len ? " " : "", argv[i]) >= sizeof(a.query) - len)
            return app_usage(&command_search, "the query is longer than %zu bytes", sizeof(a.query));
    }
    if (has_data && !has_url)
        a.url = ""; /* another remora may answer there */
    if (!a.format)
        a.format = isatty(STDOUT_FILENO) ? "table" : "ndjson";
    if (program_find("-keeper", program, sizeof(program), &err) < 0)
        return app_fail(&err);
    (void)fflush(NULL);
    (void)execl(program, program, "@search", a.data, a.url, a.format, a.size, a.from, a.to, a.query, (char *)NULL);
    (void)err_sys(&err, ERR_IO, errno, "cannot start %s", program);
    return app_fail(&err);
}

const struct command command_search = {
    .name = "search",
    .usage = "[QUERY] [--last 15m | --from TIME --to TIME] [-n N] [-o table|ndjson] [--data DIR] [--url URL]",
    .summary = "searches what is stored",
    .help = "Asks the remora that runs here (or, when none runs, opens its data directory) and prints the newest hits.\n"
            "QUERY is what the page's bar takes: words, field: value, ranges, and, or, not. Examples:\n\n"
            "  remora search 'http.response.status_code >= 500 and url.path: /api/*' --last 1h\n"
            "  remora search 'type: dns and status: Error' -o ndjson -n 1000\n\n"
            "  --last SPAN           15m, 2h, 7d: up to now\n"
            "  --from TIME --to TIME 2026-01-31T10:00:00Z, or now-1h\n"
            "  -n N                  at most so many (20)\n"
            "  -o table|ndjson       form of the output (a table on a terminal)\n"
            "  --data DIR            data directory (/var/lib/remora)\n"
            "  --url URL             the remora to ask (http://127.0.0.1:9200)\n\n"
            "Exit status: 0, also when nothing was found; 1 when it failed, 2 wrong usage.\n",
    .run = run_search,
};
