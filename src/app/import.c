/* SPDX-License-Identifier: Apache-2.0 */
/* Capture files into the store: a ring, a keeper, and the page when that is asked for. */
#include "app/import.h"

#include <ctype.h>
#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "app/fds.h"
#include "app/program.h"
#include "app/sandbox.h"
#include "base/shmring.h"
#include "warden/warden.h"
#include "web/web.h"

enum { RING_BYTES = 32 << 20, STOP_MS = 60000 };

struct import {
    const struct import_options *options;
    struct shmring_fds fds;
    struct shmring *ring;
    struct shared_page *page;
    int page_fd, config_fd, listen_fd;
    unsigned port;
    struct child keeper;
    char data[4096];
    bool owns_data;
    uint64_t events_ns; /* when it began */
};

static volatile sig_atomic_t stop_asked;

static void
on_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

static uint64_t
now_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* "lunch-break" of "/tmp/Lunch Break.pcap.gz": what an index name may hold. */
static void
name_of(const char *path, char *out, size_t size)
{
    const char *base = strrchr(path, '/');
    size_t n = 0;

    base = strcmp(path, "-") == 0 ? "stdin" : base ? base + 1 : path;
    for (const char *p = base; *p && *p != '.' && n + 1 < size; p++)
        out[n++] = (char)(isalnum((unsigned char)*p) ? tolower((unsigned char)*p) : '-');
    if (n == 0)
        n = (size_t)snprintf(out, size, "capture");
    out[n] = '\0';
}

static int
choose_data(struct import *im, struct err *err)
{
    const char *tmp = getenv("TMPDIR");

    if (im->options->data) {
        (void)snprintf(im->data, sizeof(im->data), "%s", im->options->data);
        if (mkdir(im->data, 0700) < 0 && errno != EEXIST)
            return err_sys(err, ERR_IO, errno, "cannot make the data directory %s", im->data);
    } else if (!im->options->serve) {
        return err_set(err, ERR_USAGE, "-o store needs --data DIR to keep the events in, or --serve to show them at once");
    } else {
        (void)snprintf(im->data, sizeof(im->data), "%s/remora-XXXXXX", tmp && *tmp ? tmp : "/tmp");
        if (!mkdtemp(im->data))
            return err_sys(err, ERR_IO, errno, "cannot make a data directory %s (choose one with --data)", im->data);
        im->owns_data = true;
    }
    return program_give(im->data, err);
}

static int
open_page(struct import *im, struct err *err)
{
    char name[sizeof(im->page->import)];
    struct stat st;

    im->page_fd = memfd_create("remora-page", MFD_CLOEXEC);
    if (im->page_fd < 0 || ftruncate(im->page_fd, sizeof(*im->page)) < 0)
        return err_sys(err, ERR_IO, errno, "cannot make the page of counters");
    im->page = mmap(NULL, sizeof(*im->page), PROT_READ | PROT_WRITE, MAP_SHARED, im->page_fd, 0);
    if (im->page == MAP_FAILED)
        return err_sys(err, ERR_IO, errno, "cannot map the page of counters");
    im->page->started_ns = now_ns(CLOCK_REALTIME);
    if (getrandom(&im->page->ring_id, sizeof(im->page->ring_id), 0) < 0 || im->page->ring_id == 0)
        im->page->ring_id = im->page->started_ns;
    im->page->ring_id &= INT64_MAX;
    name_of(im->options->files[0], name, sizeof(name));
    (void)snprintf(im->page->import, sizeof(im->page->import), "%s", name);
    for (size_t i = 0; i < im->options->n_files; i++)
        if (stat(im->options->files[i], &st) == 0 && S_ISREG(st.st_mode))
            im->page->import_all += (uint64_t)st.st_size;
    return 0;
}

static int
open_listen(struct import *im, struct err *err)
{
    const struct web_conf *web = config_get(im->options->config, "web");

    if (!im->options->serve)
        return 0;
    return warden_listen(im->options->listen ? im->options->listen : web->listen, !im->options->listen, &im->listen_fd, &im->port, err);
}

static int
start_keeper(struct import *im, struct err *err)
{
    char program[4096], import[sizeof(im->page->import) + 16];
    int rc = program_find("-keeper", program, sizeof(program), err);

    (void)snprintf(import, sizeof(import), "--import=%s", im->page->import);
    const char *argv[] = {program, im->data, im->options->serve ? "1" : "0", import, NULL};
    struct child_spec spec = {.path = program, .argv = argv, .n_fds = 7,
                              .fds = {im->config_fd, im->page_fd, im->fds.bell, im->fds.data_ro, im->fds.ack_rw, -1, im->listen_fd}};
    if (rc == 0)
        rc = child_start(&spec, &im->keeper, err);
    if (rc == 0)
        im->page->keeper_pid = im->keeper.pid;
    return rc;
}

int
import_open(const struct import_options *options, struct import **ret, struct err *err)
{
    struct import *im = calloc(1, sizeof(*im));
    struct sigaction act = {.sa_handler = on_stop};

    if (!im)
        return err_set(err, ERR_NOMEM, "no memory for an import");
    *ret = im; /* import_close() takes down what there is */
    im->options = options;
    im->listen_fd = im->page_fd = im->config_fd = im->keeper.control = -1;
    im->fds = (struct shmring_fds){-1, -1, -1, -1, -1};
    im->events_ns = now_ns(CLOCK_MONOTONIC);
    int rc = choose_data(im, err);
    if (rc == 0)
        rc = open_page(im, err);
    if (rc == 0)
        rc = open_listen(im, err);
    if (rc == 0)
        rc = program_snapshot(options->config, 1, &im->config_fd, err);
    if (rc == 0)
        rc = shmring_create(RING_BYTES, &im->fds, err);
    if (rc == 0)
        rc = shmring_open_producer(im->fds.data_rw, im->fds.ack_ro, im->fds.bell, &im->ring, err);
    (void)sigaction(SIGINT, &act, NULL);
    (void)sigaction(SIGTERM, &act, NULL);
    return rc == 0 ? start_keeper(im, err) : rc;
}

bool
import_is_over(struct import *im)
{
    int status;

    if (im->keeper.pid > 0 && waitpid(im->keeper.pid, &status, WNOHANG) == im->keeper.pid) {
        struct err err = {0};
        child_gone(&im->keeper);
        (void)err_set(&err, ERR_IO, "the keeper ended while it stored the events (see its message above)");
        (void)app_fail(&err);
    }
    return stop_asked || im->keeper.pid == 0;
}

void *
import_place(struct import *im, uint32_t want, uint32_t *ret_cap)
{
    void *at;

    while (!(at = shmring_place(im->ring, want, ret_cap))) {
        if (import_is_over(im))
            return NULL;
        (void)poll(NULL, 0, 1);
    }
    return at;
}

void
import_publish(struct import *im, uint32_t len)
{
    shmring_publish(im->ring, len);
}

void
import_progress(struct import *im, uint64_t bytes_done, uint64_t packets)
{
    im->page->packets = packets;
    im->page->import_done = bytes_done;
}

/* A browser of the desktop, where there is one. */
static void
open_browser(const char *url)
{
    if (!isatty(STDERR_FILENO) || (!getenv("DISPLAY") && !getenv("WAYLAND_DISPLAY")) || geteuid() == 0)
        return;
    pid_t pid = fork();
    if (pid != 0)
        return; /* nobody waits for it: this process ends when people are done looking */
    if (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "w", stdout))
        _exit(1);
    (void)execlp("xdg-open", "xdg-open", url, (char *)NULL);
    _exit(127);
}

int
import_finish(struct import *im)
{
    while (shmring_used(im->ring) > 0 && !import_is_over(im))
        (void)poll(NULL, 0, 2);
    if (im->keeper.pid == 0)
        return EXIT_FAILED;
    if (stop_asked)
        return 128 + SIGINT;
    im->page->import_done = im->page->import_all;
    double seconds = (double)(now_ns(CLOCK_MONOTONIC) - im->events_ns) / 1e9;
    if (!im->options->serve) {
        (void)fprintf(stderr, "remora: imported in %.1f s to remora-import-%s-* in %s\n", seconds, im->page->import, im->data);
        return EXIT_OK;
    }
    char url[64];
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", im->port);
    (void)fprintf(stderr, "remora: imported in %.1f s; the page is at %s   (Ctrl-C ends)\n", seconds, url);
    open_browser(url);
    while (!import_is_over(im))
        (void)poll(NULL, 0, 500);
    return im->keeper.pid == 0 ? EXIT_FAILED : EXIT_OK;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void
import_close(struct import *im)
{
    if (!im)
        return;
    if (im->keeper.pid > 0) {
        child_tell(&im->keeper, 'q');
        if (!child_wait(&im->keeper, STOP_MS)) {
            (void)kill(im->keeper.pid, SIGKILL);
            (void)child_wait(&im->keeper, 1000);
        }
    }
    shmring_close(im->ring);
    shmring_close_fds(&im->fds);
    if (im->owns_data && nftw(im->data, remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0)
        (void)fprintf(stderr, "remora: the directory %s could not be removed\n", im->data);
    free(im);
}
