/* SPDX-License-Identifier: Apache-2.0 */
/* The Elasticsearch-like endpoints: shapes as Elasticsearch 8 gives them, work done by search. */
#include <stdlib.h>
#include <string.h>

#include "web/web_priv.h"

enum { MSEARCH_MAX = 200 };

static const char ES_VERSION[] = "8.19.0";

/* The index part of the path: "/{index}/_search"; "" when the path begins with the endpoint. */
static const char *
index_of(const struct request *r)
{
    return r->n_parts > 0 && (r->parts[0][0] != '_' || strcmp(r->parts[0], "_all") == 0) ? r->parts[0] : "";
}

static struct search_request
search_of(struct request *r, const char *index, json_t *body)
{
    return (struct search_request){.index = index,
                                   .body = body,
                                   .params = r->params,
                                   .deadline_ms = (uint64_t)r->web->options.conf->query_timeout_ns / 1000000,
                                   .cancel = &r->cancel};
}

void
es_root(struct request *r)
{
    answer_json(r, 200,
                json_pack("{s:s,s:s,s:s,s:{s:s,s:s,s:s,s:s,s:s,s:b,s:s,s:s,s:s},s:s,s:{s:s}}", "name", "node-1", "cluster_name",
                          "remora", "cluster_uuid", "cmVtb3JhLWVtYmVkZGVkLQ", "version", "number", ES_VERSION, "build_flavor",
                          "default", "build_type", "tar", "build_hash", "unknown", "build_date", "2026-11-24T00:00:00.000Z",
                          "build_snapshot", 0, "lucene_version", "9.12.1", "minimum_wire_compatibility_version", "7.17.0",
                          "minimum_index_compatibility_version", "7.0.0", "tagline", "You Know, for Search", "remora",
                          "version", REMORA_VERSION));
}

void
es_search(struct request *r)
{
    json_t *body = NULL, *answer = NULL;

    if (!request_json(r, &body))
        return;
    struct search_request search = search_of(r, index_of(r), body);
    int status = search_search(r->searcher, &search, &answer);
    answer_json(r, status, answer);
    json_decref(body);
}

void
es_count(struct request *r)
{
    json_t *body = NULL, *answer = NULL;

    if (!request_json(r, &body))
        return;
    struct search_request search = search_of(r, index_of(r), body);
    int status = search_count(r->searcher, &search, &answer);
    answer_json(r, status, answer);
    json_decref(body);
}

/* Next line of an NDJSON body as JSON; false at the end. *ret NULL: not JSON. */
static bool
next_line(struct slice *rest, json_t **ret)
{
    while (rest->len > 0 && (rest->p[0] == '\n' || rest->p[0] == '\r'))
        *rest = slice_from(*rest, 1);
    if (rest->len == 0)
        return false;
    size_t len = slice_find(*rest, '\n', 0);
    *ret = json_loadb((const char *)rest->p, len, 0, NULL);
    *rest = slice_from(*rest, len);
    return true;
}

/* "index" of a header line: a text or a list of texts, joined by commas in memory of the caller. */
static char *
header_index(const json_t *header, const char *fallback)
{
    json_t *index = json_object_get(header, "index");
    struct buf text;

    buf_init(&text, 65536);
    if (json_is_string(index))
        buf_add_text(&text, json_string_value(index));
    for (size_t i = 0; i < json_array_size(index); i++) {
        const char *name = json_string_value(json_array_get(index, i));
        buf_add_text(&text, i ? "," : "");
        buf_add_text(&text, name ? name : "");
    }
    if (!index)
        buf_add_text(&text, fallback);
    buf_add_byte(&text, '\0');
    if (text.failed) {
        buf_fini(&text);
        return strdup("");
    }
    return (char *)text.p;
}

static json_t *
msearch_one(struct request *r, const json_t *header, json_t *body)
{
    char *index = header_index(header, index_of(r));
    struct search_request search = search_of(r, index, body);
    json_t *answer = NULL;
    int status = search_search(r->searcher, &search, &answer);

    json_object_set_new(answer, "status", json_integer(status));
    free(index);
    return answer;
}

void
es_msearch(struct request *r)
{
    struct slice rest = buf_slice(&r->body);
    json_t *responses = json_array(), *header = NULL, *body = NULL;
    uint64_t began = web_now_ms();

    while (next_line(&rest, &header)) {
        bool has_body = next_line(&rest, &body);
        if (!json_is_object(header) || !has_body || !json_is_object(body) || json_array_size(responses) == MSEARCH_MAX) {
            const char *why = json_array_size(responses) == MSEARCH_MAX ? "more than 200 searches in one request"
                                                                        : "a header line and a body line are expected in turn";
            answer_error(r, 400, "illegal_argument_exception", why, NULL);
            json_decref(header);
            if (has_body)
                json_decref(body);
            json_decref(responses);
            return;
        }
        json_array_append_new(responses, msearch_one(r, header, body));
        json_decref(header);
        json_decref(body);
        header = body = NULL;
    }
    if (json_array_size(responses) == 0) {
        json_decref(responses);
        answer_error(r, 400, "action_request_validation_exception", "Validation Failed: 1: no requests added;", NULL);
        return;
    }
    answer_json(r, 200, json_pack("{s:I,s:o}", "took", (json_int_t)(web_now_ms() - began), "responses", responses));
}

void
es_get_doc(struct request *r)
{
    json_t *answer = NULL;
    int status = search_get(r->searcher, r->parts[0], r->parts[2], &answer);

    answer_json(r, status, answer);
}

void
es_get_source(struct request *r)
{
    json_t *answer = NULL;
    int status = search_get(r->searcher, r->parts[0], r->parts[2], &answer);
    json_t *source = json_object_get(answer, "_source");

    if (status != 200 || !source) {
        json_decref(answer);
        answer_error(r, 404, "resource_not_found_exception", "Document not found", r->parts[0]);
        return;
    }
    answer_json(r, 200, json_incref(source));
    json_decref(answer);
}

void
es_mapping(struct request *r)
{
    json_t *answer = NULL;
    int status = search_mapping(r->searcher, index_of(r), &answer);

    answer_json(r, status, answer);
}

void
es_field_caps(struct request *r)
{
    json_t *body = NULL, *answer = NULL;
    const char *fields = request_param(r, "fields");
    char *list = NULL;

    if (!request_json(r, &body))
        return;
    json_t *wanted = json_object_get(body, "fields");
    if (json_is_string(wanted))
        fields = json_string_value(wanted);
    if (json_is_array(wanted)) {
        json_t *header = json_pack("{s:O}", "index", wanted);
        list = header_index(header, "*");
        json_decref(header);
        fields = list;
    }
    int status = search_field_caps(r->searcher, index_of(r), fields ? fields : "*", &answer);
    answer_json(r, status, answer);
    free(list);
    json_decref(body);
}

void
es_cluster_health(struct request *r)
{
    struct store_stats stats = {0};
    struct store_index *indexes = NULL;
    size_t n = 0;

    store_stats(r->web->options.store, &stats);
    (void)store_indexes(r->web->options.store, &indexes, &n, NULL);
    free(indexes);
    const char *status = !stats.writable && stats.trouble[0] ? "red" : stats.dropped ? "yellow" : "green";
    answer_json(r, 200,
                json_pack("{s:s,s:s,s:b,s:i,s:i,s:I,s:I,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:f}", "cluster_name", "remora", "status",
                          status, "timed_out", 0, "number_of_nodes", 1, "number_of_data_nodes", 1, "active_primary_shards",
                          (json_int_t)n, "active_shards", (json_int_t)n, "relocating_shards", 0, "initializing_shards", 0,
                          "unassigned_shards", 0, "delayed_unassigned_shards", 0, "number_of_pending_tasks", 0,
                          "number_of_in_flight_fetch", 0, "task_max_waiting_in_queue_millis", 0,
                          "active_shards_percent_as_number", 100.0));
}

/* Calls `add` for each index that the expression names; answers 404 when a name without * has none. */
static bool
each_index(struct request *r, void (*add)(json_t *out, const struct store_index *index), json_t *out)
{
    struct store_index *indexes = NULL;
    size_t n = 0, n_hits = 0;
    struct err err = {0};
    const char *wanted = index_of(r);

    if (store_indexes(r->web->options.store, &indexes, &n, &err) < 0) {
        answer_error(r, 503, "no_shard_available_action_exception", err.text, NULL);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!search_index_matches(wanted, indexes[i].name))
            continue;
        add(out, &indexes[i]);
        n_hits++;
    }
    free(indexes);
    if (n_hits == 0 && wanted[0] && !strpbrk(wanted, "*,") && strcmp(wanted, "_all") != 0) {
        answer_error(r, 404, "index_not_found_exception", "no such index", wanted);
        return false;
    }
    return true;
}

static void
add_index(json_t *out, const struct store_index *index)
{
    json_object_set_new(out, index->name,
                        json_pack("{s:{},s:{},s:{s:{s:s,s:s,s:s,s:s}}}", "aliases", "mappings", "settings", "index",
                                  "number_of_shards", "1", "number_of_replicas", "0", "uuid", index->uuid, "provided_name",
                                  index->name));
}

void
es_index(struct request *r)
{
    json_t *out = json_object(), *mapping = NULL;

    if (!each_index(r, add_index, out)) {
        json_decref(out);
        return;
    }
    if (search_mapping(r->searcher, index_of(r), &mapping) == 200) {
        const char *name;
        json_t *one;
        json_object_foreach(out, name, one)
        {
            json_t *found = json_object_get(json_object_get(mapping, name), "mappings");
            if (found)
                json_object_set(one, "mappings", found);
        }
    }
    json_decref(mapping);
    answer_json(r, 200, out);
}

static void
add_settings(json_t *out, const struct store_index *index)
{
    json_object_set_new(out, index->name,
                        json_pack("{s:{s:{s:s,s:s,s:s,s:s}}}", "settings", "index", "number_of_shards", "1",
                                  "number_of_replicas", "0", "uuid", index->uuid, "provided_name", index->name));
}

void
es_settings(struct request *r)
{
    json_t *out = json_object();

    if (each_index(r, add_settings, out))
        answer_json(r, 200, out);
    else
        json_decref(out);
}

static void
add_aliases(json_t *out, const struct store_index *index)
{
    json_object_set_new(out, index->name, json_pack("{s:{}}", "aliases"));
}

void
es_aliases(struct request *r)
{
    json_t *out = json_object();

    if (each_index(r, add_aliases, out))
        answer_json(r, 200, out);
    else
        json_decref(out);
}

void
es_refresh(struct request *r)
{
    /* Searches see what is committed, and the writer commits twice a second: nothing has to be done. */
    answer_json(r, 200, json_pack("{s:{s:i,s:i,s:i}}", "_shards", "total", 1, "successful", 1, "failed", 0));
}

void
es_license(struct request *r)
{
    answer_json(r, 200,
                json_pack("{s:{s:s,s:s,s:s,s:s,s:s}}", "license", "status", "active", "uid",
                          "00000000-0000-0000-0000-000000000000", "type", "basic", "issued_to", "remora", "issuer", "remora"));
}

void
es_nodes(struct request *r)
{
    answer_json(r, 200,
                json_pack("{s:s,s:{s:{s:s,s:s,s:[s,s,s],s:{s:s}}}}", "cluster_name", "remora", "nodes", "n1", "name", "node-1",
                          "version", ES_VERSION, "roles", "data", "ingest", "master", "http", "publish_address",
                          r->web->options.conf->listen));
}

void
es_missing(struct request *r)
{
    answer_error(r, 404, "resource_not_found_exception", "there is none of this name", NULL);
}
