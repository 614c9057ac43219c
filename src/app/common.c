/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share: configuration from -c and -E, messages, output. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "base/log.h"

bool
app_source_file(struct app_source *s, const char *path)
{
    if (s->source.n_files == sizeof(s->files) / sizeof(s->files[0])) {
        (void)fprintf(stderr, "remora: more than %zu -c files\n", s->source.n_files);
        return false;
    }
    s->files[s->source.n_files++] = path;
    s->source.files = s->files;
    return true;
}

bool
app_source_override(struct app_source *s, const char *text)
{
    if (s->source.n_overrides == sizeof(s->overrides) / sizeof(s->overrides[0])) {
        (void)fprintf(stderr, "remora: more than %zu -E settings\n", s->source.n_overrides);
        return false;
    }
    s->overrides[s->source.n_overrides++] = text;
    s->source.overrides = s->overrides;
    return true;
}

struct config *
app_config(const struct app_source *s)
{
    struct config *c = NULL;
    struct err err = {0};

    if (config_load(app_sections(), &s->source, &c, &err) < 0) {
        (void)app_fail(&err);
        return NULL;
    }
    for (size_t i = 0; i < config_n_warnings(c); i++)
        (void)fprintf(stderr, "remora: warning: %s\n", config_warning(c, i));
    return c;
}

int
app_usage(const struct command *c, const char *fmt, ...)
{
    va_list ap;

    (void)fprintf(stderr, "remora %s: ", c->name);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fprintf(stderr, "\nusage: remora %s %s\nremora help %s says more.\n", c->name, c->usage, c->name);
    return EXIT_USAGE;
}

int
app_fail(const struct err *err)
{
    (void)fprintf(stderr, "remora: %s\n", err->text);
    return err->code == ERR_USAGE ? EXIT_USAGE : EXIT_FAILED;
}

int
app_print(struct slice text)
{
    while (text.len > 0) {
        ssize_t n = write(STDOUT_FILENO, text.p, text.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EPIPE ? EXIT_OK : EXIT_FAILED;
        text = slice_from(text, (size_t)n);
    }
    return EXIT_OK;
}
