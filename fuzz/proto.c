/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target, once for each word of protocols.list (FUZZ_PROTO): a conversation fed piece by piece. Only this protocol
 * is on. Input: 1 byte (1: datagrams), then pieces: side and kind (1 byte: 1 the server's, 2 lost, 4 end), length (2), bytes.
 */
#include <netinet/in.h>
#include <stdio.h>

#include "fuzz/worker_feed.h"
#include "proto/core.h"

static void
emit(void *ctx, const struct record_head *head, const struct cells *a, const struct cells *b)
{
    struct batch_writer writer;
    uint32_t cap = 0, want = a->len + (b ? b->len : 0) + 8192;
    void *mem = feed_place(NULL, want, &cap);

    if (!mem)
        return;
    batch_begin(&writer, mem, cap, schema_generation(ctx));
    if (batch_add(&writer, head, a, b))
        feed_publish(ctx, batch_end(&writer));
}

static const struct config *
only_this(void)
{
    static char off[FEED_SECTIONS][64];
    static const char *overrides[FEED_SECTIONS];
    size_t n = 0;

    for (uint32_t i = 1; core_parser_name(i) && n + 4 < FEED_SECTIONS; i++) {
        if (strcmp(core_parser_name(i), FUZZ_PROTO) == 0)
            continue;
        (void)snprintf(off[n], sizeof(off[n]), "%s.enabled=false", core_parser_name(i));
        overrides[n] = off[n];
        n++;
    }
    overrides[n++] = FUZZ_PROTO ".send_request=true";
    overrides[n++] = FUZZ_PROTO ".send_response=true";
    return feed_config(overrides, n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct config *config;
    static struct schema *schema;

    if (!config) {
        config = only_this();
        schema = schema_builtin();
    }
    if (len < 1)
        return 0;
    bool is_datagram = data[0] & 1, is_icmp = strcmp(FUZZ_PROTO, "icmp") == 0;
    struct core_options options = {.config = config, .schema = schema, .is_replay = true, .emit = emit, .ctx = schema};
    struct core *core = core_new(&options);
    struct ends ends = {.ip_version = data[0] & 2 ? 6 : 4, .l4 = is_icmp ? (data[0] & 2 ? IPPROTO_ICMPV6 : IPPROTO_ICMP) : is_datagram ? IPPROTO_UDP : IPPROTO_TCP,
                        .addr = {{192, 0, 2, 10}, {192, 0, 2, 80}}, .port = {40000, 53}};
    struct conv *cv = conv_open(core, &ends, is_datagram || is_icmp);
    uint64_t now = 1700000000000000000u, number = 1;

    core_time(core, now, number);
    core_seen(core, now, number);
    for (size_t at = 1; at + 3 <= len && conv_wants(cv);) {
        uint8_t kind = data[at];
        size_t n = (size_t)data[at + 1] << 8 | data[at + 2];
        at += 3;
        enum side from = kind & 1 ? SIDE_SERVER : SIDE_CLIENT;
        now += 1000000ull << (kind >> 4);
        core_time(core, now, ++number);
        core_seen(core, now, number);
        if (kind & 2) {
            if (!is_datagram && !is_icmp)
                conv_lost(cv, from, n + 1);
            continue;
        }
        if (kind & 4) {
            conv_end(cv, from, kind & 8 ? END_RST : END_FIN);
            continue;
        }
        n = n < len - at ? n : len - at;
        uint8_t *own = malloc(n ? n : 1);
        if (own && n > 0) {
            memcpy(own, data + at, n);
            conv_set_icmp(cv, own[0], n > 1 ? own[1] : 0);
            conv_bytes(cv, from, slice_of(own, n), kind & 8 ? 5 : 0);
        }
        free(own);
        at += n;
    }
    conv_close(cv, END_FILE);
    core_free(core);
    return 0;
}
