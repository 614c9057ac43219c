/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS over UDP and TCP (RFC 1035, 6891, 7766), zone transfers (5936, 1995), mDNS (6762) and LLMNR
 * (4795). A query is joined with its answer by id within its flow. Messages of multicast flows are
 * events of their own: their answers come from other addresses and may be many.
 */
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>

#include "proto/dns/dns_priv.h"

enum { MAX_PUT = 256, RECENT = 8, TEXT_BYTES = 8192, PREFIX = 2, MAX_MESSAGE = 65535 + PREFIX };
enum rr_section { ANSWERS, AUTHORITIES, ADDITIONALS };

struct dns_conf {
    struct proto_settings common;
    bool include_authorities, include_additionals;
};

struct dns_conv {
    struct tx *closing[2];   /* by side: whose message has just been read; it ends when its bytes are counted */
    uint16_t recent[RECENT]; /* ids that were answered last, plus one bit in `n_recent` for each */
    unsigned n_recent;
};

struct dns_tx {
    uint32_t question_hash;
    uint16_t type;
    uint16_t rcode;      /* with the bits of EDNS */
    uint32_t n_answers, n_put, n_resolved, first_serial;
    uint16_t udp_size;   /* of the OPT seen last: the server's replaces the client's */
    uint8_t edns_version;
    uint8_t asker;       /* enum side */
    bool has_query, has_answer, has_edns, wants_dnssec, is_transfer_end;
};

/* Of one message. */
struct message {
    struct slice bytes;
    struct dns_head head;
    struct dns_question question; /* the first; type 0: none */
    struct reader rest;           /* behind the questions */
};

static enum side
other(enum side s)
{
    return s == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;
}

static void
put_string(struct tx *tx, int field, const char *s)
{
    tx_put_text(tx, field, slice_text(s));
}

/* FNV-1a, letters in lower case: servers may answer in other letters than the client asked (RFC 4343). */
static uint32_t
hash_question(const struct dns_question *q)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < q->name.len; i++) {
        uint8_t c = (uint8_t)q->name.text[i];
        h = (h ^ (c >= 'A' && c <= 'Z' ? c + 32u : c)) * 16777619u;
    }
    return (h ^ q->type) * 16777619u;
}

static bool
read_message(struct slice bytes, struct message *m)
{
    struct dns_question more;

    m->bytes = bytes;
    m->question = (struct dns_question){.type = 0};
    if (!dns_read_head(bytes, &m->head))
        return false;
    m->rest = reader_of(bytes);
    read_skip(&m->rest, DNS_HEAD);
    for (unsigned i = 0; i < m->head.n[0]; i++)
        if (!dns_read_question(bytes, &m->rest, i == 0 ? &m->question : &more))
            return false;
    return m->head.n[0] > 0 || m->head.n[1] > 0;
}

/* What depends on the type of a record besides its data. */
static void
put_members(struct tx *tx, struct slice msg, const struct dns_record *rr, int first)
{
    struct reader r = reader_of(rr->data);
    struct dns_name rname;
    /* The members of the three groups stand in the same order. */
    int preference = first + (DNS_ANSWER_PREFERENCE - DNS_ANSWER_NAME), priority = first + (DNS_ANSWER_PRIORITY - DNS_ANSWER_NAME);
    int name = first + (DNS_ANSWER_RNAME - DNS_ANSWER_NAME), serial = first + (DNS_ANSWER_SERIAL - DNS_ANSWER_NAME);

    if (rr->type == 15 || rr->type == 18 || rr->type == 36) { /* MX AFSDB KX */
        tx_put_uint(tx, preference, read_be16(&r));
    } else if (rr->type == 33 && rr->data.len > 6) { /* SRV: priority, weight, port */
        for (int i = 0; i < 3; i++)
            tx_put_uint(tx, priority + i, read_be16(&r));
    } else if (rr->type == 256 && rr->data.len >= 4) { /* URI: priority, weight */
        for (int i = 0; i < 2; i++)
            tx_put_uint(tx, priority + i, read_be16(&r));
    } else if (rr->type == 64 || rr->type == 65) { /* SVCB HTTPS */
        tx_put_uint(tx, priority, read_be16(&r));
    } else if (rr->type == DNS_TYPE_SOA) {
        struct slice until = slice_of(msg.p, (size_t)(rr->data.p - msg.p) + rr->data.len);
        if (!dns_skip_name(until, &r) || !dns_read_name(until, &r, &rname) || reader_left(&r) < 20)
            return;
        tx_put_text(tx, name, slice_of(rname.text, rname.len));
        for (int i = 0; i < 5; i++)
            tx_put_uint(tx, serial + i, read_be32(&r));
    }
}

/* What the transaction is about, in one line. */
static void
put_subject(struct tx *tx, const struct dns_name *name, uint16_t type, uint16_t class)
{
    char a[16], b[16], line[DNS_NAME_TEXT + 64];
    struct text text = {.p = line, .cap = sizeof(line)};

    tx_put_text(tx, FIELD_RESOURCE, slice_of(name->text, name->len));
    text_string(&text, "class ");
    text_string(&text, dns_class_name(class, a));
    text_string(&text, ", type ");
    text_string(&text, dns_type_name(type, b));
    text_string(&text, ", ");
    text_bytes(&text, name->text, name->len);
    tx_put_text(tx, FIELD_QUERY, slice_of(line, text.len));
}

static void
put_record(struct tx *tx, struct slice msg, const struct dns_record *rr, enum rr_section section)
{
    static const int groups[] = {DNS_ANSWERS, DNS_AUTHORITIES, DNS_ADDITIONALS};
    static const int firsts[] = {DNS_ANSWER_NAME, DNS_AUTHORITY_NAME, DNS_ADDITIONAL_NAME};
    char data[DNS_DATA_TEXT], scratch[16];
    struct text text = {.p = data, .cap = sizeof(data) - 3};
    int first = firsts[section];

    tx_item(tx, groups[section]);
    tx_put_text(tx, first, slice_of(rr->name.text, rr->name.len));
    put_string(tx, first + 1, dns_type_name(rr->type, scratch));
    put_string(tx, first + 2, dns_class_name(rr->class, scratch));
    tx_put_uint(tx, first + 3, rr->ttl);
    dns_data_text(msg, rr, &text);
    if (text.is_cut) {
        text.cap += 3;
        text_bytes(&text, "...", 3);
    }
    tx_put_text(tx, first + 4, slice_of(data, text.len));
    put_members(tx, msg, rr, first);
}

/* OPT is no record but more of the header (RFC 6891 section 6.1). */
static void
see_opt(struct dns_tx *t, const struct message *m, const struct dns_record *rr)
{
    t->has_edns = true;
    t->edns_version = (uint8_t)(rr->ttl >> 16);
    t->wants_dnssec = rr->ttl >> 15 & 1;
    t->udp_size = rr->class;
    if (m->head.flags & DNS_QR)
        t->rcode = (uint16_t)(rr->ttl >> 24 << 4 | (m->head.flags & 15));
}

/* The first records of a transfer tell its end: the zone's SOA comes once more (RFC 5936 section 2.2, 1995 section 4). */
static void
see_transfer(struct dns_tx *t, struct slice msg, const struct dns_record *rr)
{
    struct slice until = slice_of(msg.p, (size_t)(rr->data.p - msg.p) + rr->data.len);
    struct reader r = reader_of(rr->data);

    t->is_transfer_end = false;
    if (rr->type != DNS_TYPE_SOA || !dns_skip_name(until, &r) || !dns_skip_name(until, &r))
        return;
    uint32_t serial = read_be32(&r);
    if (t->n_answers == 1)
        t->first_serial = serial;
    t->is_transfer_end = serial == t->first_serial && (t->n_answers > 1 || t->type == DNS_TYPE_IXFR);
}

/* related.ip has these and the addresses of both sides: what is put replaces what would be derived. */
static void
put_resolved(struct conv *cv, struct tx *tx, struct slice addr)
{
    struct dns_tx *t = tx_state(tx);

    if (t->n_resolved++ == 0) {
        tx_put_ip(tx, FIELD_RELATED_IP, conv_addr(cv, (enum side)t->asker));
        tx_put_ip(tx, FIELD_RELATED_IP, conv_addr(cv, other((enum side)t->asker)));
    }
    if (t->n_resolved > MAX_PUT)
        return;
    tx_put_ip(tx, DNS_RESOLVED_IP, addr);
    tx_put_ip(tx, FIELD_RELATED_IP, addr);
}

/* One section. false: the message ends before its records do. */
static bool
put_section(struct conv *cv, struct tx *tx, struct message *m, enum rr_section section, uint32_t *ret_n)
{
    const struct dns_conf *conf = conv_settings(cv);
    const bool wanted[] = {true, conf->include_authorities, conf->include_additionals};
    struct dns_tx *t = tx_state(tx);
    struct dns_record rr;

    for (unsigned i = 0; i < m->head.n[section + 1]; i++) {
        if (!dns_read_record(m->bytes, &m->rest, &rr))
            return false;
        if (rr.type == DNS_TYPE_OPT) {
            see_opt(t, m, &rr);
            continue;
        }
        ++*ret_n;
        if (section == ANSWERS) {
            if (t->n_answers == 0 && m->question.type == 0) /* mDNS does not repeat the question */
                put_subject(tx, &rr.name, rr.type, rr.class);
            t->n_answers++;
            see_transfer(t, m->bytes, &rr);
            if ((rr.type == DNS_TYPE_A && rr.data.len == 4) || (rr.type == DNS_TYPE_AAAA && rr.data.len == 16))
                put_resolved(cv, tx, rr.data);
        }
        if (wanted[section] && t->n_put++ < MAX_PUT)
            put_record(tx, m->bytes, &rr, section);
    }
    return true;
}

/* The additional section of a query holds OPT only, as a rule. */
static bool
put_query_records(struct conv *cv, struct tx *tx, struct message *m)
{
    struct dns_record rr;

    (void)cv;
    for (unsigned i = 0, n = m->head.n[1] + m->head.n[2] + m->head.n[3]; i < n; i++) {
        if (!dns_read_record(m->bytes, &m->rest, &rr))
            return false;
        if (rr.type == DNS_TYPE_OPT)
            see_opt(tx_state(tx), m, &rr);
    }
    return true;
}

static void
put_flags(struct tx *tx, const struct dns_head *h)
{
    static const struct {
        uint16_t bit;
        const char *name;
        int field;
    } flags[] = {{DNS_AA, "AA", DNS_AUTHORITATIVE},        {DNS_TC, "TC", DNS_TRUNCATED}, {DNS_RD, "RD", DNS_RECURSION_DESIRED},
                 {DNS_RA, "RA", DNS_RECURSION_AVAILABLE},  {DNS_AD, "AD", DNS_AUTHENTIC}, {DNS_CD, "CD", DNS_CHECKING_DISABLED}};

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        tx_put_bool(tx, flags[i].field, h->flags & flags[i].bit);
        if (h->flags & flags[i].bit)
            put_string(tx, DNS_HEADER_FLAGS, flags[i].name);
    }
}

static void
put_question(struct tx *tx, const struct message *m)
{
    const struct dns_question *q = &m->question;
    struct dns_tx *t = tx_state(tx);
    char type[16], class[16];

    tx_put_uint(tx, DNS_ID, m->head.id);
    const char *opcode = dns_opcode_name(m->head.flags >> 11 & 15, type);
    put_string(tx, DNS_OP_CODE, opcode);
    put_string(tx, FIELD_METHOD, opcode);
    if (m->head.n[0] > 1)
        tx_put_uint(tx, DNS_QUESTIONS_COUNT, m->head.n[0]);
    if (q->type == 0)
        return;
    t->question_hash = hash_question(q);
    t->type = q->type;
    put_subject(tx, &q->name, q->type, q->class);
    const char *type_name = dns_type_name(q->type, type), *class_name = dns_class_name(q->class, class);
    tx_put_text(tx, DNS_QUESTION_NAME, slice_of(q->name.text, q->name.len));
    put_string(tx, DNS_QUESTION_TYPE, type_name);
    put_string(tx, DNS_QUESTION_CLASS, class_name);
}

/* The message as people write it, for send_request and send_response. */
static void
put_text(struct tx *tx, int field, const struct message *m)
{
    static const char *const sections[] = {";; answers\n", ";; authorities\n", ";; additionals\n"};
    char mem[TEXT_BYTES], a[16], b[16];
    struct text t = {.p = mem, .cap = sizeof(mem)};
    struct reader r = reader_of(m->bytes);
    struct dns_question q;
    struct dns_record rr;

    text_add(&t, ";; %s, %s, id %u\n", dns_opcode_name(m->head.flags >> 11 & 15, a), dns_rcode_name(m->head.flags & 15, b), m->head.id);
    read_skip(&r, DNS_HEAD);
    for (unsigned i = 0; i < m->head.n[0] && dns_read_question(m->bytes, &r, &q) && !t.is_cut; i++) {
        text_bytes(&t, q.name.text, q.name.len);
        text_add(&t, " %s %s\n", dns_class_name(q.class, a), dns_type_name(q.type, b));
    }
    for (int s = 0; s < 3; s++) {
        for (unsigned i = 0; i < m->head.n[s + 1] && !t.is_cut && dns_read_record(m->bytes, &r, &rr); i++) {
            if (i == 0)
                text_bytes(&t, sections[s], strlen(sections[s]));
            if (rr.type == DNS_TYPE_OPT)
                continue;
            text_bytes(&t, rr.name.text, rr.name.len);
            text_add(&t, " %u %s %s ", rr.ttl, dns_class_name(rr.class, a), dns_type_name(rr.type, b));
            dns_data_text(m->bytes, &rr, &t);
            text_bytes(&t, "\n", 1);
        }
    }
    tx_put_text(tx, field, slice_of(mem, t.len));
}

static bool
is_group(struct slice addr)
{
    return addr.len == 4 ? addr.p[0] >> 4 == 14 : addr.p[0] == 0xff;
}

/* mDNS and LLMNR, whose answers may come from anybody. */
static bool
is_multicast(const struct conv *cv)
{
    for (int i = 0; i < 2; i++)
        if (conv_port(cv, (enum side)i) == 5355 || is_group(conv_addr(cv, (enum side)i)))
            return true;
    return false;
}

static struct tx *
open_from(struct conv *cv, uint64_t key, enum side asker)
{
    struct tx *tx = tx_open(cv, key);

    ((struct dns_tx *)tx_state(tx))->asker = (uint8_t)asker;
    if (asker == SIDE_SERVER)
        tx_reverse(tx);
    return tx;
}

static uint64_t
key_of(const struct message *m, enum side asker)
{
    return m->head.id | (asker == SIDE_SERVER ? 1u << 16 : 0);
}

static void
unanswered_note(struct tx *tx)
{
    const struct dns_tx *t = tx_state(tx);

    if (t->has_query && !t->has_answer)
        tx_note(tx, "Unmatched request");
    if (t->has_answer) { /* a transfer that did not come to its end */
        tx_note(tx, "The transfer is not whole");
        tx_partial(tx);
    }
}

static struct tx *
on_query(struct conv *cv, enum side from, struct message *m)
{
    const struct dns_conf *conf = conv_settings(cv);
    uint64_t key = key_of(m, from);
    struct tx *tx = tx_find(cv, key);
    bool is_alone = is_multicast(cv);

    if (tx && ((struct dns_tx *)tx_state(tx))->question_hash == hash_question(&m->question)) {
        tx_note(tx, "The query was sent more than once");
        return tx;
    }
    if (tx) {
        tx_note(tx, "Another query came with the same id");
        unanswered_note(tx);
        tx_close(tx, TX_UNANSWERED);
    }
    tx = open_from(cv, key, from);
    struct dns_tx *t = tx_state(tx);
    t->has_query = true;
    put_question(tx, m);
    if (is_alone) {
        put_string(tx, DNS_TYPE, "query");
        put_flags(tx, &m->head);
    }
    if (!put_query_records(cv, tx, m))
        tx_note(tx, "The query ends before its records do");
    if (conf->common.send_request)
        put_text(tx, FIELD_REQUEST, m);
    return tx;
}

static bool
was_answered(const struct dns_conv *c, uint16_t id)
{
    for (unsigned i = 0; i < RECENT && i < c->n_recent; i++)
        if (c->recent[i] == id)
            return true;
    return false;
}

/* Fields of an answer; several messages make one answer in a transfer. */
static void
put_answer(struct conv *cv, struct tx *tx, struct message *m, bool is_cut)
{
    const struct dns_conf *conf = conv_settings(cv);
    struct dns_tx *t = tx_state(tx);
    uint32_t n[3] = {0};

    if (!t->has_answer) {
        put_string(tx, DNS_TYPE, "answer");
        put_flags(tx, &m->head);
        if (conf->common.send_response)
            put_text(tx, FIELD_RESPONSE, m);
    }
    t->rcode = m->head.flags & 15;
    for (int s = 0; s < 3; s++) {
        if (!put_section(cv, tx, m, (enum rr_section)s, &n[s])) {
            if (is_cut)
                tx_partial(tx);
            else
                tx_note(tx, "The answer ends before its records do");
            break;
        }
    }
    if (!t->has_answer) {
        tx_put_uint(tx, DNS_AUTHORITIES_COUNT, n[AUTHORITIES]);
        tx_put_uint(tx, DNS_ADDITIONALS_COUNT, n[ADDITIONALS]);
    }
    t->has_answer = true;
}

/* Returns the transaction whose message this is; NULL: it is a repeat. */
static struct tx *
on_answer(struct conv *cv, enum side from, struct message *m, bool is_cut)
{
    struct dns_conv *c = conv_state(cv);
    uint64_t key = key_of(m, other(from));
    struct tx *tx = tx_find(cv, key);
    bool is_alone = is_multicast(cv);

    if (!tx && !is_alone && was_answered(c, m->head.id)) {
        conv_note(cv, "an answer came more than once");
        return NULL;
    }
    if (!tx) {
        /* An announcement to many is nobody's answer: its sender is the source. */
        tx = open_from(cv, key, is_group(conv_addr(cv, other(from))) ? from : other(from));
        put_question(tx, m);
        if (!is_alone) {
            tx_note(tx, "Unmatched response");
            tx_status(tx, "Error");
            tx_partial(tx);
        }
    }
    put_answer(cv, tx, m, is_cut);
    return tx;
}

/* What is known only when the last message of the answer was read. */
static void
put_result(struct tx *tx)
{
    const struct dns_tx *t = tx_state(tx);
    char scratch[16];

    if (t->has_edns) {
        (void)snprintf(scratch, sizeof(scratch), "%u", t->edns_version);
        put_string(tx, DNS_OPT_VERSION, scratch);
        tx_put_bool(tx, DNS_OPT_DO, t->wants_dnssec);
        tx_put_uint(tx, DNS_OPT_UDP_SIZE, t->udp_size);
        if (t->has_answer)
            put_string(tx, DNS_OPT_EXT_RCODE, dns_rcode_name(t->rcode, scratch));
    }
    if (!t->has_answer)
        return;
    put_string(tx, DNS_RESPONSE_CODE, dns_rcode_name(t->rcode, scratch));
    tx_put_uint(tx, DNS_ANSWERS_COUNT, t->n_answers);
    if (t->n_put > MAX_PUT)
        tx_note(tx, "Only the first 256 records are kept");
}

/* The bytes of the last message of this side are counted: its transaction can end. */
static void
close_due(struct conv *cv, enum side from)
{
    struct dns_conv *c = conv_state(cv);
    struct tx *tx = c->closing[from];

    if (!tx)
        return;
    c->closing[from] = NULL;
    put_result(tx);
    tx_close(tx, ((struct dns_tx *)tx_state(tx))->rcode ? TX_ERROR : TX_DONE);
}

static void
on_message(struct conv *cv, enum side from, struct slice bytes, bool is_cut)
{
    struct dns_conv *c = conv_state(cv);
    struct message m;

    conv_part_none(cv, from);
    if (!read_message(bytes, &m)) {
        conv_note(cv, "a DNS message that cannot be read");
        return;
    }
    bool is_answer = m.head.flags & DNS_QR;
    struct tx *tx = is_answer ? on_answer(cv, from, &m, is_cut) : on_query(cv, from, &m);
    if (!tx)
        return;
    if (is_cut)
        tx_partial(tx);
    tx_part(tx, from);
    struct dns_tx *t = tx_state(tx);
    bool is_transfer = (t->type == DNS_TYPE_AXFR || t->type == DNS_TYPE_IXFR) && !conv_is_datagram(cv);
    if (is_answer ? is_transfer && !t->is_transfer_end && t->rcode == 0 && t->n_answers > 0 : !is_multicast(cv))
        return; /* more is to come */
    c->closing[from] = tx;
    if (is_answer)
        c->recent[c->n_recent++ % RECENT] = m.head.id;
}

/* Once more when the bytes of this message are counted and its transaction is to end. */
static struct step
message_done(struct conv *cv, enum side from, size_t n)
{
    struct dns_conv *c = conv_state(cv);
    struct step step = step_took(n);

    return c->closing[from] ? step_again(step) : step;
}

static struct step
dns_data(struct conv *cv, enum side from, struct input in)
{
    close_due(cv, from);
    if (in.bytes.len == 0)
        return step_took(0);
    if (conv_is_datagram(cv)) {
        on_message(cv, from, in.bytes, in.cut > 0);
        return message_done(cv, from, in.bytes.len);
    }
    if (in.bytes.len < PREFIX)
        return step_wait(PREFIX);
    size_t len = load_be16(in.bytes.p);
    if (len < DNS_HEAD)
        return step_broken("a DNS message over TCP is shorter than its header");
    if (in.bytes.len < PREFIX + len)
        return step_wait(PREFIX + len);
    on_message(cv, from, slice_of(in.bytes.p + PREFIX, len), false);
    return message_done(cv, from, PREFIX + len);
}

static void
dns_unanswered(struct tx *tx, enum tx_end how)
{
    struct dns_conv *c = conv_state(tx_conv(tx));
    struct dns_tx *t = tx_state(tx);

    (void)how;
    for (int i = 0; i < 2; i++)
        if (c->closing[i] == tx)
            c->closing[i] = NULL;
    unanswered_note(tx);
    put_result(tx);
    if (!t->has_answer)
        put_string(tx, DNS_TYPE, "query");
}

/* The same bytes may be a datagram or begin a TCP stream, where the length stands before a message. */
static enum verdict
dns_probe(struct slice first, enum side from)
{
    struct slice msg = first;
    enum dns_look look = dns_look(first, false);

    (void)from;
    if (look != DNS_LOOK_YES && first.len < PREFIX + DNS_HEAD)
        return VERDICT_MAYBE; /* a stream may bring the rest */
    if (look != DNS_LOOK_YES) {
        msg = slice_head(slice_from(first, PREFIX), load_be16(first.p));
        bool is_whole = msg.len < first.len - PREFIX || msg.len == load_be16(first.p);
        look = dns_look(msg, true);
        if (is_whole && look == DNS_LOOK_MORE)
            return VERDICT_NO;
    }
    if (look == DNS_LOOK_YES)
        return msg.p[2] & (DNS_QR >> 8) ? VERDICT_YES_REVERSED : VERDICT_YES;
    return look == DNS_LOOK_MORE ? VERDICT_MAYBE : VERDICT_NO;
}

static const struct hint dns_hints[] = {
    {.l4 = IPPROTO_UDP},
    {.l4 = IPPROTO_TCP},
    {0},
};

#define ROW(name_, type_, member, default_, help_, ...)                                            \
    {.name = name_, .type = type_, .offset = offsetof(struct dns_conf, member), .default_text = default_, .help = help_, \
     .unit = "", .reload = RELOAD_LIVE, __VA_ARGS__}

static const struct setting dns_settings[] = {
    ROW("include_authorities", SETTING_BOOL, include_authorities, "false", "Keep the records of the authority section."),
    ROW("include_additionals", SETTING_BOOL, include_additionals, "false", "Keep the records of the additional section."),
    {0},
};

static const struct field dns_fields[] = {
#include "schema/field_rows.h"
#include "proto/dns/dns.def"
};

const struct proto proto_dns = {
    .name = "dns",
    .summary = "DNS, mDNS and LLMNR: queries with their answers.",
    .types = "connection,protocol",
    .hints = dns_hints,
    .fields = dns_fields,
    .n_fields = sizeof(dns_fields) / sizeof(dns_fields[0]),
    .settings = dns_settings,
    .settings_size = sizeof(struct dns_conf),
    .conv_size = sizeof(struct dns_conv),
    .tx_size = sizeof(struct dns_tx),
    .max_tx = 512,
    .max_wait = MAX_MESSAGE,
    .pair = PAIR_FLOW,
    .probe = dns_probe,
    .data = dns_data,
    .unanswered = dns_unanswered,
};
