/* SPDX-License-Identifier: Apache-2.0 */
/* From method and path to a handler; answers and parameters that all handlers share. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/web_priv.h"

static const struct route routes[] = {
    {METHOD_GET | METHOD_HEAD, "/", es_root, false},
    {METHOD_GET, "/-/api/status", own_status, false},
    {METHOD_GET, "/-/api/schema", own_schema, false},
    {METHOD_GET, "/metrics", own_metrics, false},
    {METHOD_GET, "/_cat", cat_help, false},
    {METHOD_GET, "/_cat/indices", cat_indices, true},
    {METHOD_GET, "/_cat/indices/{index}", cat_indices, true},
    {METHOD_GET, "/_cat/health", cat_health, true},
    {METHOD_GET, "/_cat/count", cat_count, true},
    {METHOD_GET, "/_cat/count/{index}", cat_count, true},
    {METHOD_GET, "/_cat/nodes", cat_nodes, false},
    {METHOD_GET, "/_cluster/health", es_cluster_health, true},
    {METHOD_GET, "/_cluster/health/{index}", es_cluster_health, true},
    {METHOD_GET | METHOD_POST, "/_search", es_search, true},
    {METHOD_GET | METHOD_POST, "/{index}/_search", es_search, true},
    {METHOD_GET | METHOD_POST, "/{index}/{type}/_search", es_search, true},
    {METHOD_GET | METHOD_POST, "/_count", es_count, true},
    {METHOD_GET | METHOD_POST, "/{index}/_count", es_count, true},
    {METHOD_GET | METHOD_POST, "/_msearch", es_msearch, true},
    {METHOD_GET | METHOD_POST, "/{index}/_msearch", es_msearch, true},
    {METHOD_GET | METHOD_HEAD, "/{index}/_doc/{id}", es_get_doc, true},
    {METHOD_GET | METHOD_HEAD, "/{index}/_source/{id}", es_get_source, true},
    {METHOD_GET, "/_mapping", es_mapping, true},
    {METHOD_GET, "/{index}/_mapping", es_mapping, true},
    {METHOD_GET | METHOD_POST, "/_field_caps", es_field_caps, true},
    {METHOD_GET | METHOD_POST, "/{index}/_field_caps", es_field_caps, true},
    {METHOD_GET, "/{index}/_settings", es_settings, true},
    {METHOD_GET, "/_aliases", es_aliases, true},
    {METHOD_GET, "/_alias", es_aliases, true},
    {METHOD_GET | METHOD_POST, "/{index}/_refresh", es_refresh, false},
    {METHOD_GET | METHOD_POST, "/_refresh", es_refresh, false},
    {METHOD_GET | METHOD_POST, "/{index}/_flush", es_refresh, false},
    {METHOD_GET, "/_license", es_license, false},
    {METHOD_GET, "/_nodes", es_nodes, false},
    {METHOD_GET, "/_nodes/{what}", es_nodes, false},
    {METHOD_GET, "/_nodes/{what}/http", es_nodes, false},
    {METHOD_GET | METHOD_HEAD, "/_index_template/{name}", es_missing, false},
    {METHOD_GET | METHOD_HEAD, "/_template/{name}", es_missing, false},
    {METHOD_GET | METHOD_HEAD, "/_ilm/policy/{name}", es_missing, false},
    {METHOD_GET | METHOD_HEAD, "/_data_stream/{name}", es_missing, false},
    {METHOD_GET | METHOD_HEAD, "/{index}", es_index, true},
};

/* Cuts the path at its slashes: "/a/b" has the parts a and b. false: too many. */
static bool
split_path(struct request *r)
{
    r->parts_memory = strdup(r->path);
    if (!r->parts_memory)
        return false;
    char *save = NULL;
    for (char *p = strtok_r(r->parts_memory, "/", &save); p; p = strtok_r(NULL, "/", &save)) {
        if (r->n_parts == sizeof(r->parts) / sizeof(r->parts[0]))
            return false;
        r->parts[r->n_parts++] = p;
    }
    return true;
}

static bool
fits(const struct route *route, const struct request *r)
{
    const char *p = route->pattern;
    size_t i = 0;

    while (*p == '/' && p[1] != '\0') {
        size_t len = strcspn(++p, "/");
        if (i == r->n_parts)
            return false;
        /* A part in braces is an index or a name, never an endpoint (they begin with _ or -). */
        bool any = p[0] == '{' && (r->parts[i][0] != '_' || strcmp(r->parts[i], "_all") == 0 || i > 0) && r->parts[i][0] != '-';
        if (!any && (strlen(r->parts[i]) != len || strncmp(p, r->parts[i], len) != 0))
            return false;
        i++;
        p += len;
    }
    return i == r->n_parts;
}

static const char *
allow_text(int methods)
{
    if (methods & METHOD_POST)
        return "GET, POST";
    return methods & METHOD_HEAD ? "GET, HEAD" : "GET";
}

const struct route *
route_find(struct request *r)
{
    int others = 0;

    if (!split_path(r)) {
        answer_error(r, 400, "illegal_argument_exception", "the path has too many parts", NULL);
        return NULL;
    }
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (!fits(&routes[i], r))
            continue;
        if (routes[i].methods & (int)r->method)
            return &routes[i];
        others |= routes[i].methods;
    }
    if (others) {
        r->allow = allow_text(others);
        json_t *body = json_pack("{s:s,s:i}", "error", "this method is not allowed here", "status", 405);
        answer_json(r, 405, body);
        return NULL;
    }
    json_t *text = json_sprintf("no handler found for uri [%s]", r->path);
    answer_json(r, 400, json_pack("{s:o,s:i}", "error", text ? text : json_string("no handler found"), "status", 400));
    return NULL;
}

void
answer_json(struct request *r, int status, json_t *body)
{
    json_decref(r->json);
    r->status = status;
    r->json = body ? body : json_object();
}

void
answer_error(struct request *r, int status, const char *type, const char *reason, const char *index)
{
    answer_json(r, status, search_error(status, type, reason, index));
}

void
answer_text(struct request *r, int status, const char *content_type)
{
    r->status = status;
    r->content_type = content_type;
}

const char *
request_param(const struct request *r, const char *name)
{
    return json_string_value(json_object_get(r->params, name));
}

bool
request_flag(const struct request *r, const char *name)
{
    const char *value = request_param(r, name);
    return value && strcmp(value, "false") != 0;
}

bool
request_json(struct request *r, json_t **ret)
{
    json_error_t why;

    *ret = NULL;
    const char *source = request_param(r, "source");
    if (r->body.len == 0 && !source)
        return true;
    *ret = r->body.len ? json_loadb((const char *)r->body.p, r->body.len, JSON_REJECT_DUPLICATES, &why)
                       : json_loads(source, JSON_REJECT_DUPLICATES, &why);
    if (*ret && json_is_object(*ret))
        return true;
    char reason[256];
    if (*ret)
        (void)snprintf(reason, sizeof(reason), "the body is not an object");
    else
        (void)snprintf(reason, sizeof(reason), "[%d:%d] %s", why.line, why.column, why.text);
    json_decref(*ret);
    *ret = NULL;
    answer_error(r, 400, "parsing_exception", reason, NULL);
    return false;
}
