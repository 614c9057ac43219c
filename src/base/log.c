/* SPDX-License-Identifier: Apache-2.0 */
/* logfmt lines on standard error, one write each. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static enum log_level log_level = LOG_LEVEL_INFO;
static const char *log_process = "remora";

void
log_set_level(enum log_level level)
{
    log_level = level;
}

void
log_set_process(const char *name)
{
    log_process = name;
}

static size_t
log_cap(int written, size_t cap)
{
    if (written < 0)
        return 0;
    return (size_t)written < cap ? (size_t)written : cap - 1;
}

void
log_write(enum log_level level, const char *area, const char *message, const char *fmt, ...)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    char line[1024];
    struct timespec now;
    struct tm tm;
    va_list ap;

    if (level > log_level)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    size_t cap = sizeof(line) - 1; /* room for the line feed */
    size_t len = strftime(line, cap, "time=%Y-%m-%dT%H:%M:%S", &tm);
    len += log_cap(snprintf(line + len, cap - len, ".%03ldZ level=%s process=%s area=%s msg=\"%s\"",
                            now.tv_nsec / 1000000, names[level], log_process, area, message),
                   cap - len);
    if (fmt[0] != '\0' && len + 1 < cap) {
        line[len++] = ' ';
        va_start(ap, fmt);
        len += log_cap(vsnprintf(line + len, cap - len, fmt, ap), cap - len);
        va_end(ap);
    }
    line[len++] = '\n';
    if (write(STDERR_FILENO, line, len) < 0)
        return; /* nobody listens: there is no better place to say so */
}
