/* SPDX-License-Identifier: Apache-2.0 */
/* remora run: the warden. Opens what needs privileges, starts sensor and keeper, restarts them. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "app/fds.h"
#include "app/program.h"
#include "base/log.h"
#include "base/shmring.h"
#include "capture/live.h"
#include "proto/core.h"
#include "store/store.h"
#include "warden/warden.h"
#include "web/web.h"

#define BLAME_NS 60000000000ull
#define DISABLE_NS 600000000000ull

enum { RING_BYTES = 32 << 20, HUNG_SECONDS = 4, DRAIN_MS = 10000, COMMIT_MS = 40000, READY_MS = 10000, EVIDENCE_FILES = 16, RESTARTS_MAX = 100, RESTARTS_PER_S = 50 };

struct run_args {
    struct app_source source;
    char overrides[64][256];
    size_t n_overrides;
    const char *data, *listen;
    bool no_sandbox;
};

/* Crashes of one parser: the last three, and until when it is switched off. */
struct blame {
    uint64_t at_ns[3], until_ns;
    unsigned n;
};

struct warden {
    struct run_args *args;
    struct config *config;
    const struct capture_conf *capture;
    struct device devices[DEVICES_MAX];
    int n_devices, capture_fd, config_fd, page_fd, listen_fd, unix_fd, signal_fd, link_fd, lock_fd;
    unsigned port;
    struct shmring_fds ring;
    struct shared_page *page;
    struct child sensor, keeper;
    double tokens;          /* restarts that are still allowed */
    uint64_t last_turns, same_turns_s;
    struct blame blames[32]; /* by parser */
    unsigned n_evidence;
    bool keeper_is_reloading;
    char program[4096], keeper_program[4096];
};

static uint64_t
now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int
parse_run(int argc, char **argv, struct run_args *a)
{
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (strcmp(arg, "--no-sandbox") == 0) {
            a->no_sandbox = true;
            continue;
        }
        if (i + 1 == argc)
            return app_usage(&command_run, arg[0] == '-' ? "%s needs a value, or is unknown" : "\"%s\" is not expected here", arg);
        const char *value = argv[++i];
        if (strcmp(arg, "-c") == 0 ? !app_source_file(&a->source, value)
            : strcmp(arg, "-E") == 0 ? !app_source_override(&a->source, value) : false)
            return EXIT_USAGE;
        if (strcmp(arg, "--data") == 0)
            a->data = value;
        else if (strcmp(arg, "--listen") == 0)
            a->listen = value;
        else if (strcmp(arg, "-i") == 0 || strcmp(arg, "-f") == 0) {
            char *text = a->overrides[a->n_overrides++ % 64];
            (void)snprintf(text, 256, "%s=%s", arg[1] == 'i' ? "capture.interfaces" : "capture.filter", value);
            if (!app_source_override(&a->source, text))
                return EXIT_USAGE;
        } else if (strcmp(arg, "-c") != 0 && strcmp(arg, "-E") != 0)
            return app_usage(&command_run, "there is no option %s", arg);
    }
    return EXIT_OK;
}

/* The data directory: made, owned by the keeper, held by one instance only. */
static int
open_data(struct warden *w, struct err *err)
{
    char path[4096];

    if (mkdir(w->args->data, 0700) < 0 && errno != EEXIST)
        return err_sys(err, ERR_IO, errno, "cannot make the data directory %s (choose one with --data)", w->args->data);
    (void)snprintf(path, sizeof(path), "%s/warden.lock", w->args->data);
    w->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (w->lock_fd < 0)
        return err_sys(err, ERR_IO, errno, "cannot write in the data directory %s", w->args->data);
    if (flock(w->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return err_set(err, ERR_EXISTS, "another remora runs on the data directory %s; stop it or choose another one with --data",
                       w->args->data);
    return w->args->no_sandbox ? 0 : program_give(w->args->data, err);
}

/* A store tells by it which positions are of this ring. */
static void
new_ring_id(struct shared_page *page)
{
    if (getrandom(&page->ring_id, sizeof(page->ring_id), 0) < 0 || page->ring_id == 0)
        page->ring_id = now_ns();
    page->ring_id &= INT64_MAX;
}

static int
open_page(struct warden *w, struct err *err)
{
    w->page_fd = memfd_create("remora-page", MFD_CLOEXEC);
    if (w->page_fd < 0 || ftruncate(w->page_fd, sizeof(*w->page)) < 0)
        return err_sys(err, ERR_IO, errno, "cannot make the page of counters");
    w->page = mmap(NULL, sizeof(*w->page), PROT_READ | PROT_WRITE, MAP_SHARED, w->page_fd, 0);
    if (w->page == MAP_FAILED)
        return err_sys(err, ERR_IO, errno, "cannot map the page of counters");
    w->page->started_ns = now_ns();
    w->page->warden_pid = getpid();
    new_ring_id(w->page);
    return 0;
}

/* Shows the children which interfaces there are. */
static void
show_devices(struct warden *w)
{
    uint32_t n = 0;

    for (int i = 0; i < w->n_devices && n < 64; i++, n++) {
        (void)snprintf(w->page->interfaces[n].name, sizeof(w->page->interfaces[n].name), "%s", w->devices[i].name);
        w->page->interfaces[n].is_captured = w->devices[i].is_captured;
        w->page->interfaces[n].is_up = w->devices[i].is_up;
        w->page->interfaces[n].is_bridge = w->devices[i].is_bridge;
        w->page->interfaces[n].index = (uint32_t)w->devices[i].index;
    }
    w->page->n_interfaces = n;
}

static int
open_capture(struct warden *w, struct err *err)
{
    struct live_geometry g;

    w->n_devices = devices_list(w->devices, DEVICES_MAX, err);
    int rc = w->n_devices < 0 ? w->n_devices : devices_choose(w->capture, w->devices, w->n_devices, err);
    if (rc == 0)
        rc = live_open(w->capture, w->devices, w->n_devices, &w->capture_fd, &g, err);
    if (rc < 0)
        return rc;
    w->page->block_size = g.block_size;
    w->page->n_blocks = g.n_blocks;
    show_devices(w);
    struct sockaddr_nl nl = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    w->link_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (w->link_fd >= 0 && bind(w->link_fd, (struct sockaddr *)&nl, sizeof(nl)) < 0)
        return err_sys(err, ERR_IO, errno, "cannot watch the interfaces");
    return 0;
}

/* The addresses at which the page is served: its traffic is not to be seen on the page. */
static void
show_own(struct warden *w)
{
    struct sockaddr_storage at = {0};
    socklen_t len = sizeof(at);
    struct ifaddrs *list = NULL;
    uint32_t n = 0;

    if (getsockname(w->listen_fd, (struct sockaddr *)&at, &len) < 0 || getifaddrs(&list) < 0)
        return;
    const struct sockaddr_in *at4 = (const void *)&at;
    const struct sockaddr_in6 *at6 = (const void *)&at;
    bool is_all = at.ss_family == AF_INET ? at4->sin_addr.s_addr == 0 : IN6_IS_ADDR_UNSPECIFIED(&at6->sin6_addr);
    for (const struct ifaddrs *a = list; a && n < 16; a = a->ifa_next) {
        if (!a->ifa_addr || (a->ifa_addr->sa_family != AF_INET && a->ifa_addr->sa_family != AF_INET6))
            continue;
        bool is_4 = a->ifa_addr->sa_family == AF_INET;
        const void *addr = is_4 ? (const void *)&((const struct sockaddr_in *)(const void *)a->ifa_addr)->sin_addr
                                : (const void *)&((const struct sockaddr_in6 *)(const void *)a->ifa_addr)->sin6_addr;
        const void *bound = is_4 ? (const void *)&at4->sin_addr : (const void *)&at6->sin6_addr;
        if (!is_all && (a->ifa_addr->sa_family != at.ss_family || memcmp(addr, bound, is_4 ? 4 : 16) != 0))
            continue;
        memset(w->page->own[n].addr, 0, 16);
        memcpy(w->page->own[n].addr, addr, is_4 ? 4 : 16);
        w->page->own[n].ip_version = is_4 ? 4 : 6;
        w->page->own[n++].port = (uint16_t)w->port;
    }
    w->page->n_own = n;
    bool is_local = at.ss_family == AF_INET ? ntohl(at4->sin_addr.s_addr) >> 24 == 127 : IN6_IS_ADDR_LOOPBACK(&at6->sin6_addr);
    if (!is_local)
        log_warn("warden", "the page has no login: everybody who reaches its address sees all traffic", "port=%u", w->port);
    freeifaddrs(list);
}

static int
open_listen(struct warden *w, struct err *err)
{
    const struct web_conf *web = config_get(w->config, "web");
    const char *address = w->args->listen ? w->args->listen : web->listen;
    bool is_default = !w->args->listen && strcmp(address, "127.0.0.1:9200") == 0;
    int rc = warden_listen(address, is_default, &w->listen_fd, &w->port, err);

    char path[4200];
    (void)snprintf(path, sizeof(path), "%s/remora.sock", w->args->data);
    if (rc == 0)
        show_own(w);
    if (rc == 0)
        rc = warden_listen_unix(path, &w->unix_fd, err);
    if (rc == 0 && is_default && w->port != 9200)
        log_warn("warden", "port 9200 is in use", "page=http://127.0.0.1:%u", w->port);
    return rc;
}

static int
open_signals(struct warden *w, struct err *err)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    w->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return w->signal_fd < 0 ? err_sys(err, ERR_IO, errno, "cannot watch signals") : 0;
}

static int
find_programs(struct warden *w, struct err *err)
{
    int rc = program_find("", w->program, sizeof(w->program), err);

    return rc < 0 ? rc : program_find("-keeper", w->keeper_program, sizeof(w->keeper_program), err);
}

static int
start_sensor(struct warden *w, struct err *err)
{
    const char *argv[] = {w->program, "@sensor", w->args->no_sandbox ? "--no-sandbox" : NULL, NULL};
    struct child_spec spec = {.path = w->program, .argv = argv, .n_fds = 6,
                              .fds = {w->config_fd, w->page_fd, w->ring.bell, w->ring.data_rw, w->ring.ack_ro, w->capture_fd}};
    int rc = child_start(&spec, &w->sensor, err);

    w->page->sensor_pid = w->sensor.pid;
    return rc;
}

static int
start_keeper(struct warden *w, struct err *err)
{
    const char *argv[] = {w->keeper_program, w->args->data, "2", w->args->no_sandbox ? "--no-sandbox" : NULL, NULL};
    struct child_spec spec = {.path = w->keeper_program, .argv = argv, .n_fds = 8,
                              .fds = {w->config_fd, w->page_fd, w->ring.bell, w->ring.data_ro, w->ring.ack_rw, -1, w->listen_fd, w->unix_fd}};
    int rc = child_start(&spec, &w->keeper, err);

    w->page->keeper_pid = w->keeper.pid;
    return rc;
}

/* A child ended by itself: start it again at once, but not without end. */
static int
restart(struct warden *w, struct child *c, const char *name, int status, int (*start)(struct warden *, struct err *))
{
    struct err err = {0};
    uint64_t gone = now_ns();

    child_gone(c);
    log_warn("warden", "a process ended and is started again", "name=%s %s=%d", name, WIFSIGNALED(status) ? "signal" : "status",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    if (c == &w->keeper && !w->page->keeper_is_ready) {
        log_error("warden", "the keeper cannot start (see its message above)", "status=%d", status);
        return EXIT_FAILED;
    }
    if (w->tokens < 1) {
        log_error("warden", "a process ends again and again: giving up", "name=%s", name);
        return EXIT_FAILED;
    }
    w->tokens -= 1;
    c->restarts++;
    if (c == &w->sensor) {
        w->page->gap_to_ns = 0; /* the successor says when it is ready */
        w->page->gap_from_ns = gone;
    }
    if (start(w, &err) < 0)
        return app_fail(&err);
    w->page->sensor_restarts = w->sensor.restarts;
    w->page->keeper_restarts = w->keeper.restarts;
    return EXIT_OK;
}

/* Nothing behind a lie in the ring can be found: another sensor, another ring. */
static int
replace_ring(struct warden *w)
{
    struct err err = {0};

    log_error("warden", "the sensor published what cannot be: it and its ring are replaced", "pid=%d", w->sensor.pid);
    (void)kill(w->sensor.pid, SIGKILL);
    (void)child_wait(&w->sensor, 1000);
    shmring_close_fds(&w->ring);
    new_ring_id(w->page);
    if (shmring_create(RING_BYTES, &w->ring, &err) < 0)
        return app_fail(&err);
    w->page->notes.packet = 0;
    return restart(w, &w->sensor, "sensor", SIGKILL, start_sensor);
}

/* A parser that crashed three times in a minute is left out for ten. */
static void
blame_parser(struct warden *w, int status)
{
    uint32_t parser = w->page->notes.parser;
    const char *name = core_parser_name(parser);
    uint64_t now = now_ns();

    if (!WIFSIGNALED(status) || WTERMSIG(status) == SIGKILL || !name || parser > 32)
        return;
    struct blame *b = &w->blames[parser - 1];
    log_error("warden", "a parser crashed; the packet in hand is passed over and kept as evidence", "parser=%s signal=%d", name,
              WTERMSIG(status));
    w->page->parser_crashes++;
    b->at_ns[b->n++ % 3] = now;
    if (b->n < 3 || now - b->at_ns[b->n % 3] > BLAME_NS)
        return;
    b->until_ns = now + DISABLE_NS;
    w->page->notes.disabled |= 1u << (parser - 1);
    log_error("warden", "a parser crashed three times in a minute and is switched off for ten minutes", "parser=%s", name);
}

static void
forgive_parsers(struct warden *w)
{
    uint64_t now = now_ns();

    for (uint32_t i = 0; i < 32; i++) {
        if (!(w->page->notes.disabled >> i & 1) || w->blames[i].until_ns > now)
            continue;
        w->page->notes.disabled &= ~(1u << i);
        log_info("warden", "a parser is switched on again", "parser=%s", core_parser_name(i + 1));
    }
}

/* Puts what the sensor's successor passed over into DIR/evidence-N.pcap; N goes round. */
static void
keep_evidence(struct warden *w)
{
    uint32_t len = __atomic_load_n(&w->page->evidence_len, __ATOMIC_ACQUIRE);
    char path[4200];

    if (len == 0)
        return;
    len = len < sizeof(w->page->evidence) ? len : sizeof(w->page->evidence);
    (void)snprintf(path, sizeof(path), "%s/evidence-%u.pcap", w->args->data, w->n_evidence++ % EVIDENCE_FILES);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    uint32_t head[] = {0xa1b23c4d, 4u << 16 | 2, 0, 0, 1u << 18, w->page->evidence_link, (uint32_t)(w->page->evidence_ns / 1000000000u),
                       (uint32_t)(w->page->evidence_ns % 1000000000u), len, w->page->evidence_wire_len};
    if (fd >= 0 && write(fd, head, sizeof(head)) == sizeof(head) && write(fd, w->page->evidence, len) == (ssize_t)len)
        log_info("warden", "the packet that a sensor had in hand when it ended is kept", "file=%s", path);
    else
        log_warn("warden", "the packet that a sensor had in hand could not be kept", "file=%s", path);
    if (fd >= 0)
        close(fd);
    __atomic_store_n(&w->page->evidence_len, 0, __ATOMIC_RELEASE);
}

static int
reap(struct warden *w)
{
    int status, rc = EXIT_OK;
    pid_t pid;

    while (rc == EXIT_OK && (pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == w->sensor.pid) {
            blame_parser(w, status);
            rc = restart(w, &w->sensor, "sensor", status, start_sensor);
        } else if (pid == w->keeper.pid && w->keeper_is_reloading && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
            struct err err = {0};
            w->keeper_is_reloading = false;
            child_gone(&w->keeper);
            rc = start_keeper(w, &err) < 0 ? app_fail(&err) : EXIT_OK;
        } else if (pid == w->keeper.pid && WIFEXITED(status) && WEXITSTATUS(status) == KEEPER_SAW_LIE) {
            rc = replace_ring(w);
            if (rc == EXIT_OK)
                rc = restart(w, &w->keeper, "keeper", status, start_keeper);
        } else if (pid == w->keeper.pid)
            rc = restart(w, &w->keeper, "keeper", status, start_keeper);
    }
    return rc;
}

static void
links_changed(struct warden *w)
{
    char drop[8192];
    struct err err = {0};

    while (recv(w->link_fd, drop, sizeof(drop), 0) > 0)
        ;
    int n = devices_list(w->devices, DEVICES_MAX, &err);
    if (n < 0)
        return;
    w->n_devices = n;
    /* A named interface that went away may come back: that is no error while running. */
    (void)devices_choose(w->capture, w->devices, n, &err);
    if (live_refilter(w->capture_fd, w->capture, w->devices, n, &err) < 0)
        log_warn("warden", "the capture filter could not be changed", "why=\"%s\"", err.text);
    show_devices(w);
}

/* A sensor whose turns stand still hangs in a packet. */
static void
watch_sensor(struct warden *w)
{
    w->tokens = w->tokens + RESTARTS_PER_S > RESTARTS_MAX ? RESTARTS_MAX : w->tokens + RESTARTS_PER_S;
    w->same_turns_s = w->page->turns == w->last_turns ? w->same_turns_s + 1 : 0;
    w->last_turns = w->page->turns;
    if (w->same_turns_s >= HUNG_SECONDS && w->sensor.pid > 0) {
        log_warn("warden", "the sensor hangs and is ended", "pid=%d", w->sensor.pid);
        (void)kill(w->sensor.pid, SIGKILL);
        w->same_turns_s = 0;
    }
}

/* Nothing is lost: the sensor publishes what is open, the keeper stores what is published. */
static int
drain(struct warden *w)
{
    child_tell(&w->sensor, 'q');
    if (!child_wait(&w->sensor, DRAIN_MS)) {
        log_warn("warden", "the sensor did not end in time", "pid=%d", w->sensor.pid);
        (void)kill(w->sensor.pid, SIGKILL);
        (void)child_wait(&w->sensor, 1000);
    }
    child_tell(&w->keeper, 'q');
    if (!child_wait(&w->keeper, COMMIT_MS)) {
        log_error("warden", "the keeper did not end in time", "pid=%d", w->keeper.pid);
        (void)kill(w->keeper.pid, SIGKILL);
        (void)child_wait(&w->keeper, 1000);
        return EXIT_FAILED;
    }
    return EXIT_OK;
}

/* SIGHUP: the same files once more. What cannot be read leaves everything as it is. */
static void
reload(struct warden *w)
{
    struct config *config = app_config(&w->args->source);
    struct err err = {0};
    struct stat st;
    int fd = -1;

    if (!config || program_snapshot(config, 2, &fd, &err) < 0 || fstat(fd, &st) < 0) {
        log_error("warden", "the settings cannot be read again: the old ones hold", "%s%s", err.text[0] ? "why=" : "", err.text);
        config_free(config);
        return;
    }
    close(w->config_fd);
    w->config_fd = fd;
    config_free(w->config);
    w->config = config;
    w->capture = config_get(config, "capture");
    links_changed(w);
    child_send(&w->sensor, 'r', fd, (uint64_t)st.st_size);
    w->keeper_is_reloading = true; /* it ends when all is stored; its successor has the new settings */
    child_tell(&w->keeper, 'q');
    log_info("warden", "the settings were read again; what changes by a restart only holds from the next start", "%s", "");
}

/* -1: go on; else the exit status. */
static int
handle_signals(struct warden *w)
{
    struct signalfd_siginfo s;
    int rc = -1;

    while (read(w->signal_fd, &s, sizeof(s)) == sizeof(s)) {
        if (s.ssi_signo == SIGCHLD && reap(w) != EXIT_OK)
            rc = EXIT_FAILED;
        if (s.ssi_signo == SIGHUP)
            reload(w);
        if (s.ssi_signo == SIGTERM || s.ssi_signo == SIGINT)
            return drain(w);
    }
    return rc;
}

static int
supervise(struct warden *w)
{
    struct pollfd p[2] = {{.fd = w->signal_fd, .events = POLLIN}, {.fd = w->link_fd, .events = POLLIN}};
    int status = -1;

    w->tokens = RESTARTS_MAX;
    while (status < 0) {
        if (poll(p, 2, 1000) == 0)
            watch_sensor(w);
        keep_evidence(w);
        forgive_parsers(w);
        if (p[1].revents & POLLIN)
            links_changed(w);
        status = handle_signals(w);
    }
    if (w->sensor.pid > 0 || w->keeper.pid > 0)
        (void)drain(w);
    return status;
}

static int
open_warden(struct warden *w, struct err *err)
{
    int rc = find_programs(w, err);

    if (rc == 0)
        rc = open_signals(w, err);
    if (rc == 0)
        rc = open_page(w, err);
    if (rc == 0)
        rc = open_capture(w, err);
    if (rc == 0)
        rc = open_data(w, err);
    if (rc == 0)
        rc = open_listen(w, err);
    if (rc == 0)
        rc = program_snapshot(w->config, 1, &w->config_fd, err);
    if (rc == 0)
        rc = shmring_create(RING_BYTES, &w->ring, err);
    if (rc == 0)
        rc = start_keeper(w, err);
    if (rc == 0)
        rc = start_sensor(w, err);
    return rc;
}

/* The page is promised only when there is one. */
static bool
await_keeper(struct warden *w)
{
    int status;

    for (int i = 0; i < READY_MS / 5 && !w->page->keeper_is_ready; i++) {
        (void)poll(NULL, 0, 5);
        if (waitpid(w->keeper.pid, &status, WNOHANG) == w->keeper.pid) {
            child_gone(&w->keeper);
            log_error("warden", "the keeper cannot start (see its message above)", "%s", "");
            (void)drain(w);
            return false;
        }
    }
    return true;
}

static void
greet(const struct warden *w)
{
    (void)fprintf(stderr, "remora: the page is at http://127.0.0.1:%u   capturing on", w->port);
    for (int i = 0; i < w->n_devices; i++)
        if (w->devices[i].is_captured)
            (void)fprintf(stderr, " %s", w->devices[i].name);
    (void)fprintf(stderr, "   (Ctrl-C ends)\n");
}

static int
run_run(int argc, char **argv)
{
    static struct run_args args = {.data = "/var/lib/remora"};
    static struct warden w = {.args = &args, .listen_fd = -1, .capture_fd = -1, .sensor = {.control = -1}, .keeper = {.control = -1}};
    struct err err = {0};
    int status = parse_run(argc, argv, &args);

    if (status != EXIT_OK)
        return status;
    log_set_process("warden");
    (void)prctl(PR_SET_NAME, "remora-warden");
    if (args.no_sandbox)
        log_warn("warden", "sensor and keeper keep their privileges", "%s", "why=--no-sandbox");
    w.config = app_config(&args.source);
    if (!w.config)
        return EXIT_FAILED;
    w.capture = config_get(w.config, "capture");
    if (open_warden(&w, &err) < 0) {
        status = app_fail(&err);
        if (w.keeper.pid > 0)
            (void)drain(&w);
        return status;
    }
    if (!await_keeper(&w))
        return EXIT_FAILED;
    greet(&w);
    return supervise(&w);
}

const struct command command_run = {
    .name = "run",
    .usage = "[-c FILE]... [-E key=value]... [-i IFACE] [-f FILTER] [--data DIR] [--listen ADDR:PORT]",
    .summary = "captures, stores, and serves the page",
    .help = "Captures on all interfaces (or those of -i), keeps the events in DIR and serves the page and the search\n"
            "API. Needs root. SIGTERM and Ctrl-C end it without loss.\n\n"
            "  -i IFACE            name, pattern (br-*), or any\n"
            "  -f FILTER           only packets that fit (pcap-filter)\n"
            "  --data DIR          data directory (default /var/lib/remora)\n"
            "  --listen ADDR:PORT  the page (default 127.0.0.1:9200)\n"
            "  --no-sandbox        for debugging: the processes keep their privileges\n",
    .run = run_run,
};
