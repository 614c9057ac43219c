/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the protocol core. */
#ifndef PROTO_CORE_PRIV_H
#define PROTO_CORE_PRIV_H

#include "base/buf.h"
#include "proto/core.h"

extern const struct proto *const proto_table[]; /* of protocols.list, ends with NULL */
extern const struct setting proto_settings_common[];

enum { CORE_SPARE = 256 };

enum detect { DETECT_CONTENT, DETECT_PORTS };
struct core_conf {
    int detect;
};

struct tx_list {
    struct tx *first, *last; /* oldest first */
};

struct part {
    uint64_t bytes, begin_ns, end_ns;
    bool is_seen;
};

struct tx {
    struct tx *next, *prev;           /* of the conversation, oldest first */
    struct tx *due_next, *due_prev;   /* of the protocol, oldest first */
    struct conv *conv;
    uint64_t key, opened_ns, first_packet;
    struct part part[2];              /* of the side that asked and the side that answered */
    struct cells cells;
    const char *notes[8];
    uint8_t n_notes;
    bool is_partial, is_reversed;     /* reversed: the flow's server asked */
    const char *status;
    int body_field[2];
    size_t body_max[2];
    enum encoding body_how[2];
    struct buf body[2];
    _Alignas(16) uint8_t state[];
};

struct side_state {
    struct buf held;        /* bytes that the parser waits to see more of */
    size_t seen;            /* of them */
    uint64_t skip;          /* bytes to throw away */
    bool skip_is_body;
    struct tx *tx;          /* whose bytes these are */
    uint64_t held_ns;       /* time of the first byte in `held`, 0: none */
    uint64_t held_packet;
    bool is_closed, call_again;
};

struct conv {
    struct core *core;
    struct ends ends;
    int proto;              /* index; -1: not yet known; -2: given up */
    bool is_datagram, is_reversed, is_pending_switch;
    uint8_t icmp_type, icmp_code;
    bool is_icmp;
    struct side_state side[2];
    struct tx_list open;
    uint32_t n_open;
    uint64_t held_since_packet; /* packet that brought the first byte of the message in hand; 0: this one */
    void *state;
};

struct core {
    struct core_options options;
    const struct core_conf *conf;
    int n_protos;
    const struct proto_settings *settings[CORE_MAX_PROTOS];
    uint16_t dataset[CORE_MAX_PROTOS], field_base[CORE_MAX_PROTOS];
    uint64_t name_hash[CORE_MAX_PROTOS]; /* of the dataset, for event.id: the same in every version */
    struct tx_list due[CORE_MAX_PROTOS];
    uint64_t timeout_ns[CORE_MAX_PROTOS];
    uint64_t now_ns, packet, last_first_packet;
    uint64_t seen_ns, seen_packet; /* of the bytes in hand */
    uint32_t ordinal;
    struct core_stats stats;
    struct tx *spare[CORE_MAX_PROTOS]; /* ended, to be used again */
    uint32_t n_spare[CORE_MAX_PROTOS];
    uint8_t common_mem[8192] __attribute__((aligned(8)));
};

/* Which parser's code runs: number in the registry + 1, 0: none. */
static inline void
core_note(const struct core *c, int parser)
{
    if (c->options.parser)
        __atomic_store_n(c->options.parser, (uint32_t)parser, __ATOMIC_RELAXED);
}

/* detect.c: index of the protocol, -1: wait for more bytes, -2: none. */
int detect(const struct core *c, const struct conv *cv, enum side from, struct slice first, bool *ret_reversed);

/* body.c: false when the bytes are not what their encoding says. A cut end is no error. */
bool body_decode(enum encoding how, struct slice in, struct buf *out);

/* tx.c */
static inline struct part *
tx_part_of(struct tx *tx, enum side from)
{
    return &tx->part[(unsigned)from ^ tx->is_reversed];
}

void core_free_spare(struct core *c);
void tx_finish(struct tx *tx, enum tx_end how, uint64_t done_ns);
void tx_expire(struct core *c, int proto);
void tx_attribute(struct conv *cv, enum side from, uint64_t n);
void tx_body_bytes(struct tx *tx, enum side from, struct slice bytes);

#endif
