/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of section "capture". */
#include "capture/settings.h"

#include <stddef.h>

static const char *const copies_choices[] = {"one", "all", NULL};

#define ROW(name_, type_, member, default_, help_, ...)                                            \
    {.name = name_, .type = type_, .offset = offsetof(struct capture_conf, member), .default_text = default_, .help = help_, \
     .reload = RELOAD_RESTART, __VA_ARGS__}

const struct setting capture_settings[] = {
    ROW("interfaces", SETTING_LIST, interfaces, "[any]",
        "Interfaces to capture: names (docker0), patterns (br-*), or any. With any, ports of captured bridges are left out.",
        .example = "[docker0, br-*]"),
    ROW("filter", SETTING_TEXT, filter, NULL, "Only packets that fit this expression (pcap-filter).", .example = "tcp port 80"),
    ROW("snaplen", SETTING_SIZE, snaplen, "256KiB", "Bytes of a packet that are captured.", .unit = "bytes", .min = 64,
        .max = 1 << 18),
    ROW("ring", SETTING_SIZE, ring, "32MiB", "Memory between kernel and sensor.", .unit = "bytes", .min = 1 << 20, .max = 1LL << 31),
    ROW("promiscuous", SETTING_BOOL, promiscuous, "true",
        "Switch bridges to promiscuous mode: without it frames between containers are not seen."),
    ROW("copies", SETTING_CHOICE, copies, "one",
        "A packet that crosses several interfaces, or an address translation, is shown once, and remora's own traffic not at all; or all.",
        .choices = copies_choices),
    {0},
};
