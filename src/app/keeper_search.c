/* SPDX-License-Identifier: Apache-2.0 */
/* One search for the command line: over HTTP to a keeper that runs, else on the files themselves. */
#include "app/keeper_search.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/sections.h"
#include "base/buf.h"
#include "config/config.h"
#include "output/console/console.h"
#include "schema/schema.h"
#include "search/search.h"
#include "store/store.h"

enum { ANSWER_MAX = 256 << 20, EXIT_OK = 0, EXIT_FAILED = 1, SECONDS_MAX = 60 };

struct ask {
    const char *data, *url, *format, *from, *to, *query;
    long size;
};

static int
fail(const char *sentence)
{
    (void)fprintf(stderr, "remora: %s\n", sentence);
    return EXIT_FAILED;
}

static json_t *
body_of(const struct ask *a)
{
    json_t *filter = json_array();
    json_t *range = json_object();

    if (*a->query)
        json_array_append_new(filter, json_pack("{s:{s:s}}", "kql", "query", a->query));
    if (*a->from)
        json_object_set_new(range, "gte", json_string(a->from));
    if (*a->to)
        json_object_set_new(range, "lte", json_string(a->to));
    if (json_object_size(range) > 0)
        json_array_append_new(filter, json_pack("{s:{s:O}}", "range", "@timestamp", range));
    json_decref(range);
    return json_pack("{s:I,s:b,s:[{s:s}],s:{s:{s:o}}}", "size", (json_int_t)a->size, "track_total_hits", 1, "sort", "@timestamp", "desc", "query",
                     "bool", "filter", filter);
}

static size_t
take_bytes(char *p, size_t size, size_t n, void *ctx)
{
    struct buf *out = ctx;

    buf_add(out, p, size * n);
    return out->failed ? 0 : size * n;
}

/* POST of `body` (NULL: GET) over the unix socket (NULL: TCP). NULL: nobody answers there; `why` says so. */
static json_t *
ask_http(const char *socket_path, const char *url, const char *path, const char *body, char *why, size_t why_size)
{
    char where[2048];
    struct buf answer;
    CURL *c = curl_easy_init();
    struct curl_slist *head = curl_slist_append(NULL, "Content-Type: application/json");

    buf_init(&answer, ANSWER_MAX);
    (void)snprintf(where, sizeof(where), "%s%s", socket_path ? "http://localhost" : url, path);
    if (socket_path)
        (void)curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, socket_path);
    (void)curl_easy_setopt(c, CURLOPT_URL, where);
    (void)curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
    (void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, head);
    if (body)
        (void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
    (void)curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)SECONDS_MAX);
    (void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_bytes);
    (void)curl_easy_setopt(c, CURLOPT_WRITEDATA, &answer);
    CURLcode rc = curl_easy_perform(c);
    json_t *found = rc == CURLE_OK ? json_loadb((const char *)answer.p, answer.len, JSON_ALLOW_NUL, NULL) : NULL;
    if (rc != CURLE_OK)
        (void)snprintf(why, why_size, "%s", curl_easy_strerror(rc));
    else if (!found)
        (void)snprintf(why, why_size, "what answers there is no remora");
    curl_slist_free_all(head);
    curl_easy_cleanup(c);
    buf_fini(&answer);
    return found;
}

/* No keeper runs: the files themselves, for reading only. */
static json_t *
ask_files(const struct ask *a, json_t *body, char *why, size_t why_size)
{
    struct err err = {0};
    struct config *config = NULL;
    struct config_source none = {0};
    struct store *store = NULL;
    struct searcher *searcher = NULL;
    struct stat st;
    json_t *found = NULL;

    (void)snprintf(err.text, sizeof(err.text), "there is no data directory %s", a->data);
    if (stat(a->data, &st) == 0 && config_load(keeper_sections(), &none, &config, &err) == 0) {
        struct store_options options = {.conf = config_get(config, "store"), .dir = a->data, .schema = schema_builtin(), .read_only = true};
        if (store_open(&options, &store, &err) == 0 && searcher_new(store, &searcher, &err) == 0) {
            struct search_request request = {.body = body};
            (void)search_search(searcher, &request, &found);
        }
    }
    if (!found)
        (void)snprintf(why, why_size, "%s", err.text);
    searcher_free(searcher);
    store_close(store);
    config_free(config);
    return found;
}

static struct slice
text_at(const json_t *o, const char *a, const char *b)
{
    const json_t *v = json_object_get(o, a);
    const char *s = json_string_value(b ? json_object_get(v, b) : v);

    return s ? slice_text(s) : slice_of(NULL, 0);
}

/* "198.51.100.2:80" */
static struct slice
end_text(const json_t *source, const char *side, char *out, size_t size)
{
    const json_t *end = json_object_get(source, side);
    const char *ip = json_string_value(json_object_get(end, "ip"));
    json_int_t port = json_integer_value(json_object_get(end, "port"));

    if (!ip)
        return slice_of(NULL, 0);
    bool brackets = port && strchr(ip, ':');
    int n = snprintf(out, size, "%s%s%s", brackets ? "[" : "", ip, brackets ? "]" : "");
    if (port && n > 0 && (size_t)n < size)
        (void)snprintf(out + n, size - (size_t)n, ":%lld", (long long)port);
    return slice_text(out);
}

static uint64_t
time_of(const char *text)
{
    struct tm tm = {0};
    const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;

    if (!rest)
        return 0;
    double fraction = *rest == '.' ? strtod(rest, NULL) : 0;
    return (uint64_t)timegm(&tm) * 1000000000u + (uint64_t)(fraction * 1e9);
}

static void
add_row(const struct table *t, const json_t *source, struct buf *out)
{
    static const char *const wanted[] = {"query", "resource", "path", "method"};
    char client[80], server[80], bytes[80];
    struct table_line line = {.time_ns = time_of(json_string_value(json_object_get(source, "@timestamp"))),
                              .latency_ns = (uint64_t)json_integer_value(json_object_get(json_object_get(source, "event"), "duration")),
                              .type = text_at(source, "type", NULL),
                              .client = end_text(source, "source", client, sizeof(client)),
                              .server = end_text(source, "destination", server, sizeof(server)),
                              .status = text_at(source, "status", NULL)};

    for (size_t i = 0; line.what.len == 0 && i < sizeof(wanted) / sizeof(wanted[0]); i++)
        line.what = text_at(source, wanted[i], NULL);
    if (line.what.len == 0) {
        (void)snprintf(bytes, sizeof(bytes), "%lld bytes", (long long)json_integer_value(json_object_get(json_object_get(source, "network"), "bytes")));
        line.what = slice_text(bytes);
    }
    table_text(t, &line, out);
}

static unsigned
terminal_width(void)
{
    struct winsize w;

    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : 160;
}

static int
print_hits(const struct ask *a, const json_t *found)
{
    bool as_table = strcmp(a->format, "table") == 0;
    struct table table = {.width = terminal_width(), .colours = isatty(STDOUT_FILENO) && !getenv("NO_COLOR")};
    const json_t *hits = json_object_get(json_object_get(found, "hits"), "hits");
    json_int_t total = json_integer_value(json_object_get(json_object_get(json_object_get(found, "hits"), "total"), "value"));
    struct buf out;

    buf_init(&out, ANSWER_MAX);
    if (as_table)
        table_head(&table, &out);
    for (size_t i = json_array_size(hits); i-- > 0;) { /* the newest last, as a log */
        const json_t *source = json_object_get(json_array_get(hits, i), "_source");
        if (as_table) {
            add_row(&table, source, &out);
            continue;
        }
        char *line = json_dumps(source, JSON_COMPACT);
        buf_add_text(&out, line ? line : "{}");
        buf_add_byte(&out, '\n');
        free(line);
    }
    (void)fwrite(out.p, 1, out.len, stdout);
    if (as_table)
        (void)printf("%zu of %lld\n", json_array_size(hits), (long long)total);
    buf_fini(&out);
    return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
}

/* Elasticsearch's error as one sentence. */
static int
print_error(const json_t *found)
{
    const json_t *error = json_object_get(found, "error");
    const char *why = json_string_value(json_object_get(json_array_get(json_object_get(error, "root_cause"), 0), "reason"));

    if (!why)
        why = json_string_value(json_object_get(error, "reason"));
    return fail(why ? why : "the search failed without a reason");
}

int
keeper_search(int argc, char **argv)
{
    char socket_path[4200], why[3][512] = {"", "", ""}, sentence[2048];

    if (argc < 8)
        return fail("remora-keeper is started by remora search");
    struct ask a = {.data = argv[1], .url = argv[2], .format = argv[3], .size = atol(argv[4]), .from = argv[5], .to = argv[6], .query = argv[7]};
    json_t *body = body_of(&a);
    char *text = json_dumps(body, JSON_COMPACT);
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    (void)snprintf(socket_path, sizeof(socket_path), "%s/remora.sock", a.data);
    json_t *found = ask_http(socket_path, NULL, "/_search", text, why[0], sizeof(why[0]));
    if (!found && *a.url)
        found = ask_http(NULL, a.url, "/_search", text, why[1], sizeof(why[1]));
    if (!found)
        found = ask_files(&a, body, why[2], sizeof(why[2]));
    if (!found) {
        if (*a.url)
            (void)snprintf(sentence, sizeof(sentence), "no remora answers at %s (%s), and %s cannot be read: %s", a.url, why[1], a.data, why[2]);
        else
            (void)snprintf(sentence, sizeof(sentence), "no remora runs on %s, and it cannot be read: %s", a.data, why[2]);
        return fail(sentence);
    }
    int status = json_object_get(found, "error") ? print_error(found) : print_hits(&a, found);
    json_decref(found);
    json_decref(body);
    free(text);
    return status;
}

int
keeper_ask_status(int argc, char **argv)
{
    char socket_path[4200], why[512] = "";

    if (argc < 3)
        return fail("remora-keeper is started by remora check");
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    (void)snprintf(socket_path, sizeof(socket_path), "%s/remora.sock", argv[1]);
    json_t *s = ask_http(socket_path, NULL, "/-/api/status", NULL, why, sizeof(why));
    if (!s)
        s = ask_http(NULL, argv[2], "/-/api/status", NULL, why, sizeof(why));
    const json_t *capture = json_object_get(s, "capture"), *unseen = json_object_get(capture, "unseen");
    if (!capture) {
        (void)printf("wrong    running     it does not answer: %s\n", why);
        return EXIT_FAILED;
    }
    (void)printf("ok       running     %s, %lld packets seen, %lld dropped, %lld events stored\n", json_string_value(json_object_get(capture, "state")),
                 (long long)json_integer_value(json_object_get(capture, "packets")), (long long)json_integer_value(json_object_get(capture, "drops")),
                 (long long)json_integer_value(json_object_get(json_object_get(s, "store"), "docs")));
    for (size_t i = 0; i < json_array_size(unseen); i++)
        (void)printf("warning  running     %s %s\n", json_string_value(json_object_get(json_array_get(unseen, i), "text")),
                     json_string_value(json_object_get(json_array_get(unseen, i), "hint")));
    json_decref(s);
    return EXIT_OK;
}
