/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core: what stands under all protocols: conversations, transactions, detection. One core per
 * worker. The stream gives it ordered bytes; it gives finished records to the worker's batch.
 */
#ifndef PROTO_CORE_H
#define PROTO_CORE_H

#include "decode/decode.h"
#include "event/record.h"
#include "proto/proto.h"

enum { CORE_MAX_PROTOS = 32, CORE_MAX_HELD = 1 << 20 };

/* Who talks in a conversation; owned by the flow. */
struct ends {
    uint8_t addr[2][16]; /* by side: client, server */
    uint16_t port[2];
    uint8_t ip_version, l4;
    uint64_t first_packet; /* number of the flow's first packet */
    char community_id[48];
    /* What an end is called on the other side of a translation; has_nat by side. */
    uint8_t nat_addr[2][16];
    uint16_t nat_port[2];
    bool has_nat[2];
};

struct core;

struct core_options {
    const struct config *config;
    const struct schema *schema;
    bool is_replay;
    uint64_t file_id;
    /* For the successor of a crashed process; NULL: none. While a parser's code runs *parser is its number in the
     * registry + 1; parsers whose bit is set in *disabled are left out of detection. */
    uint32_t *parser;
    const uint32_t *disabled;
    /* A finished event. */
    void (*emit)(void *ctx, const struct record_head *head, const struct cells *a, const struct cells *b);
    void *ctx;
};

struct core *core_new(const struct core_options *options);
void core_free(struct core *c);
/* Other settings from now on; the old ones may be freed. */
void core_config(struct core *c, const struct config *config);

/* Packet time and number of what is in hand; ends transactions whose time is over. */
void core_time(struct core *c, uint64_t now_ns, uint64_t packet);
/* Until the next core_time() the bytes that are given were captured then, which may be before now: they waited for
 * others. Transactions begin and end by it. */
void core_seen(struct core *c, uint64_t seen_ns, uint64_t packet);

/* A conversation for a flow; freed by conv_close(). NULL: memory. */
struct conv *conv_open(struct core *c, const struct ends *ends, bool is_datagram);
/* Bytes of one side in order, or one datagram (`cut` bytes of it are missing). */
void conv_bytes(struct conv *cv, enum side from, struct slice bytes, size_t cut);
void conv_lost(struct conv *cv, enum side from, uint64_t lost);
void conv_end(struct conv *cv, enum side from, enum stream_end why);
void conv_close(struct conv *cv, enum stream_end why);
/* The message in hand is ICMP of this type and code. */
void conv_set_icmp(struct conv *cv, uint8_t type, uint8_t code);
/* The other address of an end of a translated connection; may come late. */
void conv_set_nat(struct conv *cv, enum side of, const uint8_t addr[16], uint16_t port);
/* false: the conversation is of no known protocol (any more) and needs no bytes. */
bool conv_wants(const struct conv *cv);
/* Did detection say that the sides are the other way round? Then the flow exchanges its ends. */
bool conv_is_reversed(const struct conv *cv);

/* Name of the parser with this number in the registry + 1; NULL: none. */
const char *core_parser_name(uint32_t parser);

/* Settings sections of all protocols and of detection; fills at most `max`. */
size_t core_sections(struct section *ret, size_t max);

struct core_stats {
    uint64_t events, unknown, broken, unanswered, dropped, repeated, gaps, notes, dropped_values;
};
const struct core_stats *core_stats(const struct core *c);

#endif
