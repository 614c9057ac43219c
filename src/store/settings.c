/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of section "store". */
#include <stddef.h>

#include "store/store.h"

#define ROW(name_, type_, member, default_, help_, ...)                                            \
    {.name = name_, .type = type_, .offset = offsetof(struct store_conf, member), .default_text = default_, .help = help_, \
     .reload = RELOAD_RESTART, __VA_ARGS__}

const struct setting store_settings[] = {
    ROW("enabled", SETTING_BOOL, enabled, "true", "Keep events in the embedded store."),
    ROW("index_traffic", SETTING_TEXT, index_traffic, "remora-traffic", "Name of the indexes of traffic, before the day.",
        .example = "packetbeat"),
    ROW("retention_age", SETTING_DURATION, retention_age_ns, "30d", "Days older than this are removed; 0s keeps them.", .min = 0,
        .max = INT64_MAX),
    ROW("retention_bytes", SETTING_SIZE, retention_bytes, "10GiB",
        "The oldest days are removed when the store grows beyond this; 0 sets no bound.", .unit = "bytes"),
    ROW("memory_limit", SETTING_SIZE, memory_limit, "512MiB", "Memory of the store's library.", .unit = "bytes", .min = 128 << 20,
        .max = 1LL << 40),
    ROW("flush", SETTING_DURATION, flush_ns, "500ms", "Events are searchable after this at the latest.", .min = 10000000,
        .max = 60000000000),
    {0},
};
