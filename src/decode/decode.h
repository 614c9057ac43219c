/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode: from the bytes of a packet to addresses, ports and payload. One decoder per worker: it
 * owns the fragment tables (bounded) and the counters of refusals. A tunnel or shim is one file
 * with one function, entered in the table of decode.c.
 */
#ifndef DECODE_DECODE_H
#define DECODE_DECODE_H

#include "base/slice.h"
#include "capture/capture.h"

enum decode_result {
    DECODE_OK,          /* layers are complete down to the transport's payload */
    DECODE_NOT_IP,      /* ARP, LLDP and the like: counted */
    DECODE_FRAGMENT,    /* kept until the datagram is whole */
    DECODE_SHORT,       /* a header is cut off by snaplen or end of frame */
    DECODE_MALFORMED,   /* lengths contradict each other */
    DECODE_CHECKSUM,    /* files only, when checks are on */
    DECODE_UNKNOWN_LINK,
    DECODE_N_RESULTS
};

enum { DECODE_MAX_VLANS = 4 };

struct tcp_info {
    uint32_t seq, ack;
    uint16_t window;
    uint8_t flags;      /* FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32 */
    uint8_t wscale;     /* SYN: shift + 1; 0: no option */
    uint16_t mss;       /* SYN; 0: no option */
    bool has_sack;
};

struct layers {
    uint8_t ip_version;   /* 4 or 6 */
    uint8_t l4;           /* IPPROTO_*: TCP, UDP, ICMP, ICMPV6, SCTP or any other */
    uint8_t src[16], dst[16]; /* version 4: first 4 bytes, rest zero */
    uint16_t sport, dport;    /* ICMP: type and code; others without ports: 0 */
    struct slice payload;     /* of the transport: never longer than the headers say; ICMP: behind the
                                 first 8 bytes... see icmp */
    uint32_t cut;             /* payload bytes snapped off behind it */
    uint32_t wire_len;        /* frame bytes on the wire (of the last fragment's frame; fragments add up) */
    uint16_t n_packets;       /* 1, or the number of fragments put together */
    uint8_t ttl;
    uint8_t n_vlans;
    uint16_t vlan[DECODE_MAX_VLANS]; /* identifiers, outer first */
    uint8_t smac[6], dmac[6];
    bool has_mac;
    struct tcp_info tcp;      /* l4 == TCP */
    struct slice icmp;        /* l4 == ICMP(V6): the whole message from its type byte on */
    struct slice quoted;      /* ICMP error: the quoted packet (IP header on), else empty */
};

struct decoder;

struct decoder_limits {
    uint32_t max_datagrams;     /* fragment tables: 0 = 1,024 */
    uint32_t max_bytes;         /* 0 = 4 MiB */
    uint64_t fragment_timeout_ns; /* 0 = 30 s */
    bool verify_checksums;      /* of packets that are not PACKET_LIVE */
};

struct decoder *decoder_new(const struct decoder_limits *limits);
void decoder_free(struct decoder *d);

/* Never reads outside the packet. The payload points into the packet, or into the decoder's own
 * memory for a datagram put together (valid until the next call). */
enum decode_result decode_packet(struct decoder *d, const struct packet *p, struct layers *ret);

/* Headers of a packet quoted by an ICMP error: addresses, transport and ports only. */
bool decode_quoted(struct slice quoted, struct layers *ret);

/* Counters: packets by result, and what the fragment tables gave up. */
struct decode_stats {
    uint64_t by_result[DECODE_N_RESULTS];
    uint64_t fragments_expired, fragments_evicted, fragments_overlap;
};
const struct decode_stats *decoder_stats(const struct decoder *d);
const char *decode_result_name(enum decode_result r);

#endif
