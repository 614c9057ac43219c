/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the page, packed into the program: gzip, ETag, cache headers. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "web/web_priv.h"

struct web_asset {
    const char *path, *mime;
    size_t off, len; /* in the pack, gzip */
    const char *etag;
    int immutable; /* the name holds a hash of the content */
};

#ifdef REMORA_UI_PACK
#include "assets.h"
extern const unsigned char web_assets_pack[];
#else
static const struct web_asset WEB_ASSETS[1];
#define WEB_ASSETS_LEN 0
static const unsigned char web_assets_pack[1];
#endif

static const char no_page[] = "<!doctype html><title>remora</title><p>This program was built without its page. "
                              "Run ./run --build in the source folder.";

static const struct web_asset *
find_asset(const char *path)
{
    size_t n = WEB_ASSETS_LEN;

    for (size_t i = 0; i < n; i++)
        if (strcmp(WEB_ASSETS[i].path, path) == 0)
            return &WEB_ASSETS[i];
    return NULL;
}

/* A browser that asks for / gets the page, everybody else the information object. */
static bool
wants_page(struct MHD_Connection *connection)
{
    const char *accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept");
    return accept && strstr(accept, "text/html") != NULL;
}

bool
asset_wanted(struct MHD_Connection *connection, enum http_method method, const char *path)
{
    if (method != METHOD_GET && method != METHOD_HEAD)
        return false;
    if (strcmp(path, "/") == 0)
        return wants_page(connection);
    return (strncmp(path, "/-/", 3) == 0 && strncmp(path, "/-/api/", 7) != 0) || strcmp(path, "/favicon.ico") == 0;
}

static struct MHD_Response *
page_is_missing(unsigned *ret_status)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(sizeof(no_page) - 1, (void *)(uintptr_t)no_page, MHD_RESPMEM_PERSISTENT);

    *ret_status = 200;
    if (response)
        MHD_add_response_header(response, "Content-Type", "text/html; charset=UTF-8");
    return response;
}

struct MHD_Response *
asset_response(struct MHD_Connection *connection, const char *path, unsigned *ret_status)
{
    const struct web_asset *a = find_asset(strcmp(path, "/") == 0 ? "/index.html" : path);
    const char *known = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-None-Match");

    if (!a)
        a = strcmp(path, "/") == 0 ? find_asset("/") : NULL;
    if (!a)
        return strcmp(path, "/") == 0 ? page_is_missing(ret_status) : NULL;
    bool is_known = known && strstr(known, a->etag) != NULL;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        is_known ? 0 : a->len, (void *)(uintptr_t)(web_assets_pack + a->off), MHD_RESPMEM_PERSISTENT);
    if (!response)
        return NULL;
    *ret_status = is_known ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK;
    char etag[80];
    (void)snprintf(etag, sizeof(etag), "\"%.64s\"", a->etag);
    MHD_add_response_header(response, "ETag", etag);
    MHD_add_response_header(response, "Content-Type", a->mime);
    MHD_add_response_header(response, "Content-Encoding", "gzip");
    MHD_add_response_header(response, "Vary", "Accept-Encoding, Accept");
    MHD_add_response_header(response, "Cache-Control", a->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    return response;
}
