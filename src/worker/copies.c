/* SPDX-License-Identifier: Apache-2.0 */
/* One copy of each packet: by interface, by initial sequence number, without our own traffic. */
#include "worker/copies.h"

#include <netinet/in.h>
#include <stdlib.h>

enum { REBIND_MS = 100, JOIN_NS = 1000000000, SYN = 2, ACK = 16 };

/*
 * Each direction of a flow belongs to the interface that showed it first. After 100 ms without a packet
 * there, another one may take over (a route that changed); until then what it shows are copies.
 */
static bool
is_copy(struct flow *f, unsigned dir, const struct packet *p)
{
    uint32_t now_ms = (uint32_t)(p->time_ns / 1000000);

    if (f->ifindex[dir] == p->ifindex || f->ifindex[dir] == 0 || now_ms - f->bound_ms[dir] > REBIND_MS) {
        f->ifindex[dir] = p->ifindex;
        f->bound_ms[dir] = now_ms;
        return false;
    }
    return true;
}

static bool
same_end(const uint8_t *a, uint16_t a_port, const uint8_t *b, uint16_t b_port)
{
    return a_port == b_port && memcmp(a, b, 16) == 0;
}

/* The loser's connection is over for us before it said anything; the winner knows its other address. */
static void
join_legs(struct worker *w, struct flow *winner, struct flow *loser, bool src_differs)
{
    const uint8_t *addr;
    struct flow_nat *nat = winner->nat ? winner->nat : calloc(1, sizeof(*nat));

    loser->skip = FLOW_SKIP_LEG;
    worker_forget(loser);
    if (!nat)
        return;
    winner->nat = nat;
    nat->is_first_source = src_differs;
    flow_address(loser, src_differs ? 0 : 1, &addr, &nat->port);
    memcpy(nat->addr, addr, 16);
    worker_show_nat(winner);
    w->counts.joined++;
}

/* Both legs of a translated connection begin with the same sequence number, keep one end, and cross different
 * interfaces: on one interface the same number is chance, or a generator of test traffic. */
static void
look_for_leg(struct worker *w, struct flow *f, unsigned dir, const struct layers *l)
{
    struct leg *leg = &w->legs[(l->tcp.seq * 0x9e3779b1u) >> 22];
    struct flow *other = leg->time_ns && leg->seq == l->tcp.seq && w->now_ns - leg->time_ns < JOIN_NS ? flow_find(w->flows, &leg->key) : NULL;
    const uint8_t *src[2], *dst[2];
    uint16_t sport[2], dport[2];

    if (other == f)
        return;
    bool is_leg = other && other->first_packet == leg->first_packet && !other->skip && dir == 0 && other->ifindex[0] != f->ifindex[0];
    if (!is_leg) {
        *leg = (struct leg){.key = f->key, .seq = l->tcp.seq, .time_ns = w->now_ns, .first_packet = f->first_packet};
        return;
    }
    for (int i = 0; i < 2; i++) {
        flow_address(i ? other : f, 0, &src[i], &sport[i]);
        flow_address(i ? other : f, 1, &dst[i], &dport[i]);
    }
    bool same_src = same_end(src[0], sport[0], src[1], sport[1]), same_dst = same_end(dst[0], dport[0], dst[1], dport[1]);
    if (same_src == same_dst) /* chance, or both ends were translated: two connections */
        return;
    bool is_bridge = w->options.is_bridge && w->options.is_bridge(w->options.links_ctx, f->ifindex[0]);
    join_legs(w, is_bridge ? f : other, is_bridge ? other : f, same_dst);
}

bool
copies_take(struct worker *w, struct flow *f, unsigned dir, const struct layers *l, const struct packet *p)
{
    bool is_new = f->side[0].packets + f->side[1].packets == l->n_packets;

    if (w->takes_all)
        return true;
    if (is_new && l->l4 == IPPROTO_TCP && w->options.is_own && w->options.is_own(w->options.links_ctx, l))
        f->skip = FLOW_SKIP_OWN;
    if (is_copy(f, dir, p)) {
        f->side[dir].packets -= l->n_packets;
        f->side[dir].bytes -= l->wire_len;
        w->counts.copies++;
        return false;
    }
    if (!f->skip && l->l4 == IPPROTO_TCP && (l->tcp.flags & (SYN | ACK)) == SYN)
        look_for_leg(w, f, dir, l);
    w->counts.own += f->skip == FLOW_SKIP_OWN;
    w->counts.legs += f->skip == FLOW_SKIP_LEG;
    return !f->skip;
}
