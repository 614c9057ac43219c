/* SPDX-License-Identifier: Apache-2.0 */
/* A growing run of bytes with a bound. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUF_FIRST = 256 };

void
buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void
buf_fini(struct buf *b)
{
    free(b->p);
    *b = (struct buf){0};
}

void
buf_clear(struct buf *b)
{
    b->len = 0;
    b->failed = false;
}

uint8_t *
buf_reserve(struct buf *b, size_t len)
{
    if (b->cap - b->len >= len)
        return b->p + b->len;
    if (b->failed || len > b->max - b->len) {
        b->failed = true;
        return NULL;
    }
    size_t want = b->len + len;
    size_t cap = b->cap ? b->cap : BUF_FIRST;
    while (cap < want)
        cap *= 2;
    if (cap > b->max)
        cap = b->max;
    uint8_t *p = realloc(b->p, cap);
    if (!p) {
        b->failed = true;
        return NULL;
    }
    b->p = p;
    b->cap = cap;
    return b->p + b->len;
}

void
buf_add(struct buf *b, const void *p, size_t len)
{
    if (len == 0)
        return;
    uint8_t *at = buf_reserve(b, len);
    if (!at)
        return;
    memcpy(at, p, len);
    b->len += len;
}

void
buf_add_text(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void
buf_add_byte(struct buf *b, uint8_t c)
{
    buf_add(b, &c, 1);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;

    va_start(ap, fmt);
    va_copy(again, ap);
    int need = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    uint8_t *at = need < 0 ? NULL : buf_reserve(b, (size_t)need + 1);
    if (at) {
        (void)vsnprintf((char *)at, (size_t)need + 1, fmt, again);
        b->len += (size_t)need;
    }
    va_end(again);
}
