/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of section "web". */
#include <stddef.h>

#include "web/web.h"

#define ROW(name_, type_, member, default_, help_, ...)                                            \
    {.name = name_, .type = type_, .offset = offsetof(struct web_conf, member), .default_text = default_, \
     .help = help_, .reload = RELOAD_RESTART, __VA_ARGS__}

const struct setting web_settings[] = {
    ROW("listen", SETTING_TEXT, listen, "127.0.0.1:9200", "Address and port of the page and the search API.",
        .example = "127.0.0.1:9200"),
    ROW("hosts", SETTING_LIST, hosts, "[]",
        "Further Host names under which the page may be asked for; all others are refused (DNS rebinding).",
        .example = "[remora.example]"),
    ROW("elastic_compat", SETTING_BOOL, elastic_compat, "true",
        "Send the product header that Elasticsearch's client libraries ask for."),
    ROW("query_timeout", SETTING_DURATION, query_timeout_ns, "10s", "Greatest time of one query.", .min = 1000000,
        .max = 3600000000000),
    ROW("max_body", SETTING_SIZE, max_body, "1MiB", "Greatest body of a request.", .unit = "bytes", .min = 1024,
        .max = 1 << 30),
    ROW("max_live_clients", SETTING_UINT, max_live_clients, "64", "Live streams at the same time.", .min = 0, .max = 4096),
    {0},
};
