/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends DNS transactions as raw frames on one end of a veth pair, at a rate: a query and its answer, each for a
 * name of its own ("t000001.PREFIX.test"), so that what arrives in the store can be counted exactly.
 *
 *   blast IFACE PREFIX TRANSACTIONS PACKETS_PER_SECOND
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FRAME_MAX = 256, BATCH = 16 };

static size_t
frame(uint8_t *out, unsigned n, const char *prefix, int is_answer)
{
    /* Another client for prefixes of another length: flows of their own. */
    const uint8_t client[4] = {198, 51, 100, (uint8_t)(110 + strlen(prefix) % 100)}, server[4] = {198, 51, 100, 102};
    uint8_t *p = out;
    char label[16];

    memset(p, 0, 14);
    p[0] = p[6] = 2; /* nobody's address: nobody answers */
    p[12] = 8;
    uint8_t *ip = p + 14, *udp = ip + 20, *dns = udp + 8, *at = dns + 12;
    memset(ip, 0, 40);
    ip[0] = 0x45;
    ip[8] = 64;
    ip[9] = 17;
    memcpy(ip + 12, is_answer ? server : client, 4);
    memcpy(ip + 16, is_answer ? client : server, 4);
    unsigned port = 10000 + n % 50000;
    unsigned sport = is_answer ? 53 : port, dport = is_answer ? port : 53;
    udp[0] = (uint8_t)(sport >> 8), udp[1] = (uint8_t)sport, udp[2] = (uint8_t)(dport >> 8), udp[3] = (uint8_t)dport;
    dns[0] = (uint8_t)(n >> 8), dns[1] = (uint8_t)n;
    dns[2] = is_answer ? 0x81 : 1;
    dns[3] = is_answer ? 0x80 : 0;
    dns[5] = 1;
    dns[7] = (uint8_t)is_answer;
    *at++ = (uint8_t)snprintf(label, sizeof(label), "t%06u", n);
    at = mempcpy(at, label, strlen(label));
    *at++ = (uint8_t)strlen(prefix);
    at = mempcpy(at, prefix, strlen(prefix));
    at = mempcpy(at, "\4test\0\0\1\0\1", 10);
    if (is_answer)
        at = mempcpy(at, "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xcb\0\x71\7", 16);
    size_t udp_len = (size_t)(at - udp), ip_len = udp_len + 20;
    udp[4] = (uint8_t)(udp_len >> 8), udp[5] = (uint8_t)udp_len;
    ip[2] = (uint8_t)(ip_len >> 8), ip[3] = (uint8_t)ip_len;
    return (size_t)(at - out);
}

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
    static uint8_t frames[2 * BATCH][FRAME_MAX];
    struct iovec iov[2 * BATCH];
    struct mmsghdr msgs[2 * BATCH] = {0};
    struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = argc > 4 ? (int)if_nametoindex(argv[1]) : 0, .sll_halen = 6};
    int fd = socket(AF_PACKET, SOCK_RAW, 0);

    if (argc < 5 || fd < 0 || to.sll_ifindex == 0) {
        fprintf(stderr, "usage: blast IFACE PREFIX TRANSACTIONS PACKETS_PER_SECOND (as root)\n");
        return 2;
    }
    unsigned total = (unsigned)atoi(argv[3]);
    double rate = atof(argv[4]), begin = now();
    for (unsigned n = 0; n < total;) {
        unsigned k = 0;
        for (; k < 2 * BATCH && n < total; n++) {
            for (int answer = 0; answer < 2; answer++, k++) {
                iov[k] = (struct iovec){frames[k], frame(frames[k], n, argv[2], answer)};
                msgs[k].msg_hdr = (struct msghdr){.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov[k], .msg_iovlen = 1};
            }
        }
        for (unsigned sent = 0; sent < k;) {
            int rc = sendmmsg(fd, msgs + sent, k - sent, 0);
            if (rc < 0) {
                perror("blast: send");
                return 1;
            }
            sent += (unsigned)rc;
        }
        double ahead = begin + 2.0 * n / rate - now();
        if (ahead > 0)
            usleep((useconds_t)(ahead * 1e6));
    }
    printf("%.0f packets/s\n", 2.0 * total / (now() - begin));
    return 0;
}
