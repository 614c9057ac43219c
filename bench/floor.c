/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor under every figure: reads a pcap file (microseconds, Ethernet, this machine's byte
 * order) with read(2) into a cache-sized buffer, walks the packets and hashes each 5-tuple. What a
 * program needs beyond this is the price of what it does.
 *
 * usage: floor FILE
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUF = 256 * 1024, FILE_HEAD = 24, PACKET_HEAD = 16 };

struct walk {
    uint8_t *buf;
    size_t at, len;
    int fd;
};

/* Makes `need` bytes available at buf + at; 0: not that many are left. */
static int
fill(struct walk *w, size_t need)
{
    if (w->len - w->at >= need)
        return 1;
    memmove(w->buf, w->buf + w->at, w->len - w->at);
    w->len -= w->at;
    w->at = 0;
    while (w->len < need) {
        ssize_t n = read(w->fd, w->buf + w->len, BUF - w->len);
        if (n <= 0)
            return 0;
        w->len += (size_t)n;
    }
    return 1;
}

/* Addresses, protocol and ports of an IPv4 packet in Ethernet, mixed; others count as 0. */
static uint64_t
tuple_hash(const uint8_t *p, uint32_t len)
{
    uint64_t addresses;
    uint32_t ports;

    if (len < 38 || p[12] != 8 || p[13] != 0)
        return 0;
    memcpy(&addresses, p + 26, 8);
    memcpy(&ports, p + 14 + (p[14] & 15) * 4, 4);
    uint64_t h = (addresses ^ ((uint64_t)ports << 32 | ports) ^ p[23]) * 0x9e3779b97f4a7c15ULL;
    return h ^ h >> 29;
}

int
main(int argc, char **argv)
{
    struct walk w = {.buf = malloc(BUF)};
    uint64_t n = 0, bytes = 0, mix = 0;

    if (argc != 2 || !w.buf || (w.fd = open(argv[1], O_RDONLY)) < 0 || !fill(&w, FILE_HEAD)) {
        (void)fprintf(stderr, "usage: floor FILE.pcap\n");
        return 2;
    }
    w.at += FILE_HEAD;
    while (fill(&w, PACKET_HEAD)) {
        uint32_t caplen;
        memcpy(&caplen, w.buf + w.at + 8, 4);
        if (caplen > BUF - PACKET_HEAD || !fill(&w, PACKET_HEAD + caplen))
            break;
        mix += tuple_hash(w.buf + w.at + PACKET_HEAD, caplen);
        w.at += PACKET_HEAD + caplen;
        bytes += caplen;
        n++;
    }
    (void)printf("%llu packets, %llu bytes, hash %llx\n", (unsigned long long)n, (unsigned long long)bytes, (unsigned long long)mix);
    return 0;
}
