/* SPDX-License-Identifier: Apache-2.0 */
/* The sensor: from the capture ring to the ring of batches. It has no files, no network, no privileges. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "app/fds.h"
#include "app/roles.h"
#include "app/sandbox.h"
#include "base/log.h"
#include "base/shmring.h"
#include "capture/live.h"
#include "decode/decode.h"
#include "warden/warden.h"
#include "worker/worker.h"

enum { IDLE_MS = 1000, BUSY_MS = 20, COUNT_EVERY_NS = 200000000, RETIRE_NS = 14000000 };

struct sensor {
    struct config *config;
    struct schema *schema;
    struct shared_page *page;
    struct shmring *ring;
    struct source *source;
    struct worker *worker;
    uint64_t counted_ns, n_packets;
    unsigned turn; /* which of page->published is written next */
    struct source_stats before; /* of its predecessors */
};

static void *
place(void *ctx, uint32_t want, uint32_t *ret_cap)
{
    struct sensor *s = ctx;
    return shmring_place(s->ring, want, ret_cap);
}

static void
publish(void *ctx, uint32_t len)
{
    struct sensor *s = ctx;
    unsigned turn = s->turn++ & 1;

    /* Killed before or behind the next line but one, the successor knows which it was by the ring's head. */
    __atomic_store_n(&s->page->published[turn].head, UINT64_MAX, __ATOMIC_RELEASE);
    __atomic_store_n(&s->page->published[turn].position, s->page->notes.publishing, __ATOMIC_RELEASE);
    __atomic_store_n(&s->page->published[turn].head, shmring_head(s->ring) + len, __ATOMIC_RELEASE);
    shmring_publish(s->ring, len);
}

static uint64_t
now_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void
count(struct sensor *s)
{
    struct source_stats stats = {0};
    size_t n = worker_n_counters(s->worker);

    s->source->ops->stats(s->source, &stats);
    s->page->drops = s->before.drops + stats.drops;
    s->page->bytes = s->before.bytes + stats.bytes;
    for (size_t i = 0; i < n && i < PAGE_ROWS; i++) {
        const char *name, *help;
        uint64_t value;
        worker_counter(s->worker, i, &name, &help, &value);
        if (s->page->n_rows == 0 || s->page->rows[i].name[0] == '\0') {
            (void)snprintf(s->page->rows[i].name, PAGE_NAME, "%s", name);
            (void)snprintf(s->page->rows[i].help, sizeof(s->page->rows[i].help), "%s", help);
        }
        s->page->rows[i].value = value;
    }
    s->page->n_rows = (uint32_t)(n < PAGE_ROWS ? n : PAGE_ROWS);
}

/* New settings: mapped, checked as at the start, and taken from the next packet on. */
static void
reload(struct sensor *s, int fd, uint64_t len)
{
    struct config *config = NULL;
    struct err err = {0};
    void *at = len > 0 ? mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;

    if (at != MAP_FAILED && config_restore(app_sections(), slice_of(at, len), NULL, &config, &err) == 0) {
        worker_config(s->worker, config);
        config_free(s->config);
        s->config = config;
    } else {
        log_error("sensor", "the new settings cannot be taken", "why=\"%s\"", err.text);
    }
    if (at != MAP_FAILED)
        (void)munmap(at, len);
    close(fd);
}

/* What the warden says: to end (also when it is gone), or new settings. */
static bool
told_to_end(struct sensor *s)
{
    struct child_message said = {0};
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec iov = {&said, sizeof(said)};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(FD_CONTROL, &message, MSG_DONTWAIT);

    if (n < 0)
        return errno != EAGAIN && errno != EINTR;
    if (n == 0 || said.word == 'q')
        return true;
    if (said.word == 'r' && message.msg_controllen >= CMSG_LEN(sizeof(int)) && control.head.cmsg_type == SCM_RIGHTS) {
        int fd;
        memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
        reload(s, fd, said.len);
    }
    return false;
}

static void
run_sensor(struct sensor *s)
{
    struct packet_batch packets;
    struct err err = {0};
    bool is_idle = false;

    while (!told_to_end(s)) {
        if (s->source->ops->next(s->source, is_idle ? IDLE_MS : BUSY_MS, &packets, &err) < 0)
            break;
        uint64_t now = now_ns(CLOCK_REALTIME);
        if (packets.n > 0) {
            worker_turn(s->worker, &packets);
            s->page->last_packet_ns = now;
            s->n_packets += packets.n;
            s->page->packets = s->before.packets + s->n_packets;
            if (packets.is_last_of_block)
                worker_flush(s->worker);
            s->source->ops->release(s->source);
            is_idle = false;
        } else {
            worker_time(s->worker, now - RETIRE_NS);
            worker_flush(s->worker);
            is_idle = now - s->page->last_packet_ns > 1000000000u;
        }
        s->page->turns++;
        if (now - s->counted_ns > COUNT_EVERY_NS) {
            count(s);
            s->counted_ns = now;
        }
    }
    worker_finish(s->worker);
    count(s);
}

/* The packet that its predecessor had in hand: for the warden, who can write it down. */
static void
passed_over(void *ctx, const struct packet *p)
{
    struct shared_page *page = ((struct sensor *)ctx)->page;
    uint32_t len = p->caplen < sizeof(page->evidence) ? p->caplen : sizeof(page->evidence);

    memcpy(page->evidence, p->data, len);
    page->evidence_wire_len = p->len;
    page->evidence_link = p->link;
    page->evidence_ns = p->time_ns;
    __atomic_store_n(&page->evidence_len, len, __ATOMIC_RELEASE);
}

static bool
is_bridge(void *ctx, uint32_t ifindex)
{
    const struct shared_page *p = ((struct sensor *)ctx)->page;

    for (uint32_t i = 0; i < p->n_interfaces && i < 64; i++)
        if (p->interfaces[i].index == ifindex)
            return p->interfaces[i].is_bridge;
    return false;
}

/* Does one end of the connection belong to a listener of ours? */
static bool
is_own(void *ctx, const struct layers *l)
{
    const struct shared_page *p = ((struct sensor *)ctx)->page;
    size_t len = l->ip_version == 4 ? 4 : 16;

    for (uint32_t i = 0; i < p->n_own && i < 16; i++) {
        if (p->own[i].ip_version != l->ip_version)
            continue;
        if ((l->dport == p->own[i].port && memcmp(l->dst, p->own[i].addr, len) == 0) ||
            (l->sport == p->own[i].port && memcmp(l->src, p->own[i].addr, len) == 0))
            return true;
    }
    return false;
}

/* Up to which packet everything is published, by the notes of a predecessor. */
static uint64_t
published_position(const struct sensor *s)
{
    uint64_t position = s->page->notes.published, head = shmring_head(s->ring);

    for (int i = 0; i < 2; i++)
        if (s->page->published[i].head == head && s->page->published[i].position > position)
            position = s->page->published[i].position;
    return position;
}

static int
open_sensor(struct sensor *s, struct err *err)
{
    struct buf snapshot;
    int rc = role_slurp(FD_CONFIG, &snapshot, err);

    if (rc == 0)
        rc = config_restore(app_sections(), buf_slice(&snapshot), NULL, &s->config, err);
    buf_fini(&snapshot);
    s->schema = schema_builtin();
    s->page = role_page(FD_PAGE);
    if (rc == 0 && !s->page)
        rc = err_sys(err, ERR_IO, errno, "cannot map the shared page");
    if (rc == 0)
        rc = shmring_open_producer(FD_RING_DATA, FD_RING_ACK, FD_BELL, &s->ring, err);
    struct live_geometry g = {0};
    if (rc == 0) {
        g = (struct live_geometry){s->page->block_size, s->page->n_blocks};
        s->before = (struct source_stats){.packets = s->page->packets, .bytes = s->page->bytes, .drops = s->page->drops};
        struct live_resume resume = {.published = published_position(s), .in_hand = s->page->notes.packet,
                                     .passed_over = passed_over, .ctx = s};
        rc = live_source(FD_CAPTURE, &g, &resume, &s->source, err);
    }
    struct worker_options options = {.config = s->config, .schema = s->schema, .is_bridge = is_bridge, .is_own = is_own, .links_ctx = s,
                                     .notes = &s->page->notes,
                                     .sink = {.place = place, .publish = publish, .ctx = s}};
    if (rc == 0 && !(s->worker = worker_new(&options, err)))
        rc = ERR_NOMEM;
    return rc;
}

static int
sensor_main(bool with_sandbox)
{
    static struct sensor s;
    struct err err = {0};

    log_set_process("sensor");
    (void)prctl(PR_SET_NAME, "remora-sensor");
    int rc = open_sensor(&s, &err);
    if (rc == 0 && with_sandbox)
        rc = sandbox_drop("_remora-sensor", 65533, &err);
    if (rc == 0 && with_sandbox)
        rc = sandbox_sensor(&err);
    if (rc < 0) {
        log_error("sensor", "cannot start", "why=\"%s\"", err.text);
        return EXIT_FAILED;
    }
    if (s.page->gap_from_ns && !s.page->gap_to_ns)
        s.page->gap_to_ns = now_ns(CLOCK_REALTIME);
    run_sensor(&s);
    return EXIT_OK;
}

bool
role_main(int argc, char **argv, int *ret_status)
{
    if (argc < 2 || strcmp(argv[1], "@sensor") != 0)
        return false;
    *ret_status = sensor_main(argc < 3 || strcmp(argv[2], "--no-sandbox") != 0);
    return true;
}
