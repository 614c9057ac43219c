/* SPDX-License-Identifier: Apache-2.0 */
/* Conversations: feed a parser, hold what it waits for, skip what it does not want, survive gaps. */
#include <stdlib.h>

#include "proto/core_priv.h"

static const struct proto *
proto_of(const struct conv *cv)
{
    return cv->proto >= 0 ? proto_table[cv->proto] : NULL;
}

struct conv *
conv_open(struct core *c, const struct ends *ends, bool is_datagram)
{
    struct conv *cv = calloc(1, sizeof(*cv));

    if (!cv)
        return NULL;
    cv->core = c;
    cv->ends = *ends;
    cv->proto = -1;
    cv->is_datagram = is_datagram;
    for (int i = 0; i < 2; i++)
        buf_init(&cv->side[i].held, CORE_MAX_HELD);
    return cv;
}

static void
give_up(struct conv *cv)
{
    cv->proto = -2;
    for (int i = 0; i < 2; i++)
        buf_fini(&cv->side[i].held);
}

static void
close_all_tx(struct conv *cv, enum tx_end how)
{
    while (cv->open.first) {
        const struct proto *p = proto_of(cv);
        struct tx *tx = cv->open.first;
        if (p && p->unanswered)
            p->unanswered(tx, how);
        tx_finish(tx, how, cv->core->now_ns);
    }
}

/* What is open ends with the reason as its note. */
static void
broken(struct conv *cv, const char *why)
{
    cv->core->stats.broken++;
    for (struct tx *tx = cv->open.first; tx; tx = tx->next) {
        tx_note(tx, why);
        tx_partial(tx);
    }
    close_all_tx(cv, TX_BROKEN);
    give_up(cv);
}

bool
conv_wants(const struct conv *cv)
{
    return cv->proto != -2;
}

bool
conv_is_reversed(const struct conv *cv)
{
    return cv->is_reversed;
}

void
conv_set_icmp(struct conv *cv, uint8_t type, uint8_t code)
{
    cv->is_icmp = true;
    cv->icmp_type = type;
    cv->icmp_code = code;
}

void
conv_set_nat(struct conv *cv, enum side of, const uint8_t addr[16], uint16_t port)
{
    unsigned at = (unsigned)of ^ cv->is_reversed;

    memcpy(cv->ends.nat_addr[at], addr, 16);
    cv->ends.nat_port[at] = port;
    cv->ends.has_nat[at] = true;
}

static void
reverse_ends(struct conv *cv)
{
    struct ends e = cv->ends;

    for (int i = 0; i < 2; i++) {
        memcpy(e.addr[i], cv->ends.addr[1 - i], 16);
        e.port[i] = cv->ends.port[1 - i];
        memcpy(e.nat_addr[i], cv->ends.nat_addr[1 - i], 16);
        e.nat_port[i] = cv->ends.nat_port[1 - i];
        e.has_nat[i] = cv->ends.has_nat[1 - i];
    }
    cv->ends = e;
    cv->is_reversed = !cv->is_reversed;
}

/* Tries to name the protocol from what `from` has sent so far. false: nothing to parse now. */
static bool
know_proto(struct conv *cv, enum side *from, struct slice first)
{
    bool is_reversed = false;

    if (cv->proto >= 0)
        return true;
    int found = detect(cv->core, cv, *from, first, &is_reversed);
    if (found == -2 && first.len > 0) {
        cv->core->stats.unknown++;
        give_up(cv);
    }
    if (found < 0)
        return false;
    cv->proto = found;
    cv->state = proto_table[found]->conv_size ? calloc(1, proto_table[found]->conv_size) : NULL;
    if (!cv->state && proto_table[found]->conv_size) {
        give_up(cv);
        return false;
    }
    if (is_reversed) {
        struct side_state s = cv->side[0];
        cv->side[0] = cv->side[1];
        cv->side[1] = s;
        reverse_ends(cv);
        *from = *from == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;
    }
    return true;
}

/* Takes bytes off that a skip or body covers; returns how many. */
static size_t
eat_skip(struct conv *cv, enum side from, struct slice bytes)
{
    struct side_state *s = &cv->side[from];
    size_t n = s->skip < bytes.len ? (size_t)s->skip : bytes.len;

    if (n == 0)
        return 0;
    tx_attribute(cv, from, n);
    if (s->skip_is_body && s->tx)
        tx_body_bytes(s->tx, from, slice_head(bytes, n));
    if (s->skip != UINT64_MAX)
        s->skip -= n;
    return n;
}

static void
switch_to(struct conv *cv, const char *name)
{
    close_all_tx(cv, TX_DONE);
    free(cv->state);
    cv->state = NULL;
    cv->proto = -1;
    for (int i = 0; i < 2; i++)
        cv->side[i].tx = NULL;
    for (int i = 0; name && i < cv->core->n_protos; i++)
        if (strcmp(proto_table[i]->name, name) == 0)
            cv->proto = i;
    if (cv->proto >= 0)
        cv->state = proto_table[cv->proto]->conv_size ? calloc(1, proto_table[cv->proto]->conv_size) : NULL;
}

/* One call of the parser over bytes from `at` on. Returns how many it is done with; *ret_wait: it wants more. */
static size_t
one_step(struct conv *cv, enum side from, struct slice rest, size_t seen, size_t cut, bool *ret_wait)
{
    const struct proto *p = proto_of(cv);
    struct side_state *s = &cv->side[from];
    core_note(cv->core, cv->proto + 1);
    struct step step = p->data(cv, from, (struct input){.bytes = rest, .seen = seen, .cut = cut});
    core_note(cv->core, 0);

    s->call_again = step.again;
    switch (step.kind) {
    case STEP_TOOK:
        if ((step.n > 0 || rest.len == 0) && step.n <= rest.len) {
            tx_attribute(cv, from, step.n);
            return (size_t)step.n;
        }
        break;
    case STEP_WAIT:
        if (rest.len < p->max_wait && !cv->is_datagram) {
            *ret_wait = true;
            return 0;
        }
        break;
    case STEP_SKIP:
    case STEP_BODY:
        s->skip = step.n;
        s->skip_is_body = step.kind == STEP_BODY;
        if (step.n > 0 || step.again)
            return 0;
        break;
    case STEP_SWITCH:
        if (step.n <= rest.len) {
            tx_attribute(cv, from, step.n);
            switch_to(cv, step.what);
            return (size_t)step.n;
        }
        break;
    case STEP_STOP:
        close_all_tx(cv, TX_DONE);
        give_up(cv);
        return rest.len;
    case STEP_BROKEN:
        break;
    }
    broken(cv, step.kind == STEP_BROKEN ? step.what : "a message is larger than its bound or its parser contradicts itself");
    return rest.len;
}

/* Runs the parser over `bytes` until it waits; returns how many bytes are done with. */
static size_t
parse(struct conv *cv, enum side *from, struct slice bytes, size_t seen, size_t cut)
{
    size_t at = 0;
    bool wait = false;

    while ((at < bytes.len || cv->side[*from].call_again) && !wait && cv->proto != -2) {
        at += eat_skip(cv, *from, slice_from(bytes, at));
        if (cv->side[*from].skip > 0 || (at == bytes.len && !cv->side[*from].call_again))
            break;
        if (!know_proto(cv, from, slice_from(bytes, at)))
            break;
        size_t n = one_step(cv, *from, slice_from(bytes, at), seen > at ? seen - at : 0, cut, &wait);
        at += n;
    }
    return cv->proto == -2 ? bytes.len : at;
}

void
conv_bytes(struct conv *cv, enum side from, struct slice bytes, size_t cut)
{
    struct side_state *s = &cv->side[from];

    if (cv->proto == -2)
        return;
    if (cv->is_datagram || s->held.len == 0) {
        size_t n = parse(cv, &from, bytes, 0, cut);
        s = &cv->side[from];
        if (!cv->is_datagram && n < bytes.len && cv->proto != -2) {
            buf_add(&s->held, bytes.p + n, bytes.len - n);
            s->seen = s->held.len;
            s->held_ns = cv->core->seen_ns;
            s->held_packet = cv->core->seen_packet;
        }
    } else {
        buf_add(&s->held, bytes.p, bytes.len);
        cv->held_since_packet = s->held_packet;
        struct slice all = buf_slice(&s->held);
        size_t n = parse(cv, &from, all, s->seen, cut);
        if (cv->proto == -2)
            return;
        s = &cv->side[from];
        memmove(s->held.p, s->held.p + n, s->held.len - n);
        s->held.len -= n;
        s->seen = s->held.len;
        cv->held_since_packet = 0;
        if (n > 0) { /* what is left came with the newest bytes, or nothing is left */
            s->held_ns = s->held.len ? cv->core->seen_ns : 0;
            s->held_packet = cv->core->seen_packet;
        }
    }
    if (cv->proto != -2 && s->held.failed)
        broken(cv, "a message is larger than its bound");
}

void
conv_lost(struct conv *cv, enum side from, uint64_t lost)
{
    const struct proto *p = proto_of(cv);
    struct side_state *s = &cv->side[from];

    cv->core->stats.gaps++;
    if (s->tx)
        s->tx->is_partial = true;
    if (s->skip >= lost && s->skip > 0) {
        if (s->tx)
            tx_part_of(s->tx, from)->bytes += lost;
        if (s->skip != UINT64_MAX)
            s->skip -= lost;
        if (p && p->gap)
            (void)p->gap(cv, from, 0); /* inside a body: only a note */
        if (s->skip == 0 && s->call_again)
            (void)parse(cv, &from, (struct slice){NULL, 0}, 0, 0);
        return;
    }
    s->skip = 0;
    s->held.len = s->seen = 0;
    if (!p)
        return;
    struct step step = p->gap ? p->gap(cv, from, lost) : step_stop();
    if (step.kind == STEP_SKIP)
        s->skip = step.n;
    else if (step.kind != STEP_TOOK)
        broken(cv, step.kind == STEP_BROKEN ? step.what : "packet loss");
}

void
conv_end(struct conv *cv, enum side from, enum stream_end why)
{
    const struct proto *p = proto_of(cv);

    if (cv->side[from].is_closed)
        return;
    cv->side[from].is_closed = true;
    if (p && p->end)
        p->end(cv, from, why);
}

void
conv_close(struct conv *cv, enum stream_end why)
{
    if (!cv)
        return;
    for (int i = 0; i < 2; i++)
        conv_end(cv, (enum side)i, why);
    close_all_tx(cv, TX_UNANSWERED);
    for (int i = 0; i < 2; i++)
        buf_fini(&cv->side[i].held);
    free(cv->state);
    free(cv);
}

void
conv_part_none(struct conv *cv, enum side from)
{
    cv->side[from].tx = NULL;
}

void *
conv_state(struct conv *cv)
{
    return cv->state;
}

const void *
conv_settings(const struct conv *cv)
{
    return cv->core->settings[cv->proto];
}

bool
conv_is_datagram(const struct conv *cv)
{
    return cv->is_datagram;
}

uint16_t
conv_port(const struct conv *cv, enum side of)
{
    return cv->ends.port[of];
}

struct slice
conv_addr(const struct conv *cv, enum side of)
{
    return slice_of(cv->ends.addr[of], cv->ends.ip_version == 4 ? 4 : 16);
}

bool
conv_icmp(const struct conv *cv, uint8_t *ret_type, uint8_t *ret_code)
{
    *ret_type = cv->icmp_type;
    *ret_code = cv->icmp_code;
    return cv->is_icmp;
}

void
conv_note(struct conv *cv, const char *anomaly)
{
    (void)anomaly;
    cv->core->stats.notes++;
}
