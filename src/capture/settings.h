/* SPDX-License-Identifier: Apache-2.0 */
/* Section "capture" of the settings. */
#ifndef CAPTURE_SETTINGS_H
#define CAPTURE_SETTINGS_H

#include "config/setting.h"

enum capture_copies { COPIES_ONE, COPIES_ALL };

extern const struct setting capture_settings[];
struct capture_conf {
    struct text_list interfaces; /* names, patterns, any */
    const char *filter;          /* pcap-filter(7) */
    uint64_t snaplen, ring;      /* bytes */
    bool promiscuous;
    int copies; /* enum capture_copies */
};

#endif
