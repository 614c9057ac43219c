/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fragments: IP datagrams put together (RFC 791 3.2, RFC 8200 4.5, RFC 5722). A bounded table; the
 * bytes seen first win; IPv6 datagrams with overlapping fragments are given up.
 */
#ifndef DECODE_FRAGMENTS_H
#define DECODE_FRAGMENTS_H

#include "decode/decode.h"

struct fragments;

struct fragments *fragments_new(const struct decoder_limits *limits, struct decode_stats *stats);
void fragments_free(struct fragments *f);

struct fragment {
    uint8_t src[16], dst[16];
    uint32_t id;
    uint8_t l4, ip_version;
    uint32_t offset;      /* in the datagram's payload */
    bool has_more;
    struct slice bytes;
    uint32_t wire_len;
    uint64_t time_ns;
};

/* Takes one fragment. true: the datagram is whole; *ret is its payload, valid until the next call. */
bool fragments_add(struct fragments *f, const struct fragment *in, struct slice *ret, uint32_t *ret_wire_len,
                   uint16_t *ret_n_packets);

#endif
