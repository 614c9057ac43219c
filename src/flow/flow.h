/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow: who talks to whom. One table per worker: a bounded hash of flows in both directions, the
 * oldest at the head of a list, so that time-outs and eviction cost nothing. What a flow carries
 * above (streams, conversations) hangs on it as one opaque pointer.
 */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include "base/slice.h"
#include "config/setting.h"
#include "decode/decode.h"

extern const struct setting flow_settings[]; /* section "flows" */
struct flow_conf {
    bool enabled;
    int64_t period_ns;   /* intermediate reports; negative: only the last */
    int64_t timeout_ns;
    bool delta_reports;
    bool vlan_in_key;
    uint64_t max;        /* flows */
    uint64_t community_id_seed;
};

enum flow_end { FLOW_END_NONE, FLOW_END_FIN, FLOW_END_RST, FLOW_END_TIMEOUT, FLOW_END_EVICTED, FLOW_END_FILE };

struct flow_key {
    uint8_t a[16], b[16]; /* the smaller end first */
    uint16_t a_port, b_port;
    uint16_t vlan;        /* when it is part of the key */
    uint8_t l4, ip_version;
};

/* One direction: 0 is that of the first packet. */
struct flow_side {
    uint64_t packets, bytes; /* frames on the wire */
    uint8_t tcp_flags;
};

/* What one end is called on the other side of a translation. */
struct flow_nat {
    uint8_t addr[16];
    uint16_t port;
    bool is_first_source; /* of the source of the first packet, else of its destination */
};

struct flow {
    struct flow_key key;
    struct flow *hash_next;
    struct flow *next, *prev;        /* least recently seen first */
    struct flow *report_next, *report_prev; /* next report due first */
    struct flow_side side[2];
    uint64_t first_ns, last_ns, first_packet;
    uint64_t reported_ns;            /* next report due */
    void *above;                     /* stream and conversation */
    struct flow_nat *nat;            /* address of an end before or behind translation; NULL: none. Owned */
    uint32_t ifindex[2], bound_ms[2]; /* interface that shows a direction, and when it did last */
    uint32_t hash;
    uint16_t icmp_id;
    uint16_t vlan[DECODE_MAX_VLANS];
    uint8_t n_vlans;
    uint8_t smac[6], dmac[6];
    bool has_mac;
    bool first_is_a;                 /* direction 0 goes from a to b */
    bool is_swapped;                 /* the server spoke first: source is direction 1 */
    uint8_t end;                     /* enum flow_end */
    uint8_t skip;                    /* not 0: nothing of it is shown, see worker/copies.h */
    uint8_t icmp_type, icmp_code;    /* of the first packet, for the community id */
};

struct flow_table;

struct flow_ops {
    /* A flow ends, or (is_final false) a report of it is due. */
    void (*report)(void *ctx, struct flow *f, bool is_final, uint64_t now_ns);
    void *ctx;
};

struct flow_table *flow_table_new(const struct flow_conf *conf, const struct flow_ops *ops, uint64_t seed);
/* Other settings from now on (borrowed). */
void flow_table_config(struct flow_table *t, const struct flow_conf *conf);
/* Ends all flows as FLOW_END_FILE first. */
void flow_table_free(struct flow_table *t);

/* The flow of a packet, made when there is none. *ret_dir: 0 or 1. */
struct flow *flow_get(struct flow_table *t, const struct layers *l, const struct packet *p, unsigned *ret_dir);

/* The flow of a key; NULL: none. Does not make it newer. */
struct flow *flow_find(const struct flow_table *t, const struct flow_key *key);

/* Ends this flow now (port reuse). */
void flow_end(struct flow_table *t, struct flow *f, enum flow_end why, uint64_t now_ns);

/* Time-outs and reports that are due. */
void flow_time(struct flow_table *t, uint64_t now_ns);

/* Ends all flows, oldest first. */
void flow_finish(struct flow_table *t, uint64_t now_ns);

struct flow_stats {
    uint64_t made, evicted, expired, now;
};
const struct flow_stats *flow_stats(const struct flow_table *t);

/* Address and port of an end as the first packet had them: of = 0 its source. */
void flow_address(const struct flow *f, unsigned of, const uint8_t **ret_addr, uint16_t *ret_port);

/* Community ID v1 (github.com/corelight/community-id-spec) of what a packet says: "1:" and base64 of SHA-1, with a
 * final zero; false: no id (no IP). */
bool community_id_of(const struct layers *l, uint16_t seed, char ret[48]);

#endif
