/* SPDX-License-Identifier: Apache-2.0 */
/* Which protocol a conversation speaks: by its first bytes, with ports as hints or as a limit. */
#include <netinet/in.h>

#include "proto/core_priv.h"

enum { DETECT_BYTES = 4096 }; /* behind these without a decision it is unknown */

static bool
port_listed(const struct proto_settings *s, const struct ends *e)
{
    for (uint16_t i = 0; i < s->ports.n; i++)
        if (s->ports.v[i] == e->port[SIDE_SERVER] || s->ports.v[i] == e->port[SIDE_CLIENT])
            return true;
    return false;
}

static bool
fits_hints(const struct proto *p, const struct conv *cv, struct slice first)
{
    for (const struct hint *h = p->hints; h->l4; h++) {
        if (h->l4 != cv->ends.l4 || !slice_starts(first, h->magic))
            continue;
        if (h->port == 0 || h->port == cv->ends.port[SIDE_SERVER] || h->port == cv->ends.port[SIDE_CLIENT])
            return true;
    }
    return false;
}

int
detect(const struct core *c, const struct conv *cv, enum side from, struct slice first, bool *ret_reversed)
{
    bool is_maybe = false;
    bool is_icmp = cv->ends.l4 == IPPROTO_ICMP || cv->ends.l4 == IPPROTO_ICMPV6;

    for (int i = 0; i < c->n_protos; i++) {
        const struct proto *p = proto_table[i];
        if (!c->settings[i]->enabled || (c->options.disabled && *c->options.disabled >> i & 1) || !fits_hints(p, cv, first))
            continue;
        if (c->conf->detect == DETECT_PORTS && !is_icmp && !port_listed(c->settings[i], &cv->ends))
            continue;
        core_note(c, i + 1);
        enum verdict v = p->probe(first, from);
        core_note(c, 0);
        *ret_reversed = v == VERDICT_YES_REVERSED;
        if (v == VERDICT_YES || v == VERDICT_YES_REVERSED)
            return i;
        is_maybe |= v == VERDICT_MAYBE;
    }
    return is_maybe && !cv->is_datagram && first.len < DETECT_BYTES ? -1 : -2;
}
