/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper: takes batches out of the ring, checks and enriches them, stores, ships and shows them. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/fds.h"
#include "app/keeper_search.h"
#include "app/keeper_status.h"
#include "app/roles.h"
#include "app/sandbox.h"
#include "app/sections.h"
#include "base/log.h"
#include "base/shmring.h"
#include "enrich/enrich.h"
#include "output/file/file.h"
#include "output/output.h"
#include "store/store.h"
#include "warden/warden.h"
#include "web/web.h"

enum { MAX_OUTPUTS = 8, MAX_LISTEN = 8, TAKE_AT_ONCE = 64, RETRY_MS = 200 };

struct keeper {
    struct keeper_view view; /* what the status shows */
    struct config *config;
    struct enrich *enrich;
    struct output *outputs[MAX_OUTPUTS];
    size_t n_outputs;
    struct web *web;
    uint64_t position;   /* in the ring, of what was taken */
    bool is_draining;
};

static void
fatal(const char *what, const struct err *err)
{
    log_error("keeper", what, "why=\"%s\"", err->text);
    _exit(1); /* the warden starts a new one; what was not acknowledged waits in the ring */
}

/* What the warden or `read` says on the command line. */
struct keeper_args {
    const char *dir;    /* data directory */
    size_t n_listen;    /* listening sockets from FD_LISTEN on */
    const char *import; /* name of the capture that is imported; NULL: live */
    bool no_sandbox;
};

static int
open_store(struct keeper *k, const struct keeper_args *args, struct err *err)
{
    struct store_options options = {.conf = config_get(k->config, "store"), .dir = args->dir, .schema = k->view.schema,
                                    .import_name = args->import};

    if (!options.conf->enabled && !args->import)
        return 0;
    if (args->import)
        (void)snprintf(k->view.index, sizeof(k->view.index), "remora-import-*");
    else
        (void)snprintf(k->view.index, sizeof(k->view.index), "%.100s-*", options.conf->index_traffic);
    k->view.retention_age_ns = options.conf->retention_age_ns;
    k->view.retention_bytes = options.conf->retention_bytes;
    return store_open(&options, &k->view.store, err);
}

static int
open_web(struct keeper *k, size_t n_listen, struct err *err)
{
    int fds[MAX_LISTEN];

    if (n_listen == 0)
        return 0;
    for (size_t i = 0; i < n_listen && i < MAX_LISTEN; i++)
        fds[i] = FD_LISTEN + (int)i;
    struct web_options options = {.conf = config_get(k->config, "web"), .config = k->config, .schema = k->view.schema,
                                  .store = k->view.store, .listen_fds = fds, .n_listen_fds = n_listen,
                                  .status = keeper_status, .metrics = keeper_metrics, .ctx = &k->view};
    return web_start(&options, &k->web, err);
}

/* Files only in the data directory and where the file output writes. */
static int
enter_sandbox(struct keeper *k, const struct keeper_args *args, struct err *err)
{
    const struct file_conf *file = config_get(k->config, "output.file");
    const char *writable[2] = {args->dir, file->path};

    return sandbox_keeper(writable, file->enabled && file->path ? 2 : 1, err);
}

static int
open_keeper(struct keeper *k, const struct keeper_args *args, struct err *err)
{
    struct buf snapshot;
    char host[256] = "";
    int rc = role_slurp(FD_CONFIG, &snapshot, err);

    if (rc == 0)
        rc = config_restore(keeper_sections(), buf_slice(&snapshot), NULL, &k->config, err);
    buf_fini(&snapshot);
    k->view.schema = schema_builtin();
    k->view.page = role_page(FD_PAGE);
    if (rc == 0 && !k->view.page)
        rc = err_sys(err, ERR_IO, errno, "cannot map the shared page");
    if (rc == 0)
        rc = shmring_open_consumer(FD_RING_DATA, FD_RING_ACK, FD_BELL, &k->view.ring, err);
    if (rc < 0)
        return rc;
    k->position = shmring_tail(k->view.ring);
    (void)gethostname(host, sizeof(host) - 1);
    (void)snprintf(k->view.host, sizeof(k->view.host), "%s", host);
    struct enrich_options enrich = {.conf = config_get(k->config, "enrich"), .schema = k->view.schema, .host_name = k->view.host};
    k->view.has_geoip = enrich.conf->geoip.n > 0;
    rc = enrich_new(&enrich, &k->enrich, err); /* reads its files now, before they are out of reach */
    k->n_outputs = MAX_OUTPUTS;
    if (rc == 0)
        rc = output_open_enabled(k->config, k->view.schema, k->outputs, &k->n_outputs, err);
    if (rc == 0 && !args->no_sandbox)
        rc = enter_sandbox(k, args, err);
    if (rc == 0)
        rc = open_store(k, args, err);
    if (rc == 0)
        rc = open_web(k, args->n_listen, err);
    return rc;
}

/* A batch to everybody; nobody may hold up the others. */
static void
hand_on(struct keeper *k, struct batch_ref *batch)
{
    struct err err = {0};

    for (size_t i = 0; i < k->n_outputs; i++)
        if (k->outputs[i]->ops->write(k->outputs[i], batch, &err) < 0)
            k->view.output_errors++;
    if (k->view.store && store_append(k->view.store, batch, &err) < 0)
        fatal("the store refuses events", &err);
    web_live(k->web, batch);
}

/* Behind a batch with impossible lengths nothing can be found: what came before is kept, and the warden, who sees
 * this exit status, replaces the sensor and the ring. */
static void
end_at_lie(struct keeper *k, const struct err *why)
{
    struct err err = {0};

    log_error("keeper", "a lie in the ring", "why=\"%s\"", why->text);
    if (!k->view.store || store_commit(k->view.store, &err) == 0)
        shmring_release(k->view.ring, k->position);
    _exit(KEEPER_SAW_LIE);
}

static bool
take_one(struct keeper *k)
{
    struct batch_ref *batch = NULL;
    struct err err = {0};
    void *mem = NULL;
    uint32_t len = 0;
    uint64_t at = k->position;
    int rc = shmring_take(k->view.ring, &k->position, &mem, &len);

    if (rc == ERR_FORMAT) {
        (void)err_set(&err, rc, "the sensor published a batch with impossible lengths");
        k->view.lies++;
        end_at_lie(k, &err);
    }
    if (rc < 0 || !mem)
        return false;
    struct batch_head *head = mem;
    head->ring_id = k->view.page->ring_id;
    head->position = at;
    k->view.lost_events += head->lost;
    if (enrich_batch(k->enrich, slice_of(mem, len), &batch, &err) < 0) {
        k->view.lies++;
        log_warn("keeper", "a batch of the sensor was refused", "why=\"%s\"", err.text);
    } else {
        const struct batch_head *trusted = (const void *)batch_ref_bytes(batch).p;
        k->view.events += trusted->n_records;
        hand_on(k, batch);
    }
    batch_ref_put(batch);
    free(mem);
    return true;
}

/* Commits what is due and frees the ring up to it. Returns ms to sleep at most. */
static int
tick(struct keeper *k)
{
    struct err err = {0};
    uint64_t done = k->position;
    int ms = 60000;

    for (size_t i = 0; i < k->n_outputs; i++)
        (void)k->outputs[i]->ops->flush(k->outputs[i], &err);
    if (k->view.store) {
        ms = store_tick(k->view.store, &err);
        if (ms < 0)
            fatal("the store failed", &err);
        if (!store_is_clean(k->view.store))
            done = shmring_tail(k->view.ring);
    }
    if (done != shmring_tail(k->view.ring))
        shmring_release(k->view.ring, done);
    return ms;
}

static void
listen_to_warden(struct keeper *k)
{
    struct child_message said = {0};
    ssize_t n = recv(FD_CONTROL, &said, sizeof(said), MSG_DONTWAIT);

    if (n == 0 || (n > 0 && said.word == 'q') || (n < 0 && errno != EAGAIN && errno != EINTR))
        k->is_draining = true;
}

static void
run_keeper(struct keeper *k)
{
    struct pollfd p[2] = {{.fd = FD_BELL, .events = POLLIN}, {.fd = FD_CONTROL, .events = POLLIN}};

    while (!k->is_draining) {
        bool any = false;
        bool accepts = !k->view.store || store_accepts(k->view.store);
        for (int i = 0; accepts && i < TAKE_AT_ONCE && take_one(k); i++)
            any = true;
        int ms = tick(k);
        if (any)
            ms = 0;
        if (!any && accepts && shmring_will_sleep(k->view.ring, k->position))
            ms = 0;
        (void)poll(p, 2, ms);
        if (!any)
            shmring_awake(k->view.ring);
        if (p[1].revents)
            listen_to_warden(k);
    }
    while (take_one(k))
        (void)tick(k);
}

static void
close_keeper(struct keeper *k)
{
    struct err err = {0};

    web_stop(k->web);
    for (size_t i = 0; i < k->n_outputs; i++)
        k->outputs[i]->ops->close(k->outputs[i]);
    if (k->view.store) {
        if (store_commit(k->view.store, &err) == 0)
            shmring_release(k->view.ring, k->position);
        else
            log_error("keeper", "the last events could not be stored", "why=\"%s\"", err.text);
        store_close(k->view.store);
    }
}

static bool
parse_keeper(int argc, char **argv, struct keeper_args *a)
{
    if (argc < 3)
        return false;
    *a = (struct keeper_args){.dir = argv[1], .n_listen = strtoul(argv[2], NULL, 10)};
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--no-sandbox") == 0)
            a->no_sandbox = true;
        else if (strncmp(argv[i], "--import=", 9) == 0)
            a->import = argv[i] + 9;
        else
            return false;
    }
    return true;
}

int
main(int argc, char **argv)
{
    static struct keeper k;
    struct keeper_args args;
    struct err err = {0};

    if (argc > 1 && strcmp(argv[1], "@search") == 0)
        return keeper_search(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "@status") == 0)
        return keeper_ask_status(argc - 1, argv + 1);
    if (!parse_keeper(argc, argv, &args)) {
        (void)fprintf(stderr, "remora-keeper is started by remora run and remora read\n");
        return 2;
    }
    log_set_process("keeper");
    (void)prctl(PR_SET_NAME, "remora-keeper");
    (void)umask(0077);
    tzset();
    if (!args.no_sandbox && sandbox_drop("_remora", 65532, &err) < 0)
        fatal("cannot start", &err);
    if (open_keeper(&k, &args, &err) < 0)
        fatal("cannot start", &err);
    k.view.page->keeper_is_ready = 1;
    run_keeper(&k);
    close_keeper(&k);
    return 0;
}
