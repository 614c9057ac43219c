/* SPDX-License-Identifier: Apache-2.0 */
/* The status of all processes as JSON and as Prometheus text. */
#include "app/keeper_status.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/fds.h"

static json_t *
time_text(uint64_t ns)
{
    char text[40];
    struct tm tm;
    time_t s = (time_t)(ns / 1000000000u);

    if (ns == 0)
        return json_null();
    size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", gmtime_r(&s, &tm));
    (void)snprintf(text + n, sizeof(text) - n, ".%06uZ", (unsigned)(ns % 1000000000u / 1000));
    return json_string(text);
}

static uint64_t
now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* CPU seconds and resident bytes of a process, from /proc. */
static json_t *
process(const char *name, int pid, unsigned restarts)
{
    char path[64], line[1024];
    unsigned long utime = 0, stime = 0;
    long rss = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    FILE *f = fopen(path, "re");
    if (f && fgets(line, sizeof(line), f)) {
        const char *rest = strrchr(line, ')');
        if (!rest || sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u %*u %ld",
                            &utime, &stime, &rss) != 3)
            utime = stime = 0;
    }
    if (f)
        (void)fclose(f);
    double ticks = (double)sysconf(_SC_CLK_TCK);
    return json_pack("{s:s,s:i,s:f,s:I,s:i}", "name", name, "pid", pid, "cpu_seconds", (double)(utime + stime) / ticks, "rss",
                     (json_int_t)rss * sysconf(_SC_PAGESIZE), "restarts", (int)restarts);
}

static json_t *
interfaces(const struct shared_page *p)
{
    json_t *out = json_array();

    for (uint32_t i = 0; i < p->n_interfaces && i < 64; i++)
        json_array_append_new(out, json_pack("{s:s,s:b,s:b,s:b}", "name", p->interfaces[i].name, "up", (int)p->interfaces[i].is_up,
                                             "captured", (int)p->interfaces[i].is_captured, "bridge", (int)p->interfaces[i].is_bridge));
    return out;
}

static void
unseen(json_t *out, const char *kind, const char *text, const char *hint)
{
    json_array_append_new(out, json_pack("{s:s,s:s,s:s}", "kind", kind, "text", text, "hint", hint));
}

/* Why nothing, or not everything, is seen. */
static json_t *
reasons(const struct shared_page *p)
{
    json_t *out = json_array();
    uint32_t n = 0;

    if (p->import[0])
        return out;
    for (uint32_t i = 0; i < p->n_interfaces && i < 64; i++) {
        n += p->interfaces[i].is_captured;
        if (p->interfaces[i].is_bridge && !p->interfaces[i].is_captured)
            unseen(out, "bridge_not_captured", p->interfaces[i].name, "This bridge is not captured: add it to capture.interfaces.");
    }
    if (n == 0)
        unseen(out, "no_interface", "No interface is captured.", "Name one in capture.interfaces; remora devices lists them.");
    if (p->packets == 0)
        unseen(out, "no_packets", "No packet has come yet.", "Is there traffic on the captured interfaces? capture.filter may be too narrow.");
    if (p->drops > 0)
        unseen(out, "lost", "The kernel dropped packets before the sensor saw them.", "Enlarge capture.ring or narrow capture.filter.");
    return out;
}

/* What the capture does now. */
static const char *
state_of(const struct shared_page *p)
{
    if (p->import[0])
        return p->import_done < p->import_all ? "importing" : "imported";
    return p->sensor_pid > 0 ? "capturing" : "stopped";
}

static json_t *
counters(const struct shared_page *p)
{
    json_t *out = json_array();

    for (uint32_t i = 0; i < p->n_rows && i < PAGE_ROWS; i++)
        json_array_append_new(out, json_pack("{s:s,s:I,s:s}", "name", p->rows[i].name, "value", (json_int_t)p->rows[i].value, "help",
                                             p->rows[i].help));
    return out;
}

json_t *
keeper_status(void *ctx)
{
    const struct keeper_view *v = ctx;
    const struct shared_page *p = v->page;
    struct store_stats stats = {0};
    uint64_t seen = p->packets + p->drops;

    if (v->store)
        store_stats(v->store, &stats);
    json_t *capture = json_pack(
        "{s:s,s:o,s:I,s:I,s:I,s:f,s:o,s:o}", "state", state_of(p), "interfaces", interfaces(p), "packets",
        (json_int_t)p->packets, "bytes", (json_int_t)p->bytes, "drops", (json_int_t)p->drops, "completeness",
        seen ? (double)p->packets / (double)seen : 1.0, "last_packet", time_text(p->last_packet_ns), "unseen", reasons(p));
    json_t *store = json_pack("{s:I,s:I,s:o,s:o,s:I,s:b,s:s,s:I,s:I}", "bytes", (json_int_t)stats.bytes, "docs", (json_int_t)stats.docs, "oldest",
                              time_text(stats.oldest_ns), "newest", time_text(stats.newest_ns), "free_bytes",
                              (json_int_t)stats.free_bytes, "writable", stats.writable, "trouble", stats.trouble,
                              "retention_age_ns", (json_int_t)v->retention_age_ns, "retention_bytes", (json_int_t)v->retention_bytes);
    json_t *gaps = json_array();
    if (p->gap_to_ns)
        json_array_append_new(gaps, json_pack("{s:o,s:o,s:s}", "from", time_text(p->gap_from_ns), "to", time_text(p->gap_to_ns), "why",
                                              "the sensor was restarted"));
    json_t *processes = json_array();
    if (p->warden_pid)
        json_array_append_new(processes, process("warden", p->warden_pid, 0));
    if (p->sensor_pid)
        json_array_append_new(processes, process("sensor", p->sensor_pid, p->sensor_restarts));
    json_array_append_new(processes, process("keeper", p->keeper_pid, p->keeper_restarts));
    return json_pack("{s:s,s:s,s:s,s:b,s:o,s:o,s:s,s:s,s:o,s:{s:I,s:I},s:o,s:{s:I,s:I},s:o,s:o,s:o}", "version", REMORA_VERSION, "hostname",
                     v->host, "index", v->index, "geoip", (int)v->has_geoip, "now", time_text(now_ns()), "started", time_text(p->started_ns), "mode", p->import[0] ? "import" : "run", "import",
                     p->import, "capture", capture,
                     "events", "total", (json_int_t)v->events, "dropped", (json_int_t)v->lost_events, "store", store, "ring", "used",
                     (json_int_t)shmring_used(v->ring), "size", (json_int_t)shmring_size(v->ring), "processes", processes,
                     "sensor_gaps", gaps, "counters", counters(p));
}

static void
metric(struct buf *out, const char *name, const char *help, uint64_t value)
{
    const char *kind = strlen(name) > 6 && strcmp(name + strlen(name) - 6, "_total") == 0 ? "counter" : "gauge";
    buf_printf(out, "# HELP remora_%s %s\n# TYPE remora_%s %s\nremora_%s %" PRIu64 "\n", name, help, name, kind, name, value);
}

void
keeper_metrics(void *ctx, struct buf *out)
{
    const struct keeper_view *v = ctx;
    const struct shared_page *p = v->page;

    metric(out, "capture_packets_total", "Packets that the sensor took from the kernel.", p->packets);
    metric(out, "capture_dropped_total", "Packets that the kernel dropped before the sensor saw them.", p->drops);
    metric(out, "sensor_restarts_total", "Times that the sensor was started anew.", p->sensor_restarts);
    metric(out, "parser_crashes_total", "Times that a parser crashed; its packet is in an evidence file.", p->parser_crashes);
    metric(out, "keeper_restarts_total", "Times that the keeper was started anew.", p->keeper_restarts);
    metric(out, "keeper_events_total", "Events that the keeper took.", v->events);
    metric(out, "keeper_lies_total", "Batches of the sensor that were refused.", v->lies);
    metric(out, "ring_used_bytes", "Bytes in the ring between sensor and keeper.", shmring_used(v->ring));
    for (uint32_t i = 0; i < p->n_rows && i < PAGE_ROWS; i++) {
        char name[PAGE_NAME + 16];
        (void)snprintf(name, sizeof(name), "sensor_%s", p->rows[i].name);
        metric(out, name, p->rows[i].help, p->rows[i].value);
    }
}
