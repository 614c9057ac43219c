/* SPDX-License-Identifier: Apache-2.0 */
/* Prints one JSON line a packet of a capture file: what decoding and the community id make of it. */
#include <arpa/inet.h>
#include <stdio.h>

#include "capture/capture.h"
#include "decode/decode.h"
#include "flow/flow.h"

static void
print_packet(const struct layers *l)
{
    char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN], id[48] = "";
    int family = l->ip_version == 4 ? AF_INET : AF_INET6;

    (void)community_id_of(l, 0, id);
    (void)printf("{\"src\":\"%s\",\"dst\":\"%s\",\"proto\":%u,\"sport\":%u,\"dport\":%u,\"payload_len\":%zu,\"community_id\":\"%s\"}\n",
                 inet_ntop(family, l->src, src, sizeof(src)), inet_ntop(family, l->dst, dst, sizeof(dst)), l->l4, l->sport,
                 l->dport, l->payload.len, id);
}

int
main(int argc, char **argv)
{
    struct source *s = NULL;
    struct packet_batch packets;
    struct err err = {0};
    struct decoder *d = decoder_new(NULL);

    if (argc != 2 || !d || pcapfile_open(argv[1], &s, &err) < 0) {
        (void)fprintf(stderr, "%s\n", argc == 2 ? err.text : "usage: conformance-probe FILE");
        return 2;
    }
    while (s->ops->next(s, 0, &packets, &err) == 0) {
        for (unsigned i = 0; i < packets.n; i++) {
            struct layers l;
            if (decode_packet(d, &packets.p[i], &l) == DECODE_OK)
                print_packet(&l);
            else
                (void)printf("{\"community_id\":\"\"}\n");
        }
    }
    source_close(s);
    decoder_free(d);
    return 0;
}
