/* SPDX-License-Identifier: Apache-2.0 */
/* Errors with one sentence for the operator. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
err_set(struct err *err, int code, const char *fmt, ...)
{
    va_list ap;

    if (!err)
        return code;
    err->code = code;
    va_start(ap, fmt);
    (void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);
    return code;
}

int
err_sys(struct err *err, int code, int errnum, const char *fmt, ...)
{
    va_list ap;

    if (!err)
        return code;
    err->code = code;
    va_start(ap, fmt);
    (void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);

    size_t len = strlen(err->text);
    char why[128];
    const char *text = strerror_r(errnum, why, sizeof(why));
    (void)snprintf(err->text + len, sizeof(err->text) - len, ": %s", text);
    return code;
}
