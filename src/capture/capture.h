/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture: where packets come from. A source hands out batches of packets that lie in its own
 * memory (a ring block, a read buffer) and are valid until source_release().
 */
#ifndef CAPTURE_CAPTURE_H
#define CAPTURE_CAPTURE_H

#include "base/err.h"
#include "base/slice.h"

enum { CAPTURE_BATCH = 64 };

/* Link types: the DLT/LINKTYPE numbers of pcap files. */
enum link_type {
    LINK_NULL = 0,
    LINK_ETHERNET = 1,
    LINK_RAW = 101, /* also 12 and 14 in old files */
    LINK_LOOP = 108,
    LINK_SLL = 113,
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_SLL2 = 276
};

enum packet_flags {
    PACKET_VLAN = 1,     /* vlan_tci/vlan_tpid hold the outer tag, taken off by the kernel */
    PACKET_SENT = 2,     /* live: sent by this host on this interface */
    PACKET_LIVE = 4      /* checksums are not to be trusted */
};

struct packet {
    const uint8_t *data;
    uint32_t caplen;   /* bytes at data */
    uint32_t len;      /* bytes on the wire */
    uint64_t time_ns;  /* since 1970 UTC */
    uint64_t number;   /* 1.. in this source, in order */
    uint32_t ifindex;  /* live: kernel index; pcapng: interface number + 1; pcap: 1 */
    uint16_t link;     /* enum link_type */
    uint16_t vlan_tci, vlan_tpid;
    uint16_t flags;    /* enum packet_flags */
};

struct packet_batch {
    struct packet p[CAPTURE_BATCH];
    unsigned n;
    bool is_last_of_block; /* live: the block is used up after this batch */
    uint64_t position;     /* live: of p[0]: sequence of its block << 16 | its place there + 1; 0: files */
};

struct source_stats {
    uint64_t packets, bytes;
    uint64_t drops;     /* lost by the kernel before we saw them */
    uint64_t truncated; /* shorter than on the wire */
    uint64_t malformed; /* records of a file that make no sense */
};

struct source; /* begins with its ops */

struct source_ops {
    const char *name;
    /*
     * The next packets, at most CAPTURE_BATCH. Returns 0 and n >= 1; 0 and n == 0 when `timeout_ms` passed
     * (live only); ERR_END at the end; another ERR_* with a sentence when the rest cannot be read.
     */
    int (*next)(struct source *s, int timeout_ms, struct packet_batch *ret, struct err *err);
    void (*release)(struct source *s); /* the packets of the last batch are done with */
    void (*stats)(struct source *s, struct source_stats *ret);
    void (*close)(struct source *s); /* NULL is legal through source_close() */
    /* Progress of a file: bytes done and bytes in all (0: unknown, a pipe). NULL: live. */
    void (*progress)(struct source *s, uint64_t *ret_done, uint64_t *ret_all);
};

struct source {
    const struct source_ops *ops;
};

void source_close(struct source *s);

/* "-" is standard input. Reads pcap and pcapng, us and ns, both byte orders. */
int pcapfile_open(const char *path, struct source **ret, struct err *err);
/* A descriptor that is already open (taken); `name` for messages. */
int pcapfile_open_fd(int fd, const char *name, struct source **ret, struct err *err);

/* Name of an interface of this source; "" when unknown. Borrowed until close. */
const char *source_interface(struct source *s, uint32_t ifindex);

#endif
