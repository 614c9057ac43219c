/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract between the core and one protocol. A protocol is a folder that exports one
 * symbol, `const struct proto proto_<name>`. Its functions run on the worker that owns the
 * flow: no locks, no I/O, no malloc, no clock. docs/internals/add-a-protocol.md walks through it.
 */
#ifndef PROTO_PROTO_H
#define PROTO_PROTO_H

#include "base/slice.h"
#include "config/setting.h"
#include "schema/common.h"

struct conv; /* one flow as this protocol sees it; owned by the core */
struct tx;   /* one transaction being filled in; owned by its conv */

enum side { SIDE_CLIENT, SIDE_SERVER };
enum verdict { VERDICT_NO, VERDICT_MAYBE, VERDICT_YES, VERDICT_YES_REVERSED };
enum stream_end { END_FIN, END_RST, END_TIMEOUT, END_EVICTED, END_FILE };
enum tx_end { TX_DONE, TX_ERROR, TX_UNANSWERED, TX_BROKEN };
enum encoding { ENC_PLAIN, ENC_GZIP, ENC_DEFLATE, ENC_BROTLI, ENC_ZSTD };
enum pairing { PAIR_FLOW, PAIR_LOCAL }; /* LOCAL: answers may come from other addresses (mDNS) */

/* What the parser made of its bytes; build it with step_took(), step_wait() and so on. */
struct step {
    enum { STEP_TOOK, STEP_WAIT, STEP_SKIP, STEP_BODY, STEP_SWITCH, STEP_STOP, STEP_BROKEN } kind;
    uint64_t n;       /* TOOK: done with; WAIT: needed in all, 0 = any more; SKIP, BODY: may run past the input;
                         SWITCH: done with on this side */
    const char *what; /* SWITCH: the next protocol for both sides, NULL: detect; BROKEN: static reason */
    bool again;       /* TOOK, SKIP, BODY: call data() once more when that is done, be it with no bytes */
};

/* A flow that fits one of a protocol's hints is offered to its probe(). */
struct hint {
    uint8_t l4;         /* IPPROTO_TCP, UDP, ICMP or ICMPV6; 0 ends the list */
    uint16_t port;      /* 0: any */
    struct slice magic; /* first bytes; empty: any */
};

/* Bytes of one side in order, or one datagram. */
struct input {
    struct slice bytes;
    size_t seen; /* of them were there at the last call: no need to scan them again */
    size_t cut;  /* datagram: bytes snapped off behind them */
};

struct proto {
    const char *name;               /* "dns": folder, dataset and config section */
    const char *summary;            /* one sentence for docs and page */
    const char *types;              /* event.type, comma separated: "connection,protocol" */
    const struct hint *hints;       /* ends with {0} */
    const struct field *fields;     /* n_fields rows, numbered from FIELD_LOCAL */
    uint16_t n_fields;
    const struct setting *settings; /* ends with {0}; NULL: none besides the common ones */
    size_t settings_size;           /* of its settings struct; begins with struct proto_settings */
    size_t conv_size, tx_size;      /* private memory: zeroed, counted, freed by the core */
    uint32_t max_tx;                /* open per flow; then the oldest ends as TX_UNANSWERED */
    uint32_t max_wait;              /* bytes; waiting for more is broken */
    enum pairing pair;
    uint32_t timeout_ms;            /* default of transaction_timeout; 0: 10 s */

    enum verdict (*probe)(struct slice first, enum side from); /* pure */
    struct step (*data)(struct conv *cv, enum side from, struct input in);
    struct step (*gap)(struct conv *cv, enum side from, uint64_t lost); /* NULL: stop there */
    void (*end)(struct conv *cv, enum side from, enum stream_end why);  /* NULL: nothing to do */
    void (*body)(struct tx *tx, enum side from, struct slice decoded);  /* NULL: not wanted; bounded, once */
    /* A transaction ends without the protocol's doing (time-out, eviction, pressure, end of the
     * stream): last chance to put fields. NULL: nothing to do. */
    void (*unanswered)(struct tx *tx, enum tx_end how);
};

/* The settings that every protocol has (design: Packetbeat's common options). First member of each
 * protocol's settings struct; its rows are PROTO_SETTINGS_COMMON, added by the core. */
struct proto_settings {
    bool enabled;
    bool send_request, send_response;
    struct port_list ports;          /* hints under detect: content, a limit under detect: ports */
    uint64_t transaction_timeout_ns; /* 0: the protocol's default */
};

/* All that a protocol may call, besides base/. */
void *conv_state(struct conv *cv);
const void *conv_settings(const struct conv *cv);
bool conv_is_datagram(const struct conv *cv);
uint16_t conv_port(const struct conv *cv, enum side of);
/* 4 or 16 bytes */
struct slice conv_addr(const struct conv *cv, enum side of);
/* ICMP: type and code of the message in hand; false when the datagram is not ICMP. */
bool conv_icmp(const struct conv *cv, uint8_t *ret_type, uint8_t *ret_code);
void conv_note(struct conv *cv, const char *anomaly); /* counted and reported, never fatal; static text */
void conv_expect(struct conv *cv, enum side opener, uint16_t port, const char *proto);

struct tx *tx_open(struct conv *cv, uint64_t key); /* never NULL; an open key is returned, counted */
struct tx *tx_find(struct conv *cv, uint64_t key); /* NULL: none open */
struct tx *tx_oldest(struct conv *cv);             /* NULL: none open */
void *tx_state(struct tx *tx);
struct conv *tx_conv(struct tx *tx);
bool tx_has(const struct tx *tx, enum side from);  /* were bytes of this side seen? */
uint64_t tx_bytes(const struct tx *tx, enum side from); /* of this side so far, lost ones in bodies too */
void tx_part(struct tx *tx, enum side from); /* from this input on, that side's bytes are tx's */
void conv_part_none(struct conv *cv, enum side from); /* from this input on, that side's bytes are nobody's */
/* The side that the flow calls server asked: source and destination of tx are exchanged. Right after tx_open(). */
void tx_reverse(struct tx *tx);

/*
 * Fields: local numbers (<name>.def) or common ones. Put again: a list. Texts are copied and cut at
 * the worker's bound (counted, marked). Values above the record's bound are dropped and counted.
 */
void tx_put_uint(struct tx *tx, int field, uint64_t value);
void tx_put_int(struct tx *tx, int field, int64_t value);
void tx_put_float(struct tx *tx, int field, double value);
void tx_put_bool(struct tx *tx, int field, bool value);
void tx_put_time(struct tx *tx, int field, uint64_t ns);
void tx_put_ip(struct tx *tx, int field, struct slice addr); /* 4 or 16 bytes, else ignored */
void tx_put_text(struct tx *tx, int field, struct slice value);
void tx_put_bytes(struct tx *tx, int field, struct slice value);
void tx_put_key(struct tx *tx, int field, struct slice key, struct slice value); /* a map: headers */
void tx_put_key_uint(struct tx *tx, int field, struct slice key, uint64_t value);
/* Text that needs building: room for `len` bytes, to be filled before the next call; NULL: no room. */
uint8_t *tx_put_room(struct tx *tx, int field, size_t len);
void tx_item(struct tx *tx, int group); /* the puts that follow fill the next object of this list */

/* A note of this transaction: goes to error.message. Static text. Does not change the status. */
void tx_note(struct tx *tx, const char *note);
/* Something of the transaction was not seen: event.partial. */
void tx_partial(struct tx *tx);

/* Before STEP_BODY: which field gets the body, how it is encoded, at most how many bytes of it. */
void tx_body(struct tx *tx, enum side from, int field, enum encoding how, size_t max);
void tx_close(struct tx *tx, enum tx_end how); /* emits the event; tx is gone */
/* Ends tx without an event (for things that turn out to be no transaction); counted. */
void tx_drop(struct tx *tx);
/* The status text when "OK"/"Error" by `how` is not it. Static text. */
void tx_status(struct tx *tx, const char *status);

static inline struct step
step_took(uint64_t n)
{
    return (struct step){.kind = STEP_TOOK, .n = n};
}

/* The same for what is the last of a message: data() is called again at once, perhaps with empty
 * input, when the bytes have been counted: then the transaction can be closed. */
static inline struct step
step_again(struct step s)
{
    s.again = true;
    return s;
}

static inline struct step
step_wait(uint64_t n)
{
    return (struct step){.kind = STEP_WAIT, .n = n};
}

static inline struct step
step_skip(uint64_t n)
{
    return (struct step){.kind = STEP_SKIP, .n = n};
}

static inline struct step
step_body(uint64_t n)
{
    return (struct step){.kind = STEP_BODY, .n = n};
}

static inline struct step
step_switch(uint64_t n, const char *proto)
{
    return (struct step){.kind = STEP_SWITCH, .n = n, .what = proto};
}

static inline struct step
step_stop(void)
{
    return (struct step){.kind = STEP_STOP};
}

static inline struct step
step_broken(const char *why)
{
    return (struct step){.kind = STEP_BROKEN, .what = why};
}

#endif
