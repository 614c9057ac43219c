/* SPDX-License-Identifier: Apache-2.0 */
/* The flow table: find or make, age, evict, report. */
#include "flow/flow.h"

#include <netinet/in.h>
#include <stdlib.h>

enum { BUCKETS_FIRST = 4096 };

struct flow_table {
    const struct flow_conf *conf;
    struct flow_ops ops;
    struct flow **buckets;
    size_t n_buckets; /* power of two */
    struct flow *oldest, *newest;
    struct flow *report_first, *report_last;
    struct flow *spare;
    uint64_t seed;
    struct flow_stats stats;
};

#define ROW(name_, type_, member, default_, help_, ...)                                            \
    {.name = name_, .type = type_, .offset = offsetof(struct flow_conf, member), .default_text = default_, .help = help_, \
     __VA_ARGS__}

const struct setting flow_settings[] = {
    ROW("enabled", SETTING_BOOL, enabled, "true", "Report flows as events of their own."),
    ROW("period", SETTING_DURATION, period_ns, "10s", "Time between reports of a flow that lives on; -1s: only the last one.",
        .min = -1000000000, .max = 86400000000000),
    ROW("timeout", SETTING_DURATION, timeout_ns, "30s", "A flow without packets for this long has ended.", .min = 1000000000,
        .max = 86400000000000),
    ROW("enable_delta_flow_reports", SETTING_BOOL, delta_reports, "false", "Report what came since the last report, not totals."),
    ROW("vlan_in_key", SETTING_BOOL, vlan_in_key, "false", "The same addresses in two VLANs are two flows."),
    ROW("max", SETTING_UINT, max, "1000000", "Greatest number of flows; the one unseen for longest makes room.", .min = 16,
        .max = 100000000),
    ROW("community_id_seed", SETTING_UINT, community_id_seed, "0", "Seed of network.community_id.", .min = 0, .max = 65535),
    {0},
};

struct flow_table *
flow_table_new(const struct flow_conf *conf, const struct flow_ops *ops, uint64_t seed)
{
    struct flow_table *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->conf = conf;
    t->ops = *ops;
    t->seed = seed;
    t->n_buckets = BUCKETS_FIRST;
    t->buckets = calloc(t->n_buckets, sizeof(*t->buckets));
    if (!t->buckets) {
        free(t);
        return NULL;
    }
    return t;
}

const struct flow_stats *
flow_stats(const struct flow_table *t)
{
    return &t->stats;
}

static uint32_t
key_hash(const struct flow_table *t, const struct flow_key *key)
{
    uint64_t words[sizeof(*key) / 8], h = t->seed;

    memcpy(words, key, sizeof(words));
    for (size_t i = 0; i < sizeof(words) / 8; i++) {
        h = (h ^ words[i]) * 0x9e3779b97f4a7c15ull;
        h ^= h >> 32;
    }
    return (uint32_t)h;
}

/* Identifier of ICMP messages that have one, else what tells one-way messages apart. */
static void
icmp_ports(const struct layers *l, struct flow_key *key)
{
    uint8_t type = (uint8_t)l->sport;
    bool is_4 = l->l4 == IPPROTO_ICMP;
    bool has_id = is_4 ? type == 0 || type == 8 || (type >= 13 && type <= 18) : type == 128 || type == 129;

    if (has_id && l->icmp.len >= 6) {
        key->a_port = (uint16_t)(l->icmp.p[4] << 8 | l->icmp.p[5]);
        key->b_port = (uint16_t)(!is_4 ? 128 : type == 0 || type == 8 ? 8 : (type - 1) | 1);
        return;
    }
    key->a_port = 0;
    key->b_port = (uint16_t)((uint16_t)type << 8 | (l->dport & 255));
    if (!is_4 && type >= 133 && type <= 136) /* solicitation and advertisement belong together */
        key->b_port = (uint16_t)(((type - 1u) / 2 * 2 + 1) << 8);
}

/* Fills a zeroed key; returns whether the source is its end a. */
static bool
make_key(const struct flow_table *t, const struct layers *l, struct flow_key *key)
{
    int order = memcmp(l->src, l->dst, 16);
    bool src_is_a = order < 0 || (order == 0 && l->sport <= l->dport);

    memcpy(key->a, src_is_a ? l->src : l->dst, 16);
    memcpy(key->b, src_is_a ? l->dst : l->src, 16);
    key->l4 = l->l4;
    key->ip_version = l->ip_version;
    key->vlan = t->conf->vlan_in_key && l->n_vlans ? l->vlan[0] : 0;
    if (l->l4 == IPPROTO_ICMP || l->l4 == IPPROTO_ICMPV6) {
        icmp_ports(l, key);
        return order <= 0;
    }
    key->a_port = src_is_a ? l->sport : l->dport;
    key->b_port = src_is_a ? l->dport : l->sport;
    return src_is_a;
}

static void
lru_unlink(struct flow_table *t, struct flow *f)
{
    *(f->prev ? &f->prev->next : &t->oldest) = f->next;
    *(f->next ? &f->next->prev : &t->newest) = f->prev;
}

static void
lru_push(struct flow_table *t, struct flow *f)
{
    f->next = NULL;
    f->prev = t->newest;
    *(t->newest ? &t->newest->next : &t->oldest) = f;
    t->newest = f;
}

static void
report_unlink(struct flow_table *t, struct flow *f)
{
    if (f->reported_ns == 0)
        return;
    *(f->report_prev ? &f->report_prev->report_next : &t->report_first) = f->report_next;
    *(f->report_next ? &f->report_next->report_prev : &t->report_last) = f->report_prev;
}

static void
report_push(struct flow_table *t, struct flow *f, uint64_t due_ns)
{
    f->reported_ns = due_ns;
    f->report_next = NULL;
    f->report_prev = t->report_last;
    *(t->report_last ? &t->report_last->report_next : &t->report_first) = f;
    t->report_last = f;
}

static void
grow(struct flow_table *t)
{
    size_t n = t->n_buckets * 2;
    struct flow **buckets = calloc(n, sizeof(*buckets));

    if (!buckets)
        return; /* longer chains, nothing worse */
    for (size_t i = 0; i < t->n_buckets; i++) {
        for (struct flow *f = t->buckets[i], *next; f; f = next) {
            next = f->hash_next;
            f->hash_next = buckets[f->hash & (n - 1)];
            buckets[f->hash & (n - 1)] = f;
        }
    }
    free(t->buckets);
    t->buckets = buckets;
    t->n_buckets = n;
}

void
flow_end(struct flow_table *t, struct flow *f, enum flow_end why, uint64_t now_ns)
{
    if (f->end == FLOW_END_NONE)
        f->end = (uint8_t)why;
    report_unlink(t, f);
    t->ops.report(t->ops.ctx, f, true, now_ns);
    struct flow **at = &t->buckets[f->hash & (t->n_buckets - 1)];
    while (*at != f)
        at = &(*at)->hash_next;
    *at = f->hash_next;
    lru_unlink(t, f);
    free(f->nat);
    t->stats.now--;
    f->next = t->spare;
    t->spare = f;
}

static struct flow *
flow_new(struct flow_table *t, const struct flow_key *key, uint32_t hash, const struct layers *l, const struct packet *p)
{
    if (t->stats.now >= t->conf->max) {
        t->stats.evicted++;
        flow_end(t, t->oldest, FLOW_END_EVICTED, p->time_ns);
    }
    if (t->stats.now > t->n_buckets)
        grow(t);
    struct flow *f = t->spare;
    if (f)
        t->spare = f->next;
    else
        f = malloc(sizeof(*f));
    if (!f)
        return NULL;
    *f = (struct flow){.key = *key, .hash = hash, .first_ns = p->time_ns, .last_ns = p->time_ns, .first_packet = p->number,
                       .has_mac = l->has_mac, .n_vlans = l->n_vlans};
    memcpy(f->smac, l->smac, 6);
    memcpy(f->dmac, l->dmac, 6);
    memcpy(f->vlan, l->vlan, sizeof(f->vlan));
    f->icmp_type = (uint8_t)l->sport;
    f->icmp_code = (uint8_t)l->dport;
    f->hash_next = t->buckets[hash & (t->n_buckets - 1)];
    t->buckets[hash & (t->n_buckets - 1)] = f;
    lru_push(t, f);
    if (t->conf->period_ns > 0)
        report_push(t, f, p->time_ns + (uint64_t)t->conf->period_ns);
    t->stats.made++;
    t->stats.now++;
    return f;
}

struct flow *
flow_get(struct flow_table *t, const struct layers *l, const struct packet *p, unsigned *ret_dir)
{
    struct flow_key key;

    memset(&key, 0, sizeof(key)); /* padding is part of what is compared */
    bool src_is_a = make_key(t, l, &key);
    uint32_t hash = key_hash(t, &key);
    struct flow *f = t->buckets[hash & (t->n_buckets - 1)];
    while (f && (f->hash != hash || memcmp(&f->key, &key, sizeof(key)) != 0))
        f = f->hash_next;
    if (!f) {
        f = flow_new(t, &key, hash, l, p);
        if (!f)
            return NULL;
        f->first_is_a = src_is_a;
    } else if (f != t->newest) {
        lru_unlink(t, f);
        lru_push(t, f);
    }
    *ret_dir = f->first_is_a != src_is_a;
    struct flow_side *s = &f->side[*ret_dir];
    s->packets += l->n_packets;
    s->bytes += l->wire_len;
    f->last_ns = p->time_ns > f->last_ns ? p->time_ns : f->last_ns;
    return f;
}

struct flow *
flow_find(const struct flow_table *t, const struct flow_key *key)
{
    uint32_t hash = key_hash(t, key);
    struct flow *f = t->buckets[hash & (t->n_buckets - 1)];

    while (f && (f->hash != hash || memcmp(&f->key, key, sizeof(*key)) != 0))
        f = f->hash_next;
    return f;
}

void
flow_time(struct flow_table *t, uint64_t now_ns)
{
    uint64_t timeout = (uint64_t)t->conf->timeout_ns;

    while (t->report_first && t->report_first->reported_ns <= now_ns) {
        struct flow *f = t->report_first;
        uint64_t due = f->reported_ns;
        report_unlink(t, f);
        if (f->last_ns + timeout > due)
            t->ops.report(t->ops.ctx, f, false, due);
        report_push(t, f, due + (uint64_t)t->conf->period_ns);
    }
    while (t->oldest && t->oldest->last_ns + timeout <= now_ns) {
        t->stats.expired++;
        flow_end(t, t->oldest, FLOW_END_TIMEOUT, t->oldest->last_ns + timeout);
    }
}

void
flow_finish(struct flow_table *t, uint64_t now_ns)
{
    while (t->oldest)
        flow_end(t, t->oldest, FLOW_END_FILE, now_ns);
}

void
flow_table_config(struct flow_table *t, const struct flow_conf *conf)
{
    t->conf = conf;
}

void
flow_table_free(struct flow_table *t)
{
    if (!t)
        return;
    flow_finish(t, 0);
    while (t->spare) {
        struct flow *next = t->spare->next;
        free(t->spare);
        t->spare = next;
    }
    free(t->buckets);
    free(t);
}

void
flow_address(const struct flow *f, unsigned of, const uint8_t **ret_addr, uint16_t *ret_port)
{
    bool is_a = (of == 0) == f->first_is_a;

    *ret_addr = is_a ? f->key.a : f->key.b;
    *ret_port = is_a ? f->key.a_port : f->key.b_port;
}
