/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ICMP and ICMPv6 (RFC 792, 4443, 4861). Requests that have an identifier are joined with their
 * replies by it and the sequence number; everything else is an event of its own, errors with the
 * addresses of the packet that they quote.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/reader.h"
#include "proto/icmp/icmp_priv.h"
#include "proto/proto.h"
#include "schema/field.h"

enum {
#include "schema/field_enum.h"
#include "proto/icmp/icmp.def"
};

enum { HEAD = 8, KEY_SERVER_ASKED = 1 << 16 };

/* A message comes in three calls, so that its bytes are those behind the head: head, payload, end. */
struct icmp_conv {
    enum { AT_HEAD, AT_PAYLOAD, AT_END } at;
    uint8_t head[HEAD];
    struct tx *tx;       /* of the message in hand */
    bool ends_tx;
};

struct icmp_conf {
    struct proto_settings common;
};

static unsigned
version_of(const struct conv *cv)
{
    return conv_addr(cv, SIDE_CLIENT).len == 4 ? 4 : 6;
}

static enum side
other(enum side s)
{
    return s == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;
}

static struct slice
address_text(struct slice addr, char *out, size_t size)
{
    return inet_ntop(addr.len == 4 ? AF_INET : AF_INET6, addr.p, out, (socklen_t)size) ? slice_text(out) : SLICE("");
}

/* "DestinationUnreachable(Port)"; types without a name get their number. */
static struct slice
message_name(const struct icmp_kind *k, uint8_t type, uint8_t code, char *out, size_t size)
{
    if (!k)
        (void)snprintf(out, size, "Type%u(%u)", type, code);
    else if (code < k->n_codes && k->codes[code])
        (void)snprintf(out, size, "%s(%s)", k->name, k->codes[code]);
    else if (k->n_codes > 0 || code > 0)
        (void)snprintf(out, size, "%s(%u)", k->name, code);
    else
        (void)snprintf(out, size, "%s", k->name);
    return slice_text(out);
}

static const char *
transport_name(uint8_t l4, char *out, size_t size)
{
    switch (l4) {
    case IPPROTO_TCP:
        return "tcp";
    case IPPROTO_UDP:
        return "udp";
    case IPPROTO_ICMP:
        return "icmp";
    case IPPROTO_ICMPV6:
        return "ipv6-icmp";
    case IPPROTO_SCTP:
        return "sctp";
    default:
        (void)snprintf(out, size, "%u", l4);
        return out;
    }
}

struct original {
    struct slice src, dst;
    uint8_t l4;
    bool has_ports;
    uint16_t sport, dport;
};

/* The IP header that an error quotes, with the ports behind it where they are there (RFC 792, 4443 section 3). */
static bool
read_original(unsigned version, struct slice bytes, struct original *ret)
{
    struct reader r = reader_of(bytes);
    bool is_first_fragment = true;

    if (version == 4) {
        uint8_t ver_len = read_u8(&r);
        size_t head = (size_t)(ver_len & 15) * 4;
        read_skip(&r, 5);
        is_first_fragment = (read_be16(&r) & 0x1fff) == 0;
        read_skip(&r, 1);
        ret->l4 = read_u8(&r);
        read_skip(&r, 2);
        ret->src = read_bytes(&r, 4);
        ret->dst = read_bytes(&r, 4);
        if (reader_short(&r) || ver_len >> 4 != 4 || head < 20)
            return false;
        read_skip(&r, head - 20);
    } else {
        uint8_t ver = read_u8(&r);
        read_skip(&r, 5);
        ret->l4 = read_u8(&r);
        read_skip(&r, 1);
        ret->src = read_bytes(&r, 16);
        ret->dst = read_bytes(&r, 16);
        if (reader_short(&r) || ver >> 4 != 6)
            return false;
    }
    ret->sport = read_be16(&r);
    ret->dport = read_be16(&r);
    ret->has_ports = is_first_fragment && !reader_short(&r) && (ret->l4 == IPPROTO_TCP || ret->l4 == IPPROTO_UDP || ret->l4 == IPPROTO_SCTP);
    return true;
}

/* One line for people: the message, and whom it is about. */
static void
put_query(struct tx *tx, struct slice name, const char *about)
{
    char text[256];
    int n = snprintf(text, sizeof(text), "%.*s %s", (int)name.len, (const char *)name.p, about);

    tx_put_text(tx, FIELD_QUERY, slice_of(text, n < (int)sizeof(text) ? (size_t)n : sizeof(text) - 1));
}

/* "udp 192.0.2.1:53124 > 192.0.2.2:53" */
static void
original_text(const struct original *o, char *out, size_t size)
{
    char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN], l4[8];
    const char *open = o->src.len == 16 ? "[" : "", *close = o->src.len == 16 ? "]" : "";

    (void)address_text(o->src, src, sizeof(src));
    (void)address_text(o->dst, dst, sizeof(dst));
    const char *transport = transport_name(o->l4, l4, sizeof(l4));
    if (o->has_ports)
        (void)snprintf(out, size, "%s %s%s%s:%u > %s%s%s:%u", transport, open, src, close, o->sport, open, dst, close, o->dport);
    else
        (void)snprintf(out, size, "%s %s > %s", transport, src, dst);
}

static bool
put_original(struct tx *tx, unsigned version, struct slice payload, char *out, size_t size)
{
    struct original o = {0};
    char l4[8];

    if (!read_original(version, payload, &o))
        return false;
    tx_put_ip(tx, ICMP_ORIGINAL_SOURCE_IP, o.src);
    tx_put_ip(tx, ICMP_ORIGINAL_DESTINATION_IP, o.dst);
    if (o.has_ports) {
        tx_put_uint(tx, ICMP_ORIGINAL_SOURCE_PORT, o.sport);
        tx_put_uint(tx, ICMP_ORIGINAL_DESTINATION_PORT, o.dport);
    }
    tx_put_text(tx, ICMP_ORIGINAL_TRANSPORT, slice_text(transport_name(o.l4, l4, sizeof(l4))));
    original_text(&o, out, size);
    return true;
}

/* What the head's last four bytes and the payload say, by type. */
static void
put_details(struct tx *tx, const struct icmp_conv *c, unsigned version, const struct icmp_kind *k, struct slice payload)
{
    uint8_t type = c->head[0], code = c->head[1];
    uint32_t mtu = version == 4 ? load_be16(c->head + 6) : load_be32(c->head + 4);

    if (k && (k->role == ICMP_REQUEST || k->role == ICMP_REPLY)) {
        tx_put_uint(tx, ICMP_IDENTIFIER, load_be16(c->head + 4));
        tx_put_uint(tx, ICMP_SEQUENCE, load_be16(c->head + 6));
    }
    if ((version == 4 && type == 3 && code == 4) || (version == 6 && type == 2))
        tx_put_uint(tx, ICMP_MTU, mtu);
    if (version == 4 && type == 5)
        tx_put_ip(tx, ICMP_GATEWAY, slice_of(c->head + 4, 4));
    if (version == 6 && (type == 135 || type == 136) && payload.len >= 16)
        tx_put_ip(tx, ICMP_TARGET, slice_head(payload, 16));
    if (version == 6 && type == 137 && payload.len >= 16)
        tx_put_ip(tx, ICMP_GATEWAY, slice_head(payload, 16));
}

/* Fields of a message that begins a transaction, of a reply without its request too. */
static void
put_common(struct tx *tx, enum side from, bool is_reply)
{
    struct conv *cv = tx_conv(tx);
    enum side to = is_reply ? from : other(from);
    char path[INET6_ADDRSTRLEN];

    tx_put_uint(tx, ICMP_VERSION, version_of(cv));
    tx_put_text(tx, FIELD_PATH, address_text(conv_addr(cv, to), path, sizeof(path)));
}

static void
put_message(struct tx *tx, const struct icmp_conv *c, bool is_reply, struct slice name)
{
    tx_put_text(tx, is_reply ? ICMP_RESPONSE_MESSAGE : ICMP_REQUEST_MESSAGE, name);
    tx_put_uint(tx, is_reply ? ICMP_RESPONSE_TYPE : ICMP_REQUEST_TYPE, c->head[0]);
    tx_put_uint(tx, is_reply ? ICMP_RESPONSE_CODE : ICMP_REQUEST_CODE, c->head[1]);
}

static struct tx *
open_from(struct conv *cv, uint64_t key, bool server_asked)
{
    struct tx *tx = tx_open(cv, key);

    if (server_asked)
        tx_reverse(tx);
    return tx;
}

/* An error, an announcement, anything that is not answered: its sender is the source. */
static struct tx *
on_alone(struct conv *cv, const struct icmp_conv *c, enum side from, const struct icmp_kind *k, struct slice payload)
{
    unsigned version = version_of(cv);
    struct tx *tx = open_from(cv, UINT64_MAX, from == SIDE_SERVER);
    char name_mem[64], about[160];
    struct slice name = message_name(k, c->head[0], c->head[1], name_mem, sizeof(name_mem));
    enum side to = other(from);
    bool quotes = (k && k->role == ICMP_FAULT) || (version == 4 && c->head[0] == 5);

    put_common(tx, from, false);
    put_message(tx, c, false, name);
    put_details(tx, c, version, k, payload);
    if (!quotes || !put_original(tx, version, payload, about, sizeof(about))) {
        (void)address_text(conv_addr(cv, to), about, sizeof(about));
        if (quotes)
            tx_partial(tx);
    }
    put_query(tx, name, about);
    return tx;
}

static struct tx *
on_request(struct conv *cv, const struct icmp_conv *c, enum side from, const struct icmp_kind *k, uint64_t key)
{
    struct tx *tx = tx_find(cv, key);
    char name_mem[64], to[INET6_ADDRSTRLEN];
    struct slice name = message_name(k, c->head[0], c->head[1], name_mem, sizeof(name_mem));

    if (tx) {
        tx_note(tx, "The same request came again before its answer");
        tx_close(tx, TX_UNANSWERED);
    }
    tx = open_from(cv, key, from == SIDE_SERVER);
    put_common(tx, from, false);
    put_message(tx, c, false, name);
    put_details(tx, c, version_of(cv), k, SLICE(""));
    (void)address_text(conv_addr(cv, other(from)), to, sizeof(to));
    put_query(tx, name, to);
    return tx;
}

static struct tx *
on_reply(struct conv *cv, const struct icmp_conv *c, enum side from, const struct icmp_kind *k, uint64_t key)
{
    struct tx *tx = tx_find(cv, key);
    char name_mem[64], asker[INET6_ADDRSTRLEN];
    struct slice name = message_name(k, c->head[0], c->head[1], name_mem, sizeof(name_mem));

    if (!tx) {
        tx = open_from(cv, key, from == SIDE_CLIENT);
        tx_note(tx, "Unmatched response");
        tx_status(tx, "Error");
        tx_partial(tx);
        put_common(tx, from, true);
        put_details(tx, c, version_of(cv), k, SLICE(""));
        (void)address_text(conv_addr(cv, other(from)), asker, sizeof(asker));
        put_query(tx, name, asker);
    }
    put_message(tx, c, true, name);
    return tx;
}

static void
on_payload(struct conv *cv, struct icmp_conv *c, enum side from, struct input in)
{
    const struct icmp_kind *k = icmp_kind(version_of(cv), c->head[0]);
    enum icmp_role role = k ? (enum icmp_role)k->role : ICMP_ALONE;
    uint8_t ask = role == ICMP_REPLY ? k->asks : c->head[0];
    enum side asker = role == ICMP_REPLY ? other(from) : from;
    uint64_t key = load_be32(c->head + 4) | (uint64_t)ask << 32 | (asker == SIDE_SERVER ? (uint64_t)KEY_SERVER_ASKED << 32 : 0);

    if (role == ICMP_REQUEST)
        c->tx = on_request(cv, c, from, k, key);
    else if (role == ICMP_REPLY)
        c->tx = on_reply(cv, c, from, k, key);
    else
        c->tx = on_alone(cv, c, from, k, in.bytes);
    if (role == ICMP_FAULT)
        tx_status(c->tx, "Error");
    if (in.cut > 0)
        tx_partial(c->tx);
    c->ends_tx = role != ICMP_REQUEST;
    tx_part(c->tx, from);
}

static struct step
icmp_data(struct conv *cv, enum side from, struct input in)
{
    struct icmp_conv *c = conv_state(cv);

    switch (c->at) {
    case AT_HEAD:
        if (in.bytes.len < HEAD) {
            conv_note(cv, "an ICMP message shorter than its header");
            return step_took(in.bytes.len);
        }
        memcpy(c->head, in.bytes.p, HEAD);
        conv_part_none(cv, from);
        c->at = AT_PAYLOAD;
        return step_again(step_took(HEAD));
    case AT_PAYLOAD:
        on_payload(cv, c, from, in);
        c->at = AT_END;
        return step_again(step_took(in.bytes.len));
    default:
        if (c->ends_tx)
            tx_close(c->tx, TX_DONE);
        c->tx = NULL;
        c->at = AT_HEAD;
        return step_took(0);
    }
}

static void
icmp_unanswered(struct tx *tx, enum tx_end how)
{
    (void)how;
    tx_note(tx, "Unmatched request");
}

static enum verdict
icmp_probe(struct slice first, enum side from)
{
    (void)from;
    return first.len >= HEAD ? VERDICT_YES : VERDICT_NO;
}

static const struct hint icmp_hints[] = {
    {.l4 = IPPROTO_ICMP},
    {.l4 = IPPROTO_ICMPV6},
    {0},
};

static const struct field icmp_fields[] = {
#include "schema/field_rows.h"
#include "proto/icmp/icmp.def"
};

const struct proto proto_icmp = {
    .name = "icmp",
    .summary = "ICMP for IPv4 and IPv6: echoes with their replies, errors with the packet they quote.",
    .types = "connection",
    .hints = icmp_hints,
    .fields = icmp_fields,
    .n_fields = sizeof(icmp_fields) / sizeof(icmp_fields[0]),
    .settings_size = sizeof(struct icmp_conf),
    .conv_size = sizeof(struct icmp_conv),
    .max_tx = 256,
    .pair = PAIR_FLOW,
    .probe = icmp_probe,
    .data = icmp_data,
    .unanswered = icmp_unanswered,
};
