/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of section "enrich". */
#include "enrich/enrich.h"

const struct setting enrich_settings[] = {
    {.name = "internal_networks",
     .type = SETTING_LIST,
     .offset = offsetof(struct enrich_conf, internal_networks),
     .default_text = "[private, loopback, link_local_unicast, link_local_multicast]",
     .help =
         "Networks that count as inside for network.direction: addresses with prefix length, or "
         "private, loopback, link_local_unicast, link_local_multicast, multicast, unicast, public.",
     .example = "[10.0.0.0/8, fd00::/8]",
     .unit = "",
     .reload = RELOAD_LIVE},
    {.name = "geoip",
     .type = SETTING_LIST,
     .offset = offsetof(struct enrich_conf, geoip),
     .default_text = "[]",
     .help =
         "Files in MaxMind's format (mmdb) that give countries and places of public addresses, the "
         "first that knows an address answers.",
     .example = "[/usr/share/GeoIP/country.mmdb]",
     .unit = "",
     .reload = RELOAD_LIVE},
    {.name = "name",
     .type = SETTING_TEXT,
     .offset = offsetof(struct enrich_conf, name),
     .help = "Name of this sensor in agent.name; unset: the name of the host.",
     .example = "edge-1",
     .unit = "",
     .reload = RELOAD_LIVE},
    {.name = "tags",
     .type = SETTING_LIST,
     .offset = offsetof(struct enrich_conf, tags),
     .default_text = "[]",
     .help = "Words that every event gets in tags.",
     .example = "[production, web]",
     .unit = "",
     .reload = RELOAD_LIVE},
    {0}};
