/* SPDX-License-Identifier: Apache-2.0 */
/* AF_PACKET with TPACKET_V3: blocks of packets in memory shared with the kernel (packet(7)). */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include <pcap/pcap.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/live.h"

enum { BLOCK_SIZE = 1 << 20, BLOCK_TIMEOUT_MS = 4, MAX_CHOSEN = 200, MAX_FILTER = 4096 };

struct filter {
    struct sock_filter code[MAX_FILTER];
    unsigned short n;
};

static void
add(struct filter *f, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
    if (f->n < MAX_FILTER)
        f->code[f->n++] = (struct sock_filter){.code = code, .jt = jt, .jf = jf, .k = k};
}

/* Interfaces first, outgoing copies on lo out, then the user's expression. */
static int
build_filter(const struct capture_conf *conf, const struct device *list, int n, struct filter *f, struct err *err)
{
    int n_chosen = 0;

    f->n = 0;
    add(f, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX));
    for (int i = 0; i < n; i++)
        n_chosen += list[i].is_captured;
    if (n_chosen > MAX_CHOSEN)
        return err_set(err, ERR_FULL, "more than %d interfaces: name fewer in capture.interfaces", MAX_CHOSEN);
    for (int i = 0; i < n; i++) {
        if (!list[i].is_captured)
            continue;
        add(f, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t)(--n_chosen + 1), 0, (uint32_t)list[i].index);
    }
    add(f, BPF_RET | BPF_K, 0, 0, 0);
    for (int i = 0; i < n; i++) {
        if (!list[i].is_loopback || !list[i].is_captured)
            continue;
        add(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, (uint32_t)list[i].index);
        add(f, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
        add(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, PACKET_OUTGOING);
        add(f, BPF_RET | BPF_K, 0, 0, 0);
    }
    if (!conf->filter || !conf->filter[0]) {
        add(f, BPF_RET | BPF_K, 0, 0, (uint32_t)conf->snaplen);
        return 0;
    }
    struct bpf_program user;
    pcap_t *p = pcap_open_dead(DLT_EN10MB, (int)conf->snaplen);
    if (!p || pcap_compile(p, &user, conf->filter, 1, PCAP_NETMASK_UNKNOWN) < 0) {
        int rc = err_set(err, ERR_FORMAT, "capture.filter \"%s\" is not understood: %s", conf->filter, p ? pcap_geterr(p) : "no memory");
        if (p)
            pcap_close(p);
        return rc;
    }
    for (unsigned i = 0; i < user.bf_len; i++)
        add(f, user.bf_insns[i].code, user.bf_insns[i].jt, user.bf_insns[i].jf, user.bf_insns[i].k);
    pcap_freecode(&user);
    pcap_close(p);
    return f->n < MAX_FILTER ? 0 : err_set(err, ERR_FULL, "capture.filter is too long");
}

int
live_refilter(int fd, const struct capture_conf *conf, const struct device *list, int n, struct err *err)
{
    struct filter *f = malloc(sizeof(*f));

    if (!f)
        return err_set(err, ERR_NOMEM, "no memory for the capture filter");
    int rc = build_filter(conf, list, n, f, err);
    struct sock_fprog program = {.len = f->n, .filter = f->code};
    if (rc == 0 && setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
        rc = err_sys(err, ERR_IO, errno, "the kernel refuses the capture filter");
    for (int i = 0; rc == 0 && conf->promiscuous && i < n; i++) {
        struct packet_mreq m = {.mr_ifindex = list[i].index, .mr_type = PACKET_MR_PROMISC};
        if (list[i].is_captured && list[i].is_bridge)
            (void)setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m, sizeof(m));
    }
    free(f);
    return rc;
}

int
live_open(const struct capture_conf *conf, const struct device *list, int n, int *ret_fd, struct live_geometry *ret,
          struct err *err)
{
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); /* protocol 0: silent until bound */
    int version = TPACKET_V3;

    if (fd < 0)
        return errno == EPERM || errno == EACCES
                   ? err_set(err, ERR_PERM, "capturing packets needs the capability CAP_NET_RAW: run as root (sudo)")
                   : err_sys(err, ERR_IO, errno, "cannot open a capture socket");
    *ret = (struct live_geometry){.block_size = BLOCK_SIZE, .n_blocks = (uint32_t)(conf->ring / BLOCK_SIZE)};
    struct tpacket_req3 ring = {.tp_block_size = ret->block_size, .tp_block_nr = ret->n_blocks, .tp_frame_size = 2048,
                                .tp_frame_nr = ret->block_size / 2048 * ret->n_blocks, .tp_retire_blk_tov = BLOCK_TIMEOUT_MS};
    int rc = setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
                     setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)) < 0
                 ? err_sys(err, ERR_IO, errno, "cannot make the capture ring (capture.ring)")
                 : live_refilter(fd, conf, list, n, err);
    struct sockaddr_ll any = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = 0};
    if (rc == 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
        rc = err_sys(err, ERR_IO, errno, "cannot bind the capture socket");
    if (rc < 0) {
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return 0;
}

struct afpacket {
    struct source source;
    int fd;
    uint8_t *map;
    struct live_geometry g;
    uint32_t block;              /* in hand */
    uint32_t left;               /* packets of it not yet handed out */
    const struct tpacket3_hdr *next;
    bool has_block;
    uint64_t position;           /* of the packet that take() gives next */
    struct live_resume resume;
    uint64_t number;
    struct source_stats stats;
};

static struct tpacket_block_desc *
block_at(const struct afpacket *a, uint32_t i)
{
    return (struct tpacket_block_desc *)(void *)(a->map + (size_t)i * a->g.block_size);
}

/* Opens the block in hand: its packets from the first on, or behind those that a predecessor is done with. */
static void
open_block(struct afpacket *a, const struct tpacket_block_desc *b)
{
    a->has_block = true;
    a->left = b->hdr.bh1.num_pkts;
    a->next = (const void *)((const uint8_t *)b + b->hdr.bh1.offset_to_first_pkt);
    a->position = b->hdr.bh1.seq_num << 16 | 1;
    for (; a->left > 0 && a->position <= a->resume.published; a->left--, a->position++)
        a->next = (const void *)((const uint8_t *)a->next + a->next->tp_next_offset);
}

static void
release_block(struct afpacket *a)
{
    if (!a->has_block)
        return;
    __atomic_store_n(&block_at(a, a->block)->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    a->block = (a->block + 1) % a->g.n_blocks;
    a->has_block = false;
}

static uint16_t
link_of(const struct sockaddr_ll *sll)
{
    return sll->sll_hatype == ARPHRD_ETHER || sll->sll_hatype == ARPHRD_LOOPBACK ? LINK_ETHERNET : LINK_RAW;
}

static void
take(struct afpacket *a, struct packet *p)
{
    const struct tpacket3_hdr *h = a->next;
    const struct sockaddr_ll *sll = (const void *)((const uint8_t *)h + TPACKET_ALIGN(sizeof(*h)));

    *p = (struct packet){.data = (const uint8_t *)h + h->tp_mac,
                         .caplen = h->tp_snaplen,
                         .len = h->tp_len,
                         .time_ns = (uint64_t)h->tp_sec * 1000000000u + h->tp_nsec,
                         .number = ++a->number,
                         .ifindex = (uint32_t)sll->sll_ifindex,
                         .link = link_of(sll),
                         .flags = PACKET_LIVE};
    if (sll->sll_pkttype == PACKET_OUTGOING)
        p->flags |= PACKET_SENT;
    if (h->tp_status & TP_STATUS_VLAN_VALID) {
        p->flags |= PACKET_VLAN;
        p->vlan_tci = (uint16_t)h->hv1.tp_vlan_tci;
        p->vlan_tpid = h->tp_status & TP_STATUS_VLAN_TPID_VALID ? h->hv1.tp_vlan_tpid : ETH_P_8021Q;
    }
    a->stats.packets++;
    a->stats.bytes += p->len;
    a->stats.truncated += p->caplen < p->len;
    a->next = (const void *)((const uint8_t *)h + h->tp_next_offset);
    a->left--;
    a->position++;
}

/* POLLERR stays until it is asked for: a link went down. */
static void
clear_error(struct afpacket *a)
{
    int why = 0;
    socklen_t len = sizeof(why);
    (void)getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &why, &len);
}

static int
live_next(struct source *s, int timeout_ms, struct packet_batch *ret, struct err *err)
{
    struct afpacket *a = (struct afpacket *)s;

    (void)err;
    ret->n = 0;
    ret->is_last_of_block = false;
    if (a->has_block && a->left == 0)
        release_block(a);
    if (!a->has_block) {
        struct tpacket_block_desc *b = block_at(a, a->block);
        if (!(__atomic_load_n(&b->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER)) {
            struct pollfd p = {.fd = a->fd, .events = POLLIN};
            if (poll(&p, 1, timeout_ms) > 0 && p.revents & POLLERR)
                clear_error(a);
            if (!(__atomic_load_n(&b->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
                return 0;
        }
        open_block(a, b);
    }
    ret->position = a->position;
    while (a->left > 0 && ret->n < CAPTURE_BATCH) {
        take(a, &ret->p[ret->n]);
        if (a->position - 1 != a->resume.in_hand) {
            ret->n++;
            continue;
        }
        if (a->resume.passed_over)
            a->resume.passed_over(a->resume.ctx, &ret->p[ret->n]);
        if (ret->n > 0)
            break; /* positions in a batch follow each other */
        else
            ret->position = a->position;
    }
    ret->is_last_of_block = a->left == 0;
    return 0;
}

static void
live_release(struct source *s)
{
    struct afpacket *a = (struct afpacket *)s;

    if (a->left == 0)
        release_block(a);
}

static void
live_stats(struct source *s, struct source_stats *ret)
{
    struct afpacket *a = (struct afpacket *)s;
    struct tpacket_stats_v3 kernel = {0};
    socklen_t len = sizeof(kernel);

    if (getsockopt(a->fd, SOL_PACKET, PACKET_STATISTICS, &kernel, &len) == 0)
        a->stats.drops += kernel.tp_drops; /* reading clears */
    *ret = a->stats;
}

static void
live_close(struct source *s)
{
    struct afpacket *a = (struct afpacket *)s;

    (void)munmap(a->map, (size_t)a->g.block_size * a->g.n_blocks);
    free(a);
}

static const struct source_ops live_ops = {
    .name = "live", .next = live_next, .release = live_release, .stats = live_stats, .close = live_close};

int
live_source(int fd, const struct live_geometry *g, const struct live_resume *resume, struct source **ret, struct err *err)
{
    struct afpacket *a = calloc(1, sizeof(*a));

    if (!a)
        return err_set(err, ERR_NOMEM, "no memory for the capture");
    *a = (struct afpacket){.source = {&live_ops}, .fd = fd, .g = *g, .resume = *resume};
    a->map = mmap(NULL, (size_t)g->block_size * g->n_blocks, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (a->map == MAP_FAILED) {
        free(a);
        return err_sys(err, ERR_IO, errno, "cannot map the capture ring");
    }
    /* A predecessor may have left blocks: begin with the oldest, else where the kernel writes next. */
    uint64_t oldest = UINT64_MAX, newest = 0;
    uint32_t current = 0;
    for (uint32_t i = 0; i < g->n_blocks; i++) {
        const struct tpacket_block_desc *b = block_at(a, i);
        bool is_ours = (b->hdr.bh1.block_status & TP_STATUS_USER) != 0;
        if (is_ours && b->hdr.bh1.seq_num < oldest) {
            oldest = b->hdr.bh1.seq_num;
            a->block = i;
        }
        if (b->hdr.bh1.seq_num > newest) {
            newest = b->hdr.bh1.seq_num;
            current = i;
        }
    }
    if (oldest == UINT64_MAX)
        a->block = current; /* the one that the kernel fills now */
    *ret = &a->source;
    return 0;
}

int
live_check_filter(const struct capture_conf *conf, struct err *err)
{
    static struct filter f;

    return build_filter(conf, NULL, 0, &f, err);
}
