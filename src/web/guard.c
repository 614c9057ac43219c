/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which Host and Origin are served. A page of another site can make a browser ask a loopback port;
 * it cannot forge Host (DNS rebinding shows the foreign name) nor Origin.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "web/web_priv.h"

/* The name without port and brackets: "[::1]:9200" gives "::1". */
static size_t
host_name(const char *text, const char **ret)
{
    if (text[0] == '[') {
        const char *end = strchr(text, ']');
        *ret = text + 1;
        return end ? (size_t)(end - text - 1) : strlen(text + 1);
    }
    *ret = text;
    return strcspn(text, ":/");
}

static bool
name_is(const char *name, size_t len, const char *known)
{
    return strlen(known) == len && strncasecmp(name, known, len) == 0;
}

/* An address as Host cannot be a rebound name: it is what the client really asked for. */
static bool
is_address(const char *name, size_t len)
{
    return len > 0 && (strspn(name, "0123456789.") >= len || memchr(name, ':', len) != NULL);
}

static bool
host_is_ours(const struct web *w, const char *text)
{
    const char *name;
    size_t len = host_name(text, &name);

    if (name_is(name, len, "localhost") || is_address(name, len))
        return true;
    const struct text_list *hosts = &w->options.conf->hosts;
    for (size_t i = 0; i < hosts->n; i++)
        if (name_is(name, len, hosts->v[i]) || strcmp(hosts->v[i], "*") == 0)
            return true;
    return false;
}

bool
guard_allows(const struct web *w, struct MHD_Connection *connection, enum http_method method)
{
    const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
    const char *origin = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Origin");
    const char *site = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Sec-Fetch-Site");

    if (host && !host_is_ours(w, host))
        return false;
    if (site && strcmp(site, "cross-site") == 0 && method != METHOD_GET)
        return false;
    if (!origin)
        return true;
    const char *rest = strstr(origin, "://");
    if (!rest || !host)
        return false; /* "null": a sandboxed frame or a file */
    return strcasecmp(rest + 3, host) == 0;
}
