/* SPDX-License-Identifier: Apache-2.0 */
/* From the bytes of a packet to addresses, ports and payload (RFC 791, 8200, 9293, 768, 792, 4443). */
#include "decode/decode.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "base/reader.h"
#include "decode/fragments.h"

enum { TYPE_IP4 = 0x0800, TYPE_IP6 = 0x86dd, TYPE_VLAN = 0x8100, TYPE_QINQ = 0x88a8, TYPE_QINQ_OLD = 0x9100, MAX_EXTENSIONS = 8 };

struct decoder {
    struct decoder_limits limits;
    struct decode_stats stats;
    struct fragments *fragments;
    const struct packet *packet; /* in hand */
};

struct decoder *
decoder_new(const struct decoder_limits *limits)
{
    struct decoder *d = calloc(1, sizeof(*d));

    if (!d)
        return NULL;
    if (limits)
        d->limits = *limits;
    d->fragments = fragments_new(&d->limits, &d->stats);
    if (!d->fragments) {
        free(d);
        return NULL;
    }
    return d;
}

void
decoder_free(struct decoder *d)
{
    if (!d)
        return;
    fragments_free(d->fragments);
    free(d);
}

const struct decode_stats *
decoder_stats(const struct decoder *d)
{
    return &d->stats;
}

const char *
decode_result_name(enum decode_result r)
{
    static const char *const names[DECODE_N_RESULTS] = {"ok", "not_ip", "fragment", "short", "malformed", "checksum", "unknown_link"};
    return r < DECODE_N_RESULTS ? names[r] : "unknown";
}

/* Options of a SYN: window scale, segment size, selective acknowledgement. */
static void
tcp_options(struct reader *r, size_t len, struct tcp_info *tcp)
{
    struct slice options = read_bytes(r, len);

    for (size_t i = 0; i < options.len;) {
        uint8_t kind = options.p[i];
        if (kind == 0)
            return;
        if (kind == 1) {
            i++;
            continue;
        }
        if (i + 1 >= options.len || options.p[i + 1] < 2 || i + options.p[i + 1] > options.len)
            return;
        if (kind == 2 && options.p[i + 1] == 4)
            tcp->mss = load_be16(options.p + i + 2);
        if (kind == 3 && options.p[i + 1] == 3)
            tcp->wscale = (uint8_t)(options.p[i + 2] + 1);
        tcp->has_sack |= kind == 4;
        i += options.p[i + 1];
    }
}

static enum decode_result
decode_tcp(struct reader *r, struct layers *l)
{
    l->sport = read_be16(r);
    l->dport = read_be16(r);
    l->tcp = (struct tcp_info){.seq = read_be32(r), .ack = read_be32(r)};
    size_t head = (size_t)(read_u8(r) >> 4) * 4;
    l->tcp.flags = read_u8(r) & 0x3f;
    l->tcp.window = read_be16(r);
    read_skip(r, 4);
    if (reader_short(r))
        return DECODE_SHORT;
    if (head < 20)
        return DECODE_MALFORMED;
    if (reader_left(r) < head - 20)
        return DECODE_SHORT;
    if (l->tcp.flags & 2)
        tcp_options(r, head - 20, &l->tcp);
    else
        read_skip(r, head - 20);
    return DECODE_OK;
}

/* ICMP errors quote the packet that caused them. */
static enum decode_result
decode_icmp(struct reader *r, struct layers *l)
{
    l->icmp = slice_of(r->p, reader_left(r));
    l->sport = read_u8(r);
    l->dport = read_u8(r);
    read_skip(r, 6);
    if (reader_short(r))
        return DECODE_SHORT;
    bool is_error = l->l4 == IPPROTO_ICMP ? (l->sport == 3 || l->sport == 4 || l->sport == 5 || l->sport == 11 || l->sport == 12)
                                          : l->sport >= 1 && l->sport <= 4;
    l->quoted = is_error ? slice_of(r->p, reader_left(r)) : slice_of(r->p, 0);
    return DECODE_OK;
}

static enum decode_result
decode_transport(struct reader *r, size_t wire_left, struct layers *l)
{
    enum decode_result result = DECODE_OK;
    const uint8_t *begin = r->p;

    l->icmp = l->quoted = (struct slice){NULL, 0};
    l->sport = l->dport = 0;
    if (l->l4 == IPPROTO_TCP) {
        result = decode_tcp(r, l);
    } else if (l->l4 == IPPROTO_UDP) {
        l->sport = read_be16(r);
        l->dport = read_be16(r);
        size_t len = read_be16(r);
        read_skip(r, 2);
        if (reader_short(r))
            return DECODE_SHORT;
        if (len >= 8 && len < wire_left) {
            wire_left = len;
            if ((size_t)(r->end - begin) > len)
                r->end = begin + len;
        }
    } else if (l->l4 == IPPROTO_ICMP || l->l4 == IPPROTO_ICMPV6) {
        result = decode_icmp(r, l);
    } else if (l->l4 == IPPROTO_SCTP) {
        l->sport = read_be16(r);
        l->dport = read_be16(r);
        result = reader_short(r) ? DECODE_SHORT : DECODE_OK;
    }
    if (result != DECODE_OK)
        return result;
    size_t used = (size_t)(r->p - begin);
    l->payload = slice_of(r->p, reader_left(r));
    l->cut = wire_left > used + l->payload.len ? (uint32_t)(wire_left - used - l->payload.len) : 0;
    return DECODE_OK;
}

/* A fragment into the table; with the last one the datagram goes on as if it had come whole. */
static enum decode_result
take_fragment(struct decoder *d, struct reader *r, uint32_t id, uint32_t offset, bool has_more, struct layers *l)
{
    struct fragment in = {.id = id, .l4 = l->l4, .ip_version = l->ip_version, .offset = offset, .has_more = has_more,
                          .bytes = slice_of(r->p, reader_left(r)), .wire_len = d->packet->len, .time_ns = d->packet->time_ns};
    struct slice whole;

    memcpy(in.src, l->src, 16);
    memcpy(in.dst, l->dst, 16);
    if (!fragments_add(d->fragments, &in, &whole, &l->wire_len, &l->n_packets))
        return DECODE_FRAGMENT;
    struct reader all = reader_of(whole);
    return decode_transport(&all, whole.len, l);
}

static enum decode_result
decode_ip4(struct decoder *d, struct reader *r, struct layers *l)
{
    size_t captured = reader_left(r);
    uint8_t first = read_u8(r);
    read_skip(r, 1);
    size_t total = read_be16(r);
    uint16_t id = read_be16(r);
    uint16_t fragment = read_be16(r);
    l->ttl = read_u8(r);
    l->l4 = read_u8(r);
    read_skip(r, 2);
    const uint8_t *addresses = reader_claim(r, 8);
    size_t head = (size_t)(first & 15) * 4;

    if (!addresses)
        return DECODE_SHORT;
    if (first >> 4 != 4 || head < 20 || (total != 0 && total < head))
        return DECODE_MALFORMED;
    if (total == 0)
        total = captured; /* segmentation offload */
    if (total < captured)
        r->end -= captured - total; /* a frame trailer is no payload */
    if (!reader_claim(r, head - 20))
        return DECODE_SHORT;
    l->ip_version = 4;
    memset(l->src + 4, 0, 12);
    memset(l->dst + 4, 0, 12);
    memcpy(l->src, addresses, 4);
    memcpy(l->dst, addresses + 4, 4);
    if (fragment & 0x3fff)
        return d ? take_fragment(d, r, id, (fragment & 0x1fffu) * 8, (fragment & 0x2000) != 0, l) : DECODE_FRAGMENT;
    return decode_transport(r, total - head, l);
}

static enum decode_result
decode_ip6(struct decoder *d, struct reader *r, struct layers *l)
{
    uint32_t first = read_be32(r);
    size_t total = read_be16(r);
    l->l4 = read_u8(r);
    l->ttl = read_u8(r);
    const uint8_t *addresses = reader_claim(r, 32);

    if (!addresses)
        return DECODE_SHORT;
    if (first >> 28 != 6)
        return DECODE_MALFORMED;
    if (total == 0)
        total = reader_left(r);
    if (total < reader_left(r))
        r->end = r->p + total;
    l->ip_version = 6;
    memcpy(l->src, addresses, 16);
    memcpy(l->dst, addresses + 16, 16);
    const uint8_t *begin = r->p;
    for (int i = 0; i < MAX_EXTENSIONS; i++) {
        if (l->l4 == IPPROTO_FRAGMENT) {
            l->l4 = read_u8(r);
            read_skip(r, 1);
            uint16_t place = read_be16(r);
            uint32_t id = read_be32(r);
            if (reader_short(r))
                return DECODE_SHORT;
            if ((place & 0xfff9) == 0)
                continue; /* an atomic fragment (RFC 6946) */
            return d ? take_fragment(d, r, id, place & 0xfff8u, place & 1, l) : DECODE_FRAGMENT;
        }
        if (l->l4 != IPPROTO_HOPOPTS && l->l4 != IPPROTO_ROUTING && l->l4 != IPPROTO_DSTOPTS)
            break;
        l->l4 = read_u8(r);
        size_t len = (size_t)read_u8(r) * 8 + 8;
        read_skip(r, len - 2);
        if (reader_short(r))
            return DECODE_SHORT;
    }
    size_t used = (size_t)(r->p - begin);
    return decode_transport(r, total > used ? total - used : 0, l);
}

static enum decode_result
decode_ether_type(struct decoder *d, struct reader *r, uint16_t type, struct layers *l)
{
    while (type == TYPE_VLAN || type == TYPE_QINQ || type == TYPE_QINQ_OLD) {
        uint16_t tag = read_be16(r);
        type = read_be16(r);
        if (reader_short(r))
            return DECODE_SHORT;
        if (l->n_vlans < DECODE_MAX_VLANS)
            l->vlan[l->n_vlans++] = tag & 0xfff;
    }
    if (type == TYPE_IP4)
        return decode_ip4(d, r, l);
    return type == TYPE_IP6 ? decode_ip6(d, r, l) : DECODE_NOT_IP;
}

static enum decode_result
decode_raw_ip(struct decoder *d, struct reader *r, struct layers *l)
{
    if (reader_left(r) == 0)
        return DECODE_SHORT;
    return r->p[0] >> 4 == 6 ? decode_ip6(d, r, l) : decode_ip4(d, r, l);
}

static enum decode_result
decode_link(struct decoder *d, const struct packet *p, struct reader *r, struct layers *l)
{
    uint16_t type;

    switch (p->link) {
    case LINK_ETHERNET: {
        const uint8_t *mac = reader_claim(r, 14);
        if (!mac)
            return DECODE_SHORT;
        memcpy(l->dmac, mac, 6);
        memcpy(l->smac, mac + 6, 6);
        l->has_mac = true;
        return decode_ether_type(d, r, load_be16(mac + 12), l);
    }
    case LINK_SLL:
        read_skip(r, 14);
        return decode_ether_type(d, r, read_be16(r), l);
    case LINK_SLL2:
        type = read_be16(r);
        read_skip(r, 18);
        return decode_ether_type(d, r, type, l);
    case LINK_NULL:
    case LINK_LOOP:
        read_skip(r, 4);
        return decode_raw_ip(d, r, l);
    case 12:
    case 14:
    case LINK_RAW:
    case LINK_IPV4:
    case LINK_IPV6:
        return decode_raw_ip(d, r, l);
    default:
        return DECODE_UNKNOWN_LINK;
    }
}

enum decode_result
decode_packet(struct decoder *d, const struct packet *p, struct layers *ret)
{
    struct reader r = reader_of(slice_of(p->data, p->caplen));

    d->packet = p;
    ret->n_vlans = 0;
    ret->has_mac = false;
    ret->n_packets = 1;
    ret->wire_len = p->len;
    if (p->flags & PACKET_VLAN)
        ret->vlan[ret->n_vlans++] = p->vlan_tci & 0xfff;
    enum decode_result result = decode_link(d, p, &r, ret);
    d->stats.by_result[result]++;
    return result;
}

bool
decode_quoted(struct slice quoted, struct layers *ret)
{
    struct reader r = reader_of(quoted);

    if (quoted.len < 20)
        return false;
    enum decode_result result = decode_raw_ip(NULL, &r, ret);
    return result == DECODE_OK || result == DECODE_SHORT || result == DECODE_FRAGMENT;
}
