/* SPDX-License-Identifier: Apache-2.0 */
/* Networks by prefix or name (RFC 6890 registries for the special-purpose ones). */
#include "enrich/ip_set.h"

#include <arpa/inet.h>

static const struct {
    const char *name, *net;
} named[] = {
    {"private", "10.0.0.0/8"},
    {"private", "172.16.0.0/12"},
    {"private", "192.168.0.0/16"},
    {"private", "fc00::/7"},
    {"loopback", "127.0.0.0/8"},
    {"loopback", "::1/128"},
    {"link_local_unicast", "169.254.0.0/16"},
    {"link_local_unicast", "fe80::/10"},
    {"link_local_multicast", "224.0.0.0/24"},
    {"link_local_multicast", "ff02::/16"},
    {"interface_local_multicast", "ff01::/16"},
    {"multicast", "224.0.0.0/4"},
    {"multicast", "ff00::/8"},
    {"unspecified", "0.0.0.0/32"},
    {"unspecified", "::/128"},
    {"broadcast", "255.255.255.255/32"},
};

static int
parse_net(const char *text, struct ip_net *ret)
{
    char host[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);

    if (len >= sizeof(host))
        return -1;
    memcpy(host, text, len);
    host[len] = 0;
    *ret = (struct ip_net){0};
    if (inet_pton(AF_INET, host, ret->addr) == 1)
        ret->len = 4;
    else if (inet_pton(AF_INET6, host, ret->addr) == 1)
        ret->len = 16;
    else
        return -1;
    ret->prefix = (uint8_t)(8 * ret->len);
    if (slash) {
        uint64_t prefix;
        if (!slice_to_uint(slice_text(slash + 1), &prefix) || prefix > ret->prefix)
            return -1;
        ret->prefix = (uint8_t)prefix;
    }
    return 0;
}

static bool
net_has(const struct ip_net *n, struct slice addr)
{
    unsigned whole = n->prefix / 8, rest = n->prefix % 8;

    if (addr.len != n->len || memcmp(addr.p, n->addr, whole) != 0)
        return false;
    return rest == 0 || ((addr.p[whole] ^ n->addr[whole]) >> (8 - rest)) == 0;
}

static int
push_net(struct ip_set *s, const char *text, const char *net, struct err *err)
{
    if (s->n == IP_SET_MAX)
        return err_set(err, ERR_FULL, "\"%s\" is one network too many: at most %d are kept", text,
                       IP_SET_MAX);
    if (parse_net(net, &s->nets[s->n]) < 0)
        return err_set(err, ERR_USAGE,
                       "\"%s\" is no network: use 10.0.0.0/8, fd00::/8 or a name such as "
                       "private or loopback",
                       text);
    s->n++;
    return 0;
}

int
ip_set_add(struct ip_set *s, const char *text, struct err *err)
{
    bool is_name = false;

    if (strcmp(text, "public") == 0 || strcmp(text, "global_unicast") == 0) {
        s->has_public = true;
        return 0;
    }
    if (strcmp(text, "unicast") == 0) {
        s->has_unicast = true;
        return 0;
    }
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        if (strcmp(named[i].name, text) != 0)
            continue;
        is_name = true;
        int rc = push_net(s, text, named[i].net, err);
        if (rc < 0)
            return rc;
    }
    return is_name ? 0 : push_net(s, text, text, err);
}

static struct slice
unmapped(struct slice addr)
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    if (addr.len == 16 && memcmp(addr.p, prefix, sizeof(prefix)) == 0)
        return slice_from(addr, sizeof(prefix));
    return addr;
}

/* What no database of places knows. The documentation networks are left in: tests use them. */
bool
ip_is_public(struct slice addr)
{
    addr = unmapped(addr);
    const uint8_t *p = addr.p;
    if (addr.len == 4)
        return !(p[0] == 0 || p[0] == 10 || p[0] == 127 || p[0] >= 224 ||
                 (p[0] == 100 && (p[1] & 0xc0) == 64) || (p[0] == 169 && p[1] == 254) ||
                 (p[0] == 172 && (p[1] & 0xf0) == 16) || (p[0] == 192 && p[1] == 168) ||
                 (p[0] == 198 && (p[1] & 0xfe) == 18));
    return (p[0] & 0xe0) == 0x20; /* 2000::/3, all that is given out of IPv6 */
}

bool
ip_set_has(const struct ip_set *s, struct slice addr)
{
    addr = unmapped(addr);
    for (uint16_t i = 0; i < s->n; i++)
        if (net_has(&s->nets[i], addr))
            return true;
    if (s->has_public && ip_is_public(addr))
        return true;
    return s->has_unicast && !(addr.len == 4 ? addr.p[0] >= 224 : addr.p[0] == 0xff);
}
