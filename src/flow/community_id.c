/* SPDX-License-Identifier: Apache-2.0 */
/* Community ID v1: a text that names a flow alike in all programs. */
#include <netinet/in.h>

#include "base/sha1.h"
#include "flow/flow.h"

/* ICMP types that answer each other: { request, reply }. Others go one way. */
static const uint8_t pairs4[][2] = {{8, 0}, {13, 14}, {15, 16}, {10, 9}, {17, 18}};
static const uint8_t pairs6[][2] = {{128, 129}, {133, 134}, {135, 136}, {130, 131}, {139, 140}, {144, 145}};

static bool
counterpart(uint8_t l4, uint8_t type, uint8_t *ret)
{
    const uint8_t(*pairs)[2] = l4 == IPPROTO_ICMP ? pairs4 : pairs6;
    size_t n = l4 == IPPROTO_ICMP ? sizeof(pairs4) / 2 : sizeof(pairs6) / 2;

    for (size_t i = 0; i < n; i++) {
        for (int k = 0; k < 2; k++) {
            if (pairs[i][k] == type) {
                *ret = pairs[i][1 - k];
                return true;
            }
        }
    }
    return false;
}

static void
base64(const uint8_t in[20], char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (int i = 0; i < 18; i += 3) {
        uint32_t v = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];
        for (int k = 18; k >= 0; k -= 6)
            *out++ = digits[v >> k & 63];
    }
    uint32_t v = (uint32_t)in[18] << 16 | (uint32_t)in[19] << 8;
    *out++ = digits[v >> 18 & 63];
    *out++ = digits[v >> 12 & 63];
    *out++ = digits[v >> 6 & 63];
    *out++ = '=';
    *out = '\0';
}

static bool
has_ports(uint8_t l4)
{
    return l4 == IPPROTO_TCP || l4 == IPPROTO_UDP || l4 == IPPROTO_SCTP || l4 == IPPROTO_ICMP || l4 == IPPROTO_ICMPV6;
}

bool
community_id_of(const struct layers *l, uint16_t seed, char ret[48])
{
    uint8_t in[48], digest[20], mapped = 0;
    uint16_t sport = l->sport, dport = l->dport;
    size_t len = l->ip_version == 4 ? 4 : 16, n = 2;
    bool one_way = false;

    if (l->ip_version == 0)
        return false;
    if (l->l4 == IPPROTO_ICMP || l->l4 == IPPROTO_ICMPV6) {
        one_way = !counterpart(l->l4, (uint8_t)sport, &mapped);
        if (!one_way)
            dport = mapped;
    }
    int order = memcmp(l->src, l->dst, len);
    bool swap = !one_way && (order > 0 || (order == 0 && sport > dport));
    in[0] = (uint8_t)(seed >> 8);
    in[1] = (uint8_t)seed;
    memcpy(in + n, swap ? l->dst : l->src, len);
    memcpy(in + n + len, swap ? l->src : l->dst, len);
    n += 2 * len;
    in[n++] = l->l4;
    in[n++] = 0;
    if (has_ports(l->l4)) {
        uint16_t first = swap ? dport : sport, second = swap ? sport : dport;
        in[n++] = (uint8_t)(first >> 8);
        in[n++] = (uint8_t)first;
        in[n++] = (uint8_t)(second >> 8);
        in[n++] = (uint8_t)second;
    }
    sha1_short(slice_of(in, n), digest);
    ret[0] = '1';
    ret[1] = ':';
    base64(digest, ret + 2);
    return true;
}
