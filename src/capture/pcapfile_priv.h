/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of capture: what the readers of pcap and pcapng share, a window on a descriptor. */
#ifndef CAPTURE_PCAPFILE_PRIV_H
#define CAPTURE_PCAPFILE_PRIV_H

#include "capture/capture.h"

enum {
    WINDOW_BYTES = 256 << 10,      /* about a second-level cache */
    WINDOW_MAX = 17 << 20,         /* a record is at most 16 MiB */
    PCAPNG_MAX_INTERFACES = 256
};

struct interface {
    uint16_t link;
    uint64_t units_per_second; /* of time stamps, pcapng */
    uint64_t offset_s;
    char name[32];
};

struct pcapfile {
    struct source source;
    char name[256];
    int fd;
    uint8_t *buf;
    size_t at, len, cap;
    uint64_t done, all; /* bytes of the file; all 0: a pipe */
    bool is_swapped, is_nano, is_ng, is_end;
    uint64_t number;
    struct interface interfaces[PCAPNG_MAX_INTERFACES];
    uint32_t n_interfaces;
    struct source_stats stats;
};

static inline uint32_t
window_u32(const struct pcapfile *f, const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return f->is_swapped ? __builtin_bswap32(v) : v;
}

static inline uint16_t
window_u16(const struct pcapfile *f, const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, 2);
    return f->is_swapped ? __builtin_bswap16(v) : v;
}

/* Bytes from the window's place on; reads more when `is_free` says that nobody holds packets in it. */
bool window_has(struct pcapfile *f, size_t need, bool is_free);

/* pcapng: blocks up to the next packets; same contract as source_ops.next. */
int pcapng_next(struct pcapfile *f, struct packet_batch *ret, struct err *err);
int pcapfile_cut(struct pcapfile *f, struct err *err); /* the sentence for a file that ends too early */

#endif
