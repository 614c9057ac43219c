/* SPDX-License-Identifier: Apache-2.0 */
/* The modes of the protocol harness: how the packets of a capture are changed before they are replayed. */
#ifndef HARNESS_MODES_H
#define HARNESS_MODES_H

#include "capture/capture.h"
#include "decode/decode.h"

/* One packet of the capture with what decoding makes of it. */
struct frame {
    struct packet packet; /* its data is owned */
    bool is_decoded;
    struct layers layers; /* payload points into the data */
};

struct capture {
    struct frame *frames;
    size_t n;
    size_t payload;  /* bytes of TCP payload */
    size_t longest;  /* TCP segment */
};

/* What is replayed: packets whose data lies in the capture or in `bytes`. */
struct packets {
    struct packet *p;
    size_t n, cap;
    uint8_t **bytes;
    size_t n_bytes, cap_bytes;
};

struct mode {
    const char *name;
    bool is_exact; /* events must equal those of the whole capture; else none may be invented */
    /* How many seeds there are for this capture; `is_long`: more of them. */
    uint64_t (*seeds)(const struct capture *c, bool is_long);
    void (*make)(const struct capture *c, uint64_t seed, struct packets *out);
};

extern const struct mode modes[]; /* ends with {0}; the first is the whole capture */

void packets_free(struct packets *p);

#endif
