/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline of one thread: packets in, batches of events out. */
#include "worker/worker.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "capture/settings.h"
#include "worker/copies.h"
#include "worker/test_hook.h"

enum { BATCH_WANT = 256 << 10 };

static void
note_published(struct worker *w)
{
    if (w->options.notes)
        __atomic_store_n(&w->options.notes->published, w->position, __ATOMIC_RELAXED);
}

void
worker_flush(struct worker *w)
{
    if (!w->is_open) {
        note_published(w);
        return;
    }
    w->writer.head->lost += w->lost;
    w->writer.head->worker = w->options.number;
    w->lost = 0;
    uint32_t len = batch_end(&w->writer);
    w->is_open = false;
    w->counts.batches += len > 0;
    if (w->options.notes)
        __atomic_store_n(&w->options.notes->publishing, w->position, __ATOMIC_RELAXED);
    if (len > 0)
        w->options.sink.publish(w->options.sink.ctx, len);
    note_published(w);
}

/* Opens a batch; false: there is no room for one. */
static bool
open_batch(struct worker *w, uint32_t want)
{
    uint32_t cap = 0;

    if (w->is_open)
        return true;
    void *mem = w->options.sink.place(w->options.sink.ctx, want > BATCH_WANT ? want : BATCH_WANT, &cap);
    if (!mem)
        return false;
    batch_begin(&w->writer, mem, cap, schema_generation(w->options.schema));
    w->is_open = true;
    return true;
}

void
worker_emit(void *ctx, const struct record_head *head, const struct cells *a, const struct cells *b)
{
    struct worker *w = ctx;
    uint32_t want = a->len + (b ? b->len : 0) + 4096;

    w->counts.events++;
    if (open_batch(w, want) && batch_add(&w->writer, head, a, b))
        return;
    worker_flush(w);
    if (open_batch(w, want) && batch_add(&w->writer, head, a, b))
        return;
    w->lost++;
    w->counts.lost_events++;
}

/* Who asked? A SYN tells; else the higher port, else who spoke first. */
static unsigned
client_direction(const struct talk *t, unsigned dir)
{
    const uint8_t *addr;
    uint16_t from, to;

    if (t->is_tcp && t->stream.has_client)
        return t->stream.client;
    flow_address(t->flow, dir, &addr, &from);
    flow_address(t->flow, 1 - dir, &addr, &to);
    return t->is_tcp && from < to && from < 32768 ? 1 - dir : dir;
}

static void
set_client(struct talk *t, unsigned dir)
{
    t->client_dir = (uint8_t)client_direction(t, dir);
    t->flow->is_swapped = t->client_dir == 1;
}

/* The conversation begins with the first bytes: by then it is known who asked. false: no memory. */
static bool
talk_begin(struct talk *t, unsigned dir)
{
    const struct flow *f = t->flow;
    struct ends e = {.ip_version = f->key.ip_version, .l4 = f->key.l4, .first_packet = f->first_packet};

    if (t->conv)
        return true;
    set_client(t, dir);
    for (unsigned side = 0; side < 2; side++) {
        const uint8_t *addr;
        flow_address(f, side == SIDE_CLIENT ? t->client_dir : 1 - t->client_dir, &addr, &e.port[side]);
        memcpy(e.addr[side], addr, 16);
    }
    flow_community_id(t->worker, f, e.community_id);
    t->conv = conv_open(t->worker->core, &e, !t->is_tcp);
    if (t->conv && f->nat)
        worker_show_nat(f);
    return t->conv != NULL;
}

static enum side
side_of(const struct talk *t, unsigned dir)
{
    bool is_client = (dir == t->client_dir) != conv_is_reversed(t->conv);
    return is_client ? SIDE_CLIENT : SIDE_SERVER;
}

/* Detection may find that the sides are the other way round: the flow follows. */
static void
follow_reversal(struct talk *t)
{
    t->flow->is_swapped = (t->client_dir == 1) != conv_is_reversed(t->conv);
}

static void
talk_bytes(struct talk *t, unsigned dir, struct slice bytes, size_t cut)
{
    if (!talk_begin(t, dir) || !conv_wants(t->conv))
        return;
    conv_bytes(t->conv, side_of(t, dir), bytes, cut);
    follow_reversal(t);
}

static void
on_bytes(void *ctx, unsigned dir, struct slice bytes, struct stream_stamp seen)
{
    struct talk *t = ctx;

    core_seen(t->worker->core, seen.ns, seen.packet);
    talk_bytes(t, dir, bytes, 0);
}

static void
on_lost(void *ctx, unsigned dir, uint64_t lost)
{
    struct talk *t = ctx;

    if (talk_begin(t, dir) && conv_wants(t->conv))
        conv_lost(t->conv, side_of(t, dir), lost);
}

static void
on_end(void *ctx, unsigned dir, enum stream_finish how)
{
    struct talk *t = ctx;

    if (t->conv)
        conv_end(t->conv, side_of(t, dir), how == STREAM_RST ? END_RST : END_FIN);
}

static const struct stream_ops stream_up = {.bytes = on_bytes, .lost = on_lost, .end = on_end};

static struct talk *
talk_new(struct worker *w, struct flow *f, const struct layers *l, unsigned dir)
{
    struct talk *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->worker = w;
    t->flow = f;
    t->is_tcp = l->l4 == IPPROTO_TCP;
    stream_init(&t->stream, &w->streams, t);
    set_client(t, dir);
    return t;
}

static void
talk_free(struct talk *t, enum stream_end why)
{
    if (!t)
        return;
    stream_fini(&t->stream);
    conv_close(t->conv, why);
    free(t);
}

void
worker_forget(struct flow *f)
{
    struct talk *t = f->above;

    if (!t)
        return;
    stream_fini(&t->stream);
    conv_close(t->conv, END_EVICTED);
    free(t);
    f->above = NULL;
}

void
worker_show_nat(const struct flow *f)
{
    const struct talk *t = f->above;

    if (t && t->conv)
        conv_set_nat(t->conv, f->nat->is_first_source == (t->client_dir == 0) ? SIDE_CLIENT : SIDE_SERVER, f->nat->addr, f->nat->port);
}

static void
on_report(void *ctx, struct flow *f, bool is_final, uint64_t now_ns)
{
    static const enum stream_end ends[] = {END_TIMEOUT, END_FIN, END_RST, END_TIMEOUT, END_EVICTED, END_FILE};
    struct worker *w = ctx;

    /* What the conversation still says comes before the last word of its flow, at the same time. */
    if (is_final && f->above) {
        core_time(w->core, now_ns > w->now_ns ? now_ns : w->now_ns, w->packet);
        stream_finish(&((struct talk *)f->above)->stream);
    }
    if (w->flow_conf->enabled && !f->skip)
        flow_event(w, f, is_final, now_ns);
    if (is_final) {
        talk_free(f->above, ends[f->end]);
        f->above = NULL;
    }
}

static bool
carries(const struct layers *l)
{
    return l->l4 == IPPROTO_TCP || l->l4 == IPPROTO_UDP || l->l4 == IPPROTO_ICMP || l->l4 == IPPROTO_ICMPV6;
}

static void
talk_packet(struct worker *w, struct flow *f, unsigned dir, const struct layers *l)
{
    struct talk *t = f->above;

    if (!t) {
        if (!carries(l) || (l->l4 == IPPROTO_UDP && l->payload.len == 0))
            return;
        f->above = t = talk_new(w, f, l, dir);
        if (!t)
            return;
    }
    if (t->is_tcp) {
        stream_packet(&t->stream, dir, l, (struct stream_stamp){w->now_ns, w->packet});
        if (!t->conv) /* its SYN may have told */
            set_client(t, t->client_dir);
        return;
    }
    if (!talk_begin(t, dir))
        return;
    if (l->l4 == IPPROTO_ICMP || l->l4 == IPPROTO_ICMPV6) {
        conv_set_icmp(t->conv, (uint8_t)l->sport, (uint8_t)l->dport);
        talk_bytes(t, dir, l->icmp, l->cut);
    } else if (l->payload.len > 0) {
        talk_bytes(t, dir, l->payload, l->cut);
    }
}

/* Replay with several workers: is this address pair another one's? */
static bool
is_foreign(const struct worker *w, const struct layers *l)
{
    uint64_t h = 0, word;

    if (w->options.share_count < 2)
        return false;
    for (size_t i = 0; i < 16; i += 8) {
        uint64_t other;
        memcpy(&word, l->src + i, 8);
        memcpy(&other, l->dst + i, 8);
        h = h * 31 + (word ^ other);
    }
    h *= 0x9e3779b97f4a7c15ull;
    return (h >> 40) % w->options.share_count != w->options.share_index;
}

static void
advance(struct worker *w, uint64_t time_ns, uint64_t packet)
{
    if (time_ns < w->now_ns)
        w->counts.clamped++;
    else
        w->now_ns = time_ns;
    core_time(w->core, w->now_ns, packet);
    stream_time(&w->streams, w->now_ns);
    flow_time(w->flows, w->now_ns);
    core_time(w->core, w->now_ns, packet);
    w->packet = packet;
}

static void
one_packet(struct worker *w, const struct packet *p)
{
    struct layers l;
    unsigned dir;

    w->counts.packets++;
    w->counts.bytes += p->len;
    advance(w, p->time_ns, p->number);
    if (decode_packet(w->decoder, p, &l) != DECODE_OK)
        return;
    if (is_foreign(w, &l)) {
        w->counts.foreign++;
        return;
    }
    struct flow *f = flow_get(w->flows, &l, p, &dir);
    if (!f)
        return;
    struct talk *t = f->above;
    if (t && t->is_tcp && stream_is_reuse(&t->stream, dir, &l)) {
        f->side[dir].packets -= l.n_packets;
        f->side[dir].bytes -= l.wire_len;
        flow_end(w->flows, f, FLOW_END_FIN, w->now_ns);
        f = flow_get(w->flows, &l, p, &dir);
        if (!f)
            return;
    }
    if (!copies_take(w, f, dir, &l, p))
        return;
#ifdef REMORA_TEST_HOOKS
    test_hook(w, l.payload);
#endif
    if (l.l4 == IPPROTO_TCP)
        f->side[dir].tcp_flags |= l.tcp.flags;
    talk_packet(w, f, dir, &l);
}

void
worker_turn(struct worker *w, const struct packet_batch *packets)
{
    struct worker_notes *notes = w->options.notes;

    for (unsigned i = 0; i < packets->n; i++) {
        w->position = packets->position + i;
        if (notes)
            __atomic_store_n(&notes->packet, w->position, __ATOMIC_RELAXED);
        one_packet(w, &packets->p[i]);
    }
    if (!notes)
        return;
    __atomic_store_n(&notes->packet, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&notes->turns, notes->turns + 1, __ATOMIC_RELAXED);
}

void
worker_time(struct worker *w, uint64_t now_ns)
{
    if (now_ns > w->now_ns)
        advance(w, now_ns, w->packet);
}

void
worker_finish(struct worker *w)
{
    flow_finish(w->flows, w->now_ns);
    worker_flush(w);
}

size_t
worker_sections(struct section *ret, size_t max)
{
    size_t n = core_sections(ret, max);

    if (n < max)
        ret[n++] = (struct section){"capture", "Where packets come from.", capture_settings, sizeof(struct capture_conf), NULL};
    if (n < max)
        ret[n++] = (struct section){"flows", "Flows: who talked to whom, how much and how it ended.", flow_settings,
                                    sizeof(struct flow_conf), NULL};
    return n;
}

static void
take_config(struct worker *w, const struct config *config)
{
    w->options.config = config;
    w->flow_conf = config_get(config, "flows");
    w->takes_all = ((const struct capture_conf *)config_get(config, "capture"))->copies == COPIES_ALL;
}

struct worker *
worker_new(const struct worker_options *options, struct err *err)
{
    struct worker *w = aligned_alloc(64, (sizeof(*w) + 63) & ~(size_t)63);

    if (!w) {
        (void)err_set(err, ERR_NOMEM, "no memory for a worker");
        return NULL;
    }
    memset(w, 0, sizeof(*w));
    w->options = *options;
    w->streams.ops = &stream_up;
    take_config(w, options->config);
    w->decoder = decoder_new(NULL);
    struct flow_ops ops = {.report = on_report, .ctx = w};
    w->flows = flow_table_new(w->flow_conf, &ops, options->is_replay ? 1 : (uint64_t)(uintptr_t)w);
    struct core_options core = {.config = options->config, .schema = options->schema, .is_replay = options->is_replay,
                                .file_id = options->file_id, .emit = worker_emit, .ctx = w};
    if (options->notes) {
        core.parser = &options->notes->parser;
        core.disabled = &options->notes->disabled;
    }
    w->core = core_new(&core);
    if (!w->decoder || !w->flows || !w->core) {
        worker_free(w);
        (void)err_set(err, ERR_NOMEM, "no memory for a worker");
        return NULL;
    }
    return w;
}

void
worker_free(struct worker *w)
{
    if (!w)
        return;
    if (w->flows && w->core) {
        struct batch_sink nowhere = {0};
        (void)nowhere;
        flow_table_free(w->flows);
    }
    core_free(w->core);
    decoder_free(w->decoder);
    free(w);
}

void
worker_config(struct worker *w, const struct config *config)
{
    take_config(w, config);
    core_config(w->core, config);
    flow_table_config(w->flows, w->flow_conf);
}

enum { N_FIXED = 24 };

size_t
worker_n_counters(const struct worker *w)
{
    (void)w;
    return N_FIXED + DECODE_N_RESULTS;
}

void
worker_counter(const struct worker *w, size_t i, const char **ret_name, const char **ret_help, uint64_t *ret_value)
{
    const struct core_stats *c = core_stats(w->core);
    const struct flow_stats *f = flow_stats(w->flows);
    const struct stream_stats *s = &w->streams.stats;
    const struct {
        const char *name, *help;
        uint64_t value;
    } rows[N_FIXED] = {
        {"packets_total", "Packets that reached the worker.", w->counts.packets},
        {"bytes_total", "Bytes of these packets on the wire.", w->counts.bytes},
        {"events_total", "Events made.", w->counts.events},
        {"events_lost_total", "Events given up because the ring to the keeper was full.", w->counts.lost_events},
        {"batches_total", "Batches published.", w->counts.batches},
        {"time_clamped_total", "Packets with a time before that of the packet before.", w->counts.clamped},
        {"copies_total", "Packets that another interface had shown already.", w->counts.copies},
        {"own_total", "Packets of remora itself: its page and its outputs.", w->counts.own},
        {"legs_joined_total", "Translated connections whose two legs were joined.", w->counts.joined},
        {"leg_packets_total", "Packets of legs that are shown by their other side.", w->counts.legs},
        {"flows", "Flows in the table.", f->now},
        {"flows_made_total", "Flows made.", f->made},
        {"flows_evicted_total", "Flows given up because the table was full.", f->evicted},
        {"gaps_total", "Holes in TCP streams that were never filled.", c->gaps},
        {"stream_held_bytes", "Memory of TCP segments that wait for others.", s->held_bytes},
        {"stream_held_bytes_peak", "The most that it was.", s->held_peak},
        {"stream_held_total", "TCP segments that had to wait for others.", s->held_total},
        {"stream_given_up_total", "Holes in TCP streams given up because memory for waiting segments was full.", s->given_up},
        {"conversations_unknown_total", "Conversations of no known protocol.", c->unknown},
        {"conversations_broken_total", "Conversations that a parser gave up as broken.", c->broken},
        {"transactions_unanswered_total", "Requests without a response.", c->unanswered},
        {"transactions_dropped_total", "Transactions that turned out to be none.", c->dropped},
        {"notes_total", "Anomalies that parsers noted.", c->notes},
        {"values_dropped_total", "Values that were too large for their event.", c->dropped_values},
    };

    if (i < N_FIXED) {
        *ret_name = rows[i].name;
        *ret_help = rows[i].help;
        *ret_value = rows[i].value;
        return;
    }
    enum decode_result r = (enum decode_result)(i - N_FIXED);
    static const char *const names[DECODE_N_RESULTS] = {"decode_ok_total", "decode_not_ip_total", "decode_fragment_total",
                                                        "decode_short_total", "decode_malformed_total",
                                                        "decode_checksum_total", "decode_unknown_link_total"};
    *ret_name = names[r];
    *ret_help = "Packets by what decoding made of them.";
    *ret_value = decoder_stats(w->decoder)->by_result[r];
}
