/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the ICMP folder. */
#ifndef PROTO_ICMP_PRIV_H
#define PROTO_ICMP_PRIV_H

#include "base/slice.h"

enum icmp_role { ICMP_ALONE, ICMP_REQUEST, ICMP_REPLY, ICMP_FAULT };

struct icmp_kind {
    uint8_t type;
    uint8_t role;            /* enum icmp_role */
    uint8_t asks;            /* REPLY: the type of its request */
    const char *name;
    const char *const *codes; /* n_codes names; a NULL among them has none */
    uint8_t n_codes;
};

/* What a type of ICMP (version 4) or ICMPv6 (version 6) means; NULL: nothing that is known. */
const struct icmp_kind *icmp_kind(unsigned version, uint8_t type);

#endif
