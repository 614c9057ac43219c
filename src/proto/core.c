/* SPDX-License-Identifier: Apache-2.0 */
/* The protocol core of one worker: settings of all protocols, time, counters. */
#include "proto/core.h"

#include <stddef.h>
#include <stdlib.h>

#include "config/config.h"
#include "proto/core_priv.h"

enum { DEFAULT_TIMEOUT_MS = 10000 };

#define COMMON(name_, type_, member, default_, help_)                                              \
    {.name = name_, .type = type_, .offset = offsetof(struct proto_settings, member), .default_text = default_, .help = help_, \
     .unit = "", .reload = RELOAD_LIVE}

const struct setting proto_settings_common[] = {
    COMMON("enabled", SETTING_BOOL, enabled, "true", "Read this protocol."),
    COMMON("ports", SETTING_PORTS, ports, NULL,
           "Ports of this protocol: hints under detect: content, a limit under detect: ports."),
    COMMON("send_request", SETTING_BOOL, send_request, "false", "Keep the text of requests in the field request."),
    COMMON("send_response", SETTING_BOOL, send_response, "false", "Keep the text of responses in the field response."),
    COMMON("transaction_timeout", SETTING_DURATION, transaction_timeout_ns, "0s",
           "How long a request waits for its response; 0s is the protocol's default (10s for most)."),
    {0},
};

static const char *const detect_choices[] = {"content", "ports", NULL};

static const struct setting core_settings[] = {
    {.name = "detect", .type = SETTING_CHOICE, .offset = offsetof(struct core_conf, detect), .default_text = "content",
     .choices = detect_choices, .unit = "", .reload = RELOAD_LIVE,
     .help = "How protocols are found: by content on any port, or only on the ports that are listed for them."},
    {0},
};

const char *
core_parser_name(uint32_t parser)
{
    for (uint32_t i = 0; proto_table[i]; i++)
        if (i + 1 == parser)
            return proto_table[i]->name;
    return NULL;
}

size_t
core_sections(struct section *ret, size_t max)
{
    size_t n = 0;

    if (n < max)
        ret[n++] = (struct section){"", "General settings.", core_settings, sizeof(struct core_conf), NULL};
    for (size_t i = 0; proto_table[i] && n < max; i++)
        ret[n++] = (struct section){proto_table[i]->name, proto_table[i]->summary, proto_table[i]->settings,
                                    proto_table[i]->settings_size, proto_settings_common};
    return n;
}

static uint64_t
hash_name(const char *name)
{
    uint64_t h = 14695981039346656037ull;

    for (; *name; name++)
        h = (h ^ (uint8_t)*name) * 1099511628211ull;
    return h;
}

struct core *
core_new(const struct core_options *options)
{
    struct core *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->options = *options;
    for (int i = 0; proto_table[i] && i < CORE_MAX_PROTOS; i++) {
        const struct proto *p = proto_table[i];
        int dataset = schema_find_dataset(options->schema, slice_text(p->name));
        if (dataset < 0)
            abort(); /* the tables of the program contradict each other */
        c->dataset[i] = (uint16_t)dataset;
        c->name_hash[i] = hash_name(proto_table[i]->name);
        c->field_base[i] = schema_dataset(options->schema, (uint16_t)dataset)->field_base;
        c->n_protos = i + 1;
    }
    core_config(c, options->config);
    return c;
}

void
core_config(struct core *c, const struct config *config)
{
    c->options.config = config;
    c->conf = config_get(config, "");
    for (int i = 0; i < c->n_protos; i++) {
        uint64_t ms = proto_table[i]->timeout_ms ? proto_table[i]->timeout_ms : DEFAULT_TIMEOUT_MS;
        c->settings[i] = config_get(config, proto_table[i]->name);
        c->timeout_ns[i] = c->settings[i]->transaction_timeout_ns > 0 ? (uint64_t)c->settings[i]->transaction_timeout_ns : ms * 1000000;
    }
}

void
core_free(struct core *c)
{
    if (!c)
        return;
    core_free_spare(c);
    free(c);
}

void
core_seen(struct core *c, uint64_t seen_ns, uint64_t packet)
{
    c->seen_ns = seen_ns;
    c->seen_packet = packet;
}

void
core_time(struct core *c, uint64_t now_ns, uint64_t packet)
{
    c->now_ns = now_ns;
    c->packet = packet;
    core_seen(c, now_ns, packet);
    for (int i = 0; i < c->n_protos; i++)
        if (c->due[i].first)
            tx_expire(c, i);
}

const struct core_stats *
core_stats(const struct core *c)
{
    return &c->stats;
}
