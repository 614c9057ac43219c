/* SPDX-License-Identifier: Apache-2.0 */
/* The event that reports a flow. */
#include <netinet/in.h>
#include <stdio.h>

#include "worker/worker_priv.h"

enum { TEXT_MAX = 64 };

void
flow_community_id(const struct worker *w, const struct flow *f, char ret[48])
{
    struct layers l = {.l4 = f->key.l4, .ip_version = f->key.ip_version};
    const uint8_t *src, *dst;

    flow_address(f, 0, &src, &l.sport);
    flow_address(f, 1, &dst, &l.dport);
    memcpy(l.src, src, 16);
    memcpy(l.dst, dst, 16);
    if (l.l4 == IPPROTO_ICMP || l.l4 == IPPROTO_ICMPV6) {
        l.sport = f->icmp_type;
        l.dport = f->icmp_code;
    }
    ret[0] = '\0';
    (void)community_id_of(&l, (uint16_t)w->flow_conf->community_id_seed, ret);
}

static void
put_text(struct cells *out, uint16_t field, const char *text)
{
    (void)cells_text(out, field, KIND_TEXT, slice_text(text));
}

static const char *
transport_name(uint8_t l4)
{
    static const struct {
        uint8_t l4;
        const char *name;
    } names[] = {{IPPROTO_TCP, "tcp"}, {IPPROTO_UDP, "udp"}, {IPPROTO_ICMP, "icmp"}, {IPPROTO_ICMPV6, "ipv6-icmp"},
                 {IPPROTO_SCTP, "sctp"}, {IPPROTO_GRE, "gre"}, {IPPROTO_ESP, "esp"}, {IPPROTO_IGMP, "igmp"}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].l4 == l4)
            return names[i].name;
    return "other";
}

static void
put_mac(struct cells *out, uint16_t field, const uint8_t *m)
{
    char text[TEXT_MAX];

    (void)snprintf(text, sizeof(text), "%02X-%02X-%02X-%02X-%02X-%02X", m[0], m[1], m[2], m[3], m[4], m[5]);
    put_text(out, field, text);
}

static void
put_end(struct cells *out, const struct flow *f, unsigned dir, uint16_t ip, uint16_t port)
{
    const uint8_t *addr;
    uint16_t n;
    bool has_ports = f->key.l4 == IPPROTO_TCP || f->key.l4 == IPPROTO_UDP || f->key.l4 == IPPROTO_SCTP;

    flow_address(f, dir, &addr, &n);
    (void)cells_ip(out, ip, addr, f->key.ip_version == 4 ? 4 : 16);
    if (has_ports)
        (void)cells_uint(out, port, n);
}

static void
put_counts(struct cells *out, const struct flow_side *s, uint16_t bytes, uint16_t packets)
{
    if (s->packets == 0)
        return;
    (void)cells_uint(out, bytes, s->bytes);
    (void)cells_uint(out, packets, s->packets);
}

static void
put_flags(struct cells *out, uint16_t field, uint8_t flags)
{
    static const char letters[] = "FSRPAU";
    char text[8];
    size_t n = 0;

    for (unsigned i = 0; i < 6; i++)
        if (flags & 1u << i)
            text[n++] = letters[i];
    if (n > 0)
        (void)cells_text(out, field, KIND_TEXT, slice_of(text, n));
}

static const char *
state_name(const struct talk *t)
{
    const struct stream *s = &t->stream;

    if (s->has_rst)
        return "reset";
    if (s->side[0].is_over && s->side[1].is_over)
        return "closed";
    if (s->side[0].is_over || s->side[1].is_over)
        return "closing";
    if (s->is_midstream)
        return "midstream";
    return s->side[0].has_syn && s->side[1].has_syn ? "established" : "syn_sent";
}

static void
put_number_if(struct cells *out, uint16_t field, uint64_t n)
{
    if (n > 0)
        (void)cells_uint(out, field, n);
}

static void
put_tcp(struct cells *out, const struct flow *f, const struct talk *t, unsigned src)
{
    const struct stream *s = &t->stream;

    put_text(out, FIELD_FLOW_STATE, state_name(t));
    if (s->rtt_ns)
        (void)cells_number(out, FIELD_FLOW_RTT, KIND_DURATION, s->rtt_ns);
    put_number_if(out, FIELD_FLOW_SRC_RETRANS, s->side[src].retransmissions);
    put_number_if(out, FIELD_FLOW_DST_RETRANS, s->side[1 - src].retransmissions);
    put_number_if(out, FIELD_FLOW_SRC_LOST, s->side[src].lost);
    put_number_if(out, FIELD_FLOW_DST_LOST, s->side[1 - src].lost);
    put_flags(out, FIELD_FLOW_SRC_FLAGS, f->side[src].tcp_flags);
    put_flags(out, FIELD_FLOW_DST_FLAGS, f->side[1 - src].tcp_flags);
}

/* "fin" and "rst" when the connection said so, else why the table let go of it. */
static const char *
end_reason(const struct flow *f, const struct talk *t)
{
    static const char *const names[] = {"", "fin", "rst", "timeout", "evicted", "end of capture"};

    if (t && t->is_tcp && t->stream.has_rst)
        return "rst";
    if (t && t->is_tcp && t->stream.side[0].is_over && t->stream.side[1].is_over)
        return "fin";
    return names[f->end];
}

static void
put_flow_id(struct cells *out, const struct flow *f)
{
    char text[TEXT_MAX];
    uint64_t h = (f->first_ns ^ (uint64_t)f->hash << 32 ^ f->first_packet) * 0x9e3779b97f4a7c15ull;

    (void)snprintf(text, sizeof(text), "%08x%08x", f->hash, (unsigned)(h >> 32));
    put_text(out, FIELD_FLOW_ID, text);
}

static void
put_replay_id(const struct worker *w, struct cells *out, const struct flow *f, uint64_t now_ns)
{
    char text[TEXT_MAX];
    uint64_t h = (w->options.file_id ^ f->first_packet * 0x9e3779b97f4a7c15ull) + now_ns;

    h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9ull;
    (void)snprintf(text, sizeof(text), "f%012llx", (unsigned long long)(h >> 16));
    put_text(out, FIELD_EVENT_ID, text);
}

void
flow_event(struct worker *w, const struct flow *f, bool is_final, uint64_t now_ns)
{
    const struct talk *t = f->above;
    unsigned src = f->is_swapped ? 1 : 0;
    char community[48];
    struct cells out;

    cells_init(&out, w->scratch, sizeof(w->scratch), 1024);
    if (w->options.is_replay)
        put_replay_id(w, &out, f, now_ns);
    put_text(&out, FIELD_EVENT_ACTION, "network_flow");
    put_text(&out, FIELD_EVENT_TYPE, "connection");
    if (is_final)
        put_text(&out, FIELD_EVENT_TYPE, "end");
    (void)cells_number(&out, FIELD_EVENT_START, KIND_TIME, f->first_ns);
    (void)cells_number(&out, FIELD_EVENT_END, KIND_TIME, f->last_ns);
    (void)cells_number(&out, FIELD_EVENT_DURATION, KIND_DURATION, f->last_ns - f->first_ns);
    put_end(&out, f, src, FIELD_SOURCE_IP, FIELD_SOURCE_PORT);
    put_end(&out, f, 1 - src, FIELD_DESTINATION_IP, FIELD_DESTINATION_PORT);
    if (f->nat) {
        bool is_source = f->nat->is_first_source == (src == 0);
        (void)cells_ip(&out, is_source ? FIELD_SOURCE_NAT_IP : FIELD_DESTINATION_NAT_IP, f->nat->addr, f->key.ip_version == 4 ? 4 : 16);
        (void)cells_uint(&out, is_source ? FIELD_SOURCE_NAT_PORT : FIELD_DESTINATION_NAT_PORT, f->nat->port);
    }
    if (f->has_mac) {
        put_mac(&out, FIELD_SOURCE_MAC, src ? f->dmac : f->smac);
        put_mac(&out, FIELD_DESTINATION_MAC, src ? f->smac : f->dmac);
    }
    put_counts(&out, &f->side[src], FIELD_SOURCE_BYTES, FIELD_SOURCE_PACKETS);
    put_counts(&out, &f->side[1 - src], FIELD_DESTINATION_BYTES, FIELD_DESTINATION_PACKETS);
    (void)cells_uint(&out, FIELD_NETWORK_BYTES, f->side[0].bytes + f->side[1].bytes);
    (void)cells_uint(&out, FIELD_NETWORK_PACKETS, f->side[0].packets + f->side[1].packets);
    put_text(&out, FIELD_NETWORK_TYPE, f->key.ip_version == 4 ? "ipv4" : "ipv6");
    put_text(&out, FIELD_NETWORK_TRANSPORT, transport_name(f->key.l4));
    (void)cells_uint(&out, FIELD_NETWORK_IANA, f->key.l4);
    flow_community_id(w, f, community);
    put_text(&out, FIELD_NETWORK_COMMUNITY_ID, community);
    put_flow_id(&out, f);
    (void)cells_number(&out, FIELD_FLOW_FINAL, KIND_BOOL, is_final);
    for (unsigned i = 0; i < f->n_vlans; i++)
        (void)cells_uint(&out, FIELD_FLOW_VLAN, f->vlan[i]);
    if (is_final)
        put_text(&out, FIELD_FLOW_END_REASON, end_reason(f, t));
    if (f->side[1].packets == 0)
        (void)cells_number(&out, FIELD_FLOW_ONE_SIDED, KIND_BOOL, 1);
    if (t && t->is_tcp)
        put_tcp(&out, f, t, src);
    struct record_head head = {.dataset = DATASET_FLOW, .time_ns = f->last_ns, .packet = w->packet, .done_ns = now_ns};
    worker_emit(w, &head, &out, NULL);
}
