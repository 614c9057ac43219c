/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: TCP segments of one connection in any order, overlapping, with holes and wraps, through a worker.
 * Input: 8 bytes a segment (direction and flags, sequence number from the first, acknowledgement, length), then its
 * bytes, which begin as HTTP does so that a parser is behind the stream.
 */
#include "fuzz/worker_feed.h"

enum { HEAD = 54, MAX_SEGMENT = 600 };

static void
be32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24), p[1] = (uint8_t)(v >> 16), p[2] = (uint8_t)(v >> 8), p[3] = (uint8_t)v;
}

static void
segment(uint8_t *f, bool from_server, uint8_t flags, uint32_t seq, uint32_t ack, size_t len)
{
    static const uint8_t ends[2][4] = {{192, 0, 2, 10}, {192, 0, 2, 80}};
    size_t total = 40 + len;

    memset(f, 0, HEAD);
    f[12] = 8;
    f[14] = 0x45;
    f[16] = (uint8_t)(total >> 8), f[17] = (uint8_t)total;
    f[22] = 64, f[23] = 6;
    memcpy(f + 26, ends[from_server], 4);
    memcpy(f + 30, ends[!from_server], 4);
    f[34] = from_server ? 0 : 0x9c, f[35] = from_server ? 80 : 0x40;
    f[36] = from_server ? 0x9c : 0, f[37] = from_server ? 0x40 : 80;
    be32(f + 38, seq);
    be32(f + 42, ack);
    f[46] = 0x50;
    f[47] = flags;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct config *config;
    static struct schema *schema;
    uint64_t time_ns = 1700000000000000000u, number = 0;
    uint8_t frame[HEAD + MAX_SEGMENT];

    if (!config) {
        config = feed_config(NULL, 0);
        schema = schema_builtin();
    }
    struct worker *w = feed_worker(config, schema);
    for (size_t at = 0; at + 8 <= len;) {
        const uint8_t *p = data + at;
        bool from_server = p[0] & 0x80;
        uint32_t base = from_server ? 0xfffffe00u : 0xffffff00u; /* wraps soon */
        size_t n = ((size_t)p[6] << 8 | p[7]) % MAX_SEGMENT;
        at += 8;
        n = n < len - at ? n : len - at;
        segment(frame, from_server, p[0] & 0x3f, base + (uint32_t)(p[1] << 8 | p[2]), base + (uint32_t)(p[3] << 8 | p[4]), n);
        memcpy(frame + HEAD, data + at, n);
        at += n;
        time_ns += p[5] * 1000000ull;
        struct packet_batch batch = {.n = 1, .p = {{.data = frame, .caplen = (uint32_t)(HEAD + n), .len = (uint32_t)(HEAD + n), .time_ns = time_ns,
                                                    .number = ++number, .ifindex = 1, .link = LINK_ETHERNET}}};
        worker_turn(w, &batch);
    }
    worker_finish(w);
    worker_free(w);
    return 0;
}
