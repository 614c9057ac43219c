/* SPDX-License-Identifier: Apache-2.0 */
/* ip_set: a short list of networks, by prefix or by name; membership of single addresses. */
#ifndef ENRICH_IP_SET_H
#define ENRICH_IP_SET_H

#include "base/err.h"
#include "base/slice.h"

enum { IP_SET_MAX = 64 };

struct ip_net {
    uint8_t addr[16];
    uint8_t len;    /* 4 or 16 */
    uint8_t prefix; /* bits */
};

struct ip_set {
    struct ip_net nets[IP_SET_MAX];
    uint16_t n;
    bool has_public; /* all that is not special-purpose */
    bool has_unicast;
};

/* Adds "10.0.0.0/8", "192.0.2.1" or a name. ERR_USAGE names what is wrong, ERR_FULL the bound. */
int ip_set_add(struct ip_set *s, const char *text, struct err *err);

/* 4 or 16 bytes; IPv4-mapped addresses count as IPv4. */
bool ip_set_has(const struct ip_set *s, struct slice addr);

/* Globally reachable unicast: not private, loopback, link-local, shared, multicast,
 * documentation... */
bool ip_is_public(struct slice addr);

#endif
