/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions: opened, filled with fields, joined, ended; the record that comes of them. */
#include <netinet/in.h>
#include <stdlib.h>

#include "proto/core_priv.h"

enum { CELLS_FIRST = 2048, CELLS_MAX = 1 << 20, VALUE_MAX = 256 << 10, NOTE_MAX = 8 };

static const struct proto *
proto_of(const struct tx *tx)
{
    return proto_table[tx->conv->proto];
}

static void
due_link(struct core *c, struct tx *tx)
{
    struct tx_list *l = &c->due[tx->conv->proto];

    tx->due_prev = l->last;
    if (l->last)
        l->last->due_next = tx;
    else
        l->first = tx;
    l->last = tx;
}

static void
due_unlink(struct core *c, struct tx *tx)
{
    struct tx_list *l = &c->due[tx->conv->proto];

    *(tx->due_prev ? &tx->due_prev->due_next : &l->first) = tx->due_next;
    *(tx->due_next ? &tx->due_next->due_prev : &l->last) = tx->due_prev;
}

static void
open_unlink(struct tx *tx)
{
    struct conv *cv = tx->conv;

    *(tx->prev ? &tx->prev->next : &cv->open.first) = tx->next;
    *(tx->next ? &tx->next->prev : &cv->open.last) = tx->prev;
    cv->n_open--;
    for (int i = 0; i < 2; i++)
        if (cv->side[i].tx == tx)
            cv->side[i].tx = NULL;
}

static void
tx_release(struct tx *tx)
{
    struct core *c = tx->conv->core;
    int proto = tx->conv->proto;

    due_unlink(c, tx);
    open_unlink(tx);
    for (int i = 0; i < 2; i++)
        buf_fini(&tx->body[i]);
    if (c->n_spare[proto] < CORE_SPARE && tx->cells.cap == CELLS_FIRST) {
        tx->next = c->spare[proto];
        c->spare[proto] = tx;
        c->n_spare[proto]++;
        return;
    }
    free(tx->cells.p);
    free(tx);
}

void
core_free_spare(struct core *c)
{
    for (int i = 0; i < c->n_protos; i++) {
        while (c->spare[i]) {
            struct tx *tx = c->spare[i];
            c->spare[i] = tx->next;
            free(tx->cells.p);
            free(tx);
        }
    }
}

/* A zeroed tx with room for its first cells; the program cannot go on without memory here. */
static struct tx *
tx_take(struct core *c, int proto)
{
    size_t size = sizeof(struct tx) + proto_table[proto]->tx_size;
    struct tx *tx = c->spare[proto];
    uint8_t *cells = NULL;

    if (tx) {
        c->spare[proto] = tx->next;
        c->n_spare[proto]--;
        cells = tx->cells.p;
        memset(tx, 0, size);
    } else {
        tx = calloc(1, size);
        cells = malloc(CELLS_FIRST);
    }
    if (!tx || !cells)
        abort();
    cells_init(&tx->cells, cells, CELLS_FIRST, VALUE_MAX);
    return tx;
}

struct tx *
tx_open(struct conv *cv, uint64_t key)
{
    struct core *c = cv->core;
    struct tx *tx = tx_find(cv, key);

    if (tx) {
        c->stats.repeated++;
        return tx;
    }
    if (cv->n_open >= proto_table[cv->proto]->max_tx && cv->open.first) {
        struct tx *oldest = cv->open.first;
        if (proto_of(oldest)->unanswered)
            proto_of(oldest)->unanswered(oldest, TX_UNANSWERED);
        tx_finish(oldest, TX_UNANSWERED, c->now_ns);
    }
    tx = tx_take(c, cv->proto);
    tx->conv = cv;
    tx->key = key;
    tx->opened_ns = c->now_ns;
    tx->first_packet = cv->held_since_packet ? cv->held_since_packet : c->seen_packet;
    tx->prev = cv->open.last;
    *(cv->open.last ? &cv->open.last->next : &cv->open.first) = tx;
    cv->open.last = tx;
    cv->n_open++;
    due_link(c, tx);
    return tx;
}

struct tx *
tx_find(struct conv *cv, uint64_t key)
{
    for (struct tx *tx = cv->open.first; tx; tx = tx->next)
        if (tx->key == key)
            return tx;
    return NULL;
}

struct tx *
tx_oldest(struct conv *cv)
{
    return cv->open.first;
}

void *
tx_state(struct tx *tx)
{
    return tx->state;
}

struct conv *
tx_conv(struct tx *tx)
{
    return tx->conv;
}

void
tx_reverse(struct tx *tx)
{
    tx->is_reversed = true;
}

bool
tx_has(const struct tx *tx, enum side from)
{
    return tx->part[(unsigned)from ^ tx->is_reversed].is_seen;
}

uint64_t
tx_bytes(const struct tx *tx, enum side from)
{
    return tx->part[(unsigned)from ^ tx->is_reversed].bytes;
}

void
tx_part(struct tx *tx, enum side from)
{
    struct part *p = tx_part_of(tx, from);

    tx->conv->side[from].tx = tx;
    if (p->is_seen)
        return;
    p->is_seen = true;
    p->begin_ns = tx->conv->side[from].held_ns ? tx->conv->side[from].held_ns : tx->conv->core->seen_ns;
    p->end_ns = tx->conv->core->seen_ns;
}

void
tx_attribute(struct conv *cv, enum side from, uint64_t n)
{
    struct tx *tx = cv->side[from].tx;

    if (!tx)
        return;
    struct part *p = tx_part_of(tx, from);
    p->bytes += n;
    p->end_ns = cv->core->seen_ns;
}

/* Makes sure that `more` bytes of cells fit. false: the bound is reached; counted. */
static bool
room(struct tx *tx, size_t more)
{
    size_t need = tx->cells.len + more + 64;
    size_t cap = tx->cells.cap;

    if (need <= cap)
        return true;
    while (cap < need)
        cap *= 2;
    uint8_t *p = cap <= CELLS_MAX ? realloc(tx->cells.p, cap) : NULL;
    if (!p) {
        tx->conv->core->stats.dropped_values++;
        return false;
    }
    tx->cells.p = p;
    tx->cells.cap = (uint32_t)cap;
    return true;
}

static uint16_t
global(const struct tx *tx, int field)
{
    return (uint16_t)(field < FIELD_LOCAL ? field : tx->conv->core->field_base[tx->conv->proto] + (field - FIELD_LOCAL));
}

static void
put_number(struct tx *tx, int field, enum field_kind kind, uint64_t bits)
{
    if (room(tx, 16))
        (void)cells_number(&tx->cells, global(tx, field), kind, bits);
}

void
tx_put_uint(struct tx *tx, int field, uint64_t value)
{
    uint16_t id = global(tx, field);
    const struct field *f = schema_field(tx->conv->core->options.schema, id);

    put_number(tx, field, f && f->kind == KIND_DURATION ? KIND_DURATION : KIND_UINT, value);
}

void
tx_put_int(struct tx *tx, int field, int64_t value)
{
    put_number(tx, field, KIND_INT, (uint64_t)value);
}

void
tx_put_float(struct tx *tx, int field, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    put_number(tx, field, KIND_FLOAT, bits);
}

void
tx_put_bool(struct tx *tx, int field, bool value)
{
    put_number(tx, field, KIND_BOOL, value);
}

void
tx_put_time(struct tx *tx, int field, uint64_t ns)
{
    put_number(tx, field, KIND_TIME, ns);
}

void
tx_put_ip(struct tx *tx, int field, struct slice addr)
{
    if ((addr.len == 4 || addr.len == 16) && room(tx, 24))
        (void)cells_ip(&tx->cells, global(tx, field), addr.p, (uint8_t)addr.len);
}

void
tx_put_text(struct tx *tx, int field, struct slice value)
{
    if (room(tx, value.len < VALUE_MAX ? value.len : VALUE_MAX))
        (void)cells_text(&tx->cells, global(tx, field), KIND_TEXT, value);
}

void
tx_put_bytes(struct tx *tx, int field, struct slice value)
{
    if (room(tx, value.len < VALUE_MAX ? value.len : VALUE_MAX))
        (void)cells_text(&tx->cells, global(tx, field), KIND_BYTES, value);
}

void
tx_put_key(struct tx *tx, int field, struct slice key, struct slice value)
{
    if (room(tx, key.len + value.len + 16))
        (void)cells_map(&tx->cells, global(tx, field), slice_head(key, 4096), value, 0);
}

void
tx_put_key_uint(struct tx *tx, int field, struct slice key, uint64_t value)
{
    char text[24];
    size_t n = sizeof(text);

    do
        text[--n] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    if (room(tx, key.len + sizeof(text) + 16))
        (void)cells_map(&tx->cells, global(tx, field), slice_head(key, 4096), slice_of(text + n, sizeof(text) - n), CELL_NUMBER);
}

uint8_t *
tx_put_room(struct tx *tx, int field, size_t len)
{
    if (len > VALUE_MAX || !room(tx, len))
        return NULL;
    uint32_t before = tx->cells.len;
    /* The cell is written with the bytes that lie behind it, then filled by the caller. */
    uint8_t *at = tx->cells.p + before + sizeof(struct cell_head);
    memset(at, 0, len);
    if (!cells_text(&tx->cells, global(tx, field), KIND_TEXT, slice_of(at, len)))
        return NULL;
    return tx->cells.p + before + sizeof(struct cell_head);
}

void
tx_item(struct tx *tx, int group)
{
    (void)group; /* the fields that follow know their group */
    tx->cells.next_flags |= CELL_NEW_ITEM;
}

void
tx_note(struct tx *tx, const char *note)
{
    for (uint8_t i = 0; i < tx->n_notes; i++)
        if (tx->notes[i] == note)
            return;
    if (tx->n_notes < NOTE_MAX)
        tx->notes[tx->n_notes++] = note;
}

void
tx_partial(struct tx *tx)
{
    tx->is_partial = true;
}

void
tx_status(struct tx *tx, const char *status)
{
    tx->status = status;
}

void
tx_body(struct tx *tx, enum side from, int field, enum encoding how, size_t max)
{
    tx->body_field[from] = field;
    tx->body_how[from] = how;
    tx->body_max[from] = max;
    buf_init(&tx->body[from], max);
}

void
tx_body_bytes(struct tx *tx, enum side from, struct slice bytes)
{
    size_t left = tx->body_max[from] - tx->body[from].len;

    if (tx->body_max[from] > 0)
        buf_add(&tx->body[from], bytes.p, bytes.len < left ? bytes.len : left);
}

static uint64_t
mix64(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15ull;
    return h ^ h >> 32;
}

/* Replay: the same text each time the file is read: file, first packet, dataset, ordinal among those. */
static void
put_event_id(struct tx *tx, struct cells *out)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    struct core *c = tx->conv->core;
    char text[13];

    c->ordinal = c->last_first_packet == tx->first_packet ? c->ordinal + 1 : 0;
    c->last_first_packet = tx->first_packet;
    uint64_t h = mix64(mix64(mix64(c->options.file_id, tx->first_packet), c->name_hash[tx->conv->proto]), c->ordinal);
    h = mix64(h, tx->key);
    for (int i = 0; i < 13; i++, h >>= 5)
        text[i] = digits[h & 31];
    (void)cells_text(out, FIELD_EVENT_ID, KIND_TEXT, slice_of(text, sizeof(text)));
}

static const char *
transport_name(uint8_t l4)
{
    switch (l4) {
    case IPPROTO_TCP:
        return "tcp";
    case IPPROTO_UDP:
        return "udp";
    case IPPROTO_ICMP:
        return "icmp";
    case IPPROTO_ICMPV6:
        return "ipv6-icmp";
    default:
        return "sctp";
    }
}

static void
put_text(struct cells *out, uint16_t field, const char *text)
{
    (void)cells_text(out, field, KIND_TEXT, slice_text(text));
}

static void
put_ends(const struct tx *tx, struct cells *out)
{
    const struct ends *e = &tx->conv->ends;
    uint8_t len = e->ip_version == 4 ? 4 : 16;
    bool has_ports = e->l4 == IPPROTO_TCP || e->l4 == IPPROTO_UDP || e->l4 == IPPROTO_SCTP;
    unsigned src = tx->is_reversed ? SIDE_SERVER : SIDE_CLIENT, dst = 1 - src;

    (void)cells_ip(out, FIELD_SOURCE_IP, e->addr[src], len);
    (void)cells_ip(out, FIELD_DESTINATION_IP, e->addr[dst], len);
    if (has_ports) {
        (void)cells_uint(out, FIELD_SOURCE_PORT, e->port[src]);
        (void)cells_uint(out, FIELD_DESTINATION_PORT, e->port[dst]);
    }
    for (unsigned i = 0; i < 2; i++) {
        unsigned side = i == 0 ? src : dst;
        if (!e->has_nat[side])
            continue;
        (void)cells_ip(out, i == 0 ? FIELD_SOURCE_NAT_IP : FIELD_DESTINATION_NAT_IP, e->nat_addr[side], len);
        (void)cells_uint(out, i == 0 ? FIELD_SOURCE_NAT_PORT : FIELD_DESTINATION_NAT_PORT, e->nat_port[side]);
    }
    put_text(out, FIELD_NETWORK_TYPE, e->ip_version == 4 ? "ipv4" : "ipv6");
    put_text(out, FIELD_NETWORK_TRANSPORT, transport_name(e->l4));
    if (e->community_id[0])
        put_text(out, FIELD_NETWORK_COMMUNITY_ID, e->community_id);
}

static void
put_measures(const struct tx *tx, struct cells *out, uint64_t begin, uint64_t end)
{
    const struct part *req = &tx->part[SIDE_CLIENT], *rsp = &tx->part[SIDE_SERVER];

    if (req->is_seen)
        (void)cells_uint(out, FIELD_SOURCE_BYTES, req->bytes);
    if (rsp->is_seen)
        (void)cells_uint(out, FIELD_DESTINATION_BYTES, rsp->bytes);
    (void)cells_uint(out, FIELD_NETWORK_BYTES, req->bytes + rsp->bytes);
    if (req->is_seen)
        (void)cells_number(out, FIELD_EVENT_START, KIND_TIME, begin);
    if (rsp->is_seen)
        (void)cells_number(out, FIELD_EVENT_END, KIND_TIME, end);
    if (req->is_seen && rsp->is_seen) {
        (void)cells_number(out, FIELD_EVENT_DURATION, KIND_DURATION, end - begin);
        if (rsp->begin_ns >= req->begin_ns)
            (void)cells_number(out, FIELD_EVENT_FIRST_BYTE, KIND_DURATION, rsp->begin_ns - req->begin_ns);
    }
}

/* A body into its field: decoded, bounded; what cannot be decoded is a note. */
static void
put_body(struct tx *tx, enum side from)
{
    struct slice body = buf_slice(&tx->body[from]);
    struct buf plain;

    if (body.len == 0 || tx->body_max[from] == 0)
        return;
    buf_init(&plain, tx->body_max[from]);
    if (tx->body_how[from] != ENC_PLAIN) {
        if (body_decode(tx->body_how[from], body, &plain))
            body = buf_slice(&plain);
        else
            tx_note(tx, "the body could not be decoded");
    }
    if (tx->body_field[from] > 0)
        tx_put_text(tx, tx->body_field[from], body);
    if (proto_of(tx)->body)
        proto_of(tx)->body(tx, from, body);
    buf_fini(&plain);
}

void
tx_finish(struct tx *tx, enum tx_end how, uint64_t done_ns)
{
    struct core *c = tx->conv->core;
    const struct part *req = &tx->part[SIDE_CLIENT], *rsp = &tx->part[SIDE_SERVER];
    struct cells out;

    put_body(tx, SIDE_CLIENT);
    put_body(tx, SIDE_SERVER);
    cells_init(&out, c->common_mem, sizeof(c->common_mem), VALUE_MAX);
    uint64_t begin = req->is_seen ? req->begin_ns : rsp->is_seen ? rsp->begin_ns : tx->opened_ns;
    uint64_t end = rsp->is_seen ? rsp->end_ns : req->is_seen ? req->end_ns : begin;
    if (end < begin)
        end = begin;
    if (c->options.is_replay)
        put_event_id(tx, &out);
    put_text(&out, FIELD_STATUS, tx->status ? tx->status : how == TX_DONE ? "OK" : "Error");
    put_ends(tx, &out);
    put_measures(tx, &out, begin, end);
    if (tx->is_partial)
        (void)cells_number(&out, FIELD_EVENT_PARTIAL, KIND_BOOL, 1);
    for (uint8_t i = 0; i < tx->n_notes; i++)
        put_text(&out, FIELD_ERROR_MESSAGE, tx->notes[i]);
    struct record_head head = {.dataset = c->dataset[tx->conv->proto], .time_ns = begin, .packet = c->packet, .done_ns = done_ns};
    c->stats.events++;
    c->stats.unanswered += how == TX_UNANSWERED;
    c->options.emit(c->options.ctx, &head, &out, &tx->cells);
    tx_release(tx);
}

void
tx_close(struct tx *tx, enum tx_end how)
{
    tx_finish(tx, how, tx->conv->core->now_ns);
}

void
tx_drop(struct tx *tx)
{
    tx->conv->core->stats.dropped++;
    tx_release(tx);
}

void
tx_expire(struct core *c, int proto)
{
    struct tx *tx;

    while ((tx = c->due[proto].first) && tx->opened_ns + c->timeout_ns[proto] <= c->now_ns) {
        uint64_t deadline = tx->opened_ns + c->timeout_ns[proto];
        if (proto_of(tx)->unanswered)
            proto_of(tx)->unanswered(tx, TX_UNANSWERED);
        tx_finish(tx, TX_UNANSWERED, deadline);
    }
}
