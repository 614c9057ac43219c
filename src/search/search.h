/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search: Elasticsearch's query DSL, query strings and aggregations on the embedded store. Bodies
 * in and out are jansson values; shapes and error bodies are those of Elasticsearch 8. Any number of
 * threads, each with a searcher (a connection) of its own.
 */
#ifndef SEARCH_SEARCH_H
#define SEARCH_SEARCH_H

#include <jansson.h>
#include <stdatomic.h>

#include "base/err.h"
#include "event/record.h"
#include "store/store.h"

struct searcher;

int searcher_new(struct store *store, struct searcher **ret, struct err *err);
void searcher_free(struct searcher *s);

struct search_request {
    const char *index;          /* index expression as in the path, "" or NULL = all */
    json_t *body;               /* borrowed; NULL: match all */
    json_t *params;             /* borrowed: URL parameters as an object of texts; NULL: none */
    uint64_t deadline_ms;       /* 0: 10 s (body "timeout" may lower it) */
    atomic_bool *cancel;        /* set by another thread: the query ends soon; NULL: none */
};

/* Each returns the HTTP status and gives the whole body (a new reference, never NULL). */
int search_search(struct searcher *s, const struct search_request *r, json_t **ret_body);
int search_count(struct searcher *s, const struct search_request *r, json_t **ret_body);
int search_get(struct searcher *s, const char *index, const char *id, json_t **ret_body);
int search_mapping(struct searcher *s, const char *index, json_t **ret_body);
int search_field_caps(struct searcher *s, const char *index, const char *fields, json_t **ret_body);
/* Interrupts the running query of this searcher; any thread. */
void search_interrupt(struct searcher *s);

/* The error body of Elasticsearch for a type, reason and index (NULL: none). */
json_t *search_error(int status, const char *type, const char *reason, const char *index);

/* Does the pattern list of an index expression match this index name? packetbeat-* stands for remora-traffic-*. */
bool search_index_matches(const char *expression, const char *index);

/*
 * A compiled filter for the live stream: the same DSL evaluated on records in memory. Kinds of
 * query that need the store are refused (error body).
 */
struct matcher;
struct matcher *matcher_new(const struct schema *schema, const json_t *query, json_t **ret_error);
bool matcher_match(const struct matcher *m, const struct record *r);
void matcher_free(struct matcher *m);

#endif
