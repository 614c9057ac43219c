/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: packets of any link type through a whole worker: decode, fragments, flows, streams, all protocols.
 * Input: link type (1 byte), then packets: length (2 bytes, big endian), milliseconds since the last (1), bytes.
 */
#include "fuzz/worker_feed.h"

static const uint16_t links[] = {LINK_ETHERNET, LINK_RAW, LINK_NULL, LINK_LOOP, LINK_SLL, LINK_SLL2, LINK_IPV4, LINK_IPV6, 999};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const overrides[] = {"http.send_all_headers=true", "http.include_body_for=[text, json]", "http.send_request=true",
                                            "http.send_response=true", "dns.include_authorities=true", "dns.include_additionals=true",
                                            "dns.send_request=true", "dns.send_response=true"};
    static const struct config *config;
    static struct schema *schema;
    uint64_t time_ns = 1700000000000000000u, number = 0;

    if (!config) {
        config = feed_config(overrides, sizeof(overrides) / sizeof(overrides[0]));
        schema = schema_builtin();
    }
    if (len < 1)
        return 0;
    struct worker *w = feed_worker(config, schema);
    uint16_t link = links[data[0] % (sizeof(links) / sizeof(links[0]))];
    for (size_t at = 1; at + 3 <= len;) {
        size_t n = (size_t)data[at] << 8 | data[at + 1];
        time_ns += data[at + 2] * 1000000ull;
        at += 3;
        n = n < len - at ? n : len - at;
        uint8_t *own = malloc(n ? n : 1); /* its end is the end of its memory */
        if (!own)
            break;
        memcpy(own, data + at, n);
        struct packet_batch batch = {.n = 1, .p = {{.data = own, .caplen = (uint32_t)n, .len = (uint32_t)n, .time_ns = time_ns, .number = ++number,
                                                    .ifindex = 1, .link = link}}};
        worker_turn(w, &batch);
        free(own);
        at += n;
    }
    worker_finish(w);
    worker_free(w);
    return 0;
}
