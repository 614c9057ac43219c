/* SPDX-License-Identifier: Apache-2.0 */
/* TCP reassembly: what goes up, in which order, and what is kept meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "stream/stream.h"

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16, MS = 1000000 };
enum { CLIENT_ISN = 1000, SERVER_ISN = 5000, CLIENT = 1001, SERVER = 5001 }; /* first data bytes */

/* What came up, as one text: "0:abc" bytes, "0-5" lost, "0." FIN, "0!" RST, blanks between. */
struct fixture {
    struct stream_table table;
    struct stream stream;
    char log[8192];
    uint64_t now_ns, seen_ns;
};

static void
note(struct fixture *f, const char *fmt, ...)
{
    size_t len = strlen(f->log);
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(f->log + len, sizeof(f->log) - len, fmt, ap);
    va_end(ap);
}

static void
on_bytes(void *ctx, unsigned dir, struct slice bytes, struct stream_stamp seen)
{
    struct fixture *f = ctx;

    f->seen_ns = seen.ns;
    note(f, "%u:%.*s ", dir, (int)bytes.len, (const char *)bytes.p);
}

static void
on_lost(void *ctx, unsigned dir, uint64_t lost)
{
    note(ctx, "%u-%llu ", dir, (unsigned long long)lost);
}

static void
on_end(void *ctx, unsigned dir, enum stream_finish how)
{
    note(ctx, "%u%c ", dir, how == STREAM_FIN ? '.' : '!');
}

static const struct stream_ops ops = {.bytes = on_bytes, .lost = on_lost, .end = on_end};

static void
segment(struct fixture *f, unsigned dir, uint8_t flags, uint32_t seq, uint32_t ack, const char *text, uint32_t cut)
{
    struct layers l = {.l4 = 6, .tcp = {.seq = seq, .ack = ack, .flags = flags}, .payload = slice_text(text), .cut = cut};

    stream_packet(&f->stream, dir, &l, (struct stream_stamp){f->now_ns, 1});
}

static void
data(struct fixture *f, unsigned dir, uint32_t seq, uint32_t ack, const char *text)
{
    segment(f, dir, ACK, seq, ack, text, 0);
}

static void
handshake(struct fixture *f)
{
    segment(f, 0, SYN, CLIENT_ISN, 0, "", 0);
    segment(f, 1, SYN | ACK, SERVER_ISN, CLIENT, "", 0);
    data(f, 0, CLIENT, SERVER, "");
}

static int
set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (!f)
        return -1;
    f->table.ops = &ops;
    f->now_ns = 1000 * (uint64_t)MS;
    stream_init(&f->stream, &f->table, f);
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;
    uint64_t held;

    stream_fini(&f->stream);
    held = f->table.stats.held_bytes;
    bool is_listed = f->table.first != NULL;
    free(f);
    return held != 0 || is_listed ? -1 : 0;
}

static void
in_order(void **state)
{
    struct fixture *f = *state;

    handshake(f);
    data(f, 0, CLIENT, SERVER, "ask");
    data(f, 1, SERVER, CLIENT + 3, "tell");
    segment(f, 0, ACK | FIN, CLIENT + 3, SERVER + 4, "", 0);
    segment(f, 1, ACK | FIN, SERVER + 4, CLIENT + 4, "", 0);
    assert_string_equal(f->log, "0:ask 1:tell 0. 1. ");
    assert_int_equal(f->table.stats.held_total, 0); /* nothing was copied */
    assert_false(f->stream.is_midstream);
}

static void
order_within(void **state)
{
    struct fixture *f = *state;

    handshake(f);
    data(f, 0, CLIENT + 3, SERVER, "def");
    data(f, 0, CLIENT + 6, SERVER, "ghi");
    assert_string_equal(f->log, "");
    data(f, 0, CLIENT, SERVER, "abc");
    assert_string_equal(f->log, "0:abc 0:def 0:ghi ");
}

static void
order_between(void **state)
{
    struct fixture *f = *state;

    handshake(f);
    data(f, 1, SERVER, CLIENT + 3, "tell");
    assert_string_equal(f->log, "");
    f->now_ns += 2 * MS;
    data(f, 0, CLIENT, SERVER, "ask");
    assert_string_equal(f->log, "0:ask 1:tell ");
    assert_int_equal(f->seen_ns, f->now_ns - 2 * MS); /* the time of the answer is that of its packet */
}

static void
fin_waits_for_the_other_side(void **state)
{
    struct fixture *f = *state;

    handshake(f);
    segment(f, 1, ACK | FIN, SERVER, CLIENT + 3, "", 0);
    assert_string_equal(f->log, "");
    data(f, 0, CLIENT, SERVER, "ask");
    assert_string_equal(f->log, "0:ask 1. ");
}

static void
handshake_behind_data(void **state)
{
    struct fixture *f = *state;

    data(f, 1, SERVER, CLIENT + 3, "tell");
    data(f, 0, CLIENT, SERVER, "ask");
    segment(f, 1, SYN | ACK, SERVER_ISN, CLIENT, "", 0);
    assert_string_equal(f->log, "");
    segment(f, 0, SYN, CLIENT_ISN, 0, "", 0);
    assert_string_equal(f->log, "0:ask 1:tell ");
    assert_true(f->stream.has_client);
    assert_int_equal(f->stream.client, 0);
    assert_false(f->stream.is_midstream);
}

static void
hole_is_lost_when_acknowledged_and_late(void **state)
{
    struct fixture *f = *state;

    handshake(f);
    data(f, 0, CLIENT + 5, SERVER, "later");
    f->now_ns += 50 * MS;
    stream_time(&f->table, f->now_ns);
    assert_string_equal(f->log, ""); /* a retransmission may fill it */
    data(f, 1, SERVER, CLIENT + 10, "");
    assert_string_equal(f->log, "0-5 0:later ");
    assert_int_equal(f->stream.side[0].lost, 5);
}

static void
hole_is_lost_after_packets(void **state)
{
    struct fixture *f = *state;

    handshake(f);
    data(f, 0, CLIENT + 5, SERVER, "later");
    for (unsigned i = 0; i < 63; i++)
        data(f, 1, SERVER, CLIENT + 10, "");
    assert_string_equal(f->log, "");
    data(f, 1, SERVER, CLIENT + 10, "");
    assert_string_equal(f->log, "0-5 0:later ");
}

static void
hole_between_is_lost_by_time(void **state)
{
    struct fixture *f = *state;

    handshake(f);
    data(f, 1, SERVER, CLIENT + 3, "tell");
    stream_time(&f->table, f->now_ns + 9 * MS);
    assert_string_equal(f->log, "");
    stream_time(&f->table, f->now_ns + 10 * MS);
    assert_string_equal(f->log, "0-3 1:tell ");
}

static void
acknowledgements_that_lie(void **state)
{
    struct fixture *f = *state;

    handshake(f);
    data(f, 0, CLIENT, SERVER + 4, "ask"); /* each says that it has read the other's */
    data(f, 1, SERVER, CLIENT + 3, "tell");
    assert_string_equal(f->log, "");
    stream_time(&f->table, f->now_ns + 10 * MS);
    assert_string_equal(f->log, "0:ask 1:tell ");
    data(f, 0, CLIENT + 3, SERVER + 0x50000000u, "far"); /* more than a window ahead: no promise */
    assert_string_equal(f->log, "0:ask 1:tell 0:far ");
}

static void
overlap_first_wins(void **state)
{
    struct fixture *f = *state;

    handshake(f);
    data(f, 0, CLIENT + 4, SERVER, "EFGH");
    data(f, 0, CLIENT + 12, SERVER, "MNOP");
    data(f, 0, CLIENT + 2, SERVER, "cdefghijklmnopqr"); /* only its new bytes are taken */
    data(f, 0, CLIENT, SERVER, "abxx");
    assert_string_equal(f->log, "0:ab 0:cd 0:EFGH 0:ijkl 0:MNOP 0:qr ");
    data(f, 0, CLIENT + 16, SERVER, "QRst");
    assert_string_equal(f->log, "0:ab 0:cd 0:EFGH 0:ijkl 0:MNOP 0:qr 0:st ");
    data(f, 0, CLIENT, SERVER, "abcd");
    assert_int_equal(f->stream.side[0].retransmissions, 2);
}

static void
sequence_wraps(void **state)
{
    struct fixture *f = *state;
    uint32_t isn = 0xfffffffcu;

    segment(f, 0, SYN, isn, 0, "", 0);
    segment(f, 1, SYN | ACK, SERVER_ISN, isn + 1, "", 0);
    data(f, 0, isn + 4, SERVER, "def"); /* begins at 0 */
    data(f, 1, SERVER, isn + 7, "tell");
    data(f, 0, isn + 1, SERVER, "abc");
    assert_string_equal(f->log, "0:abc 0:def 1:tell ");
}

static void
joined_midstream(void **state)
{
    struct fixture *f = *state;

    data(f, 0, CLIENT + 3, SERVER, "def");
    data(f, 0, CLIENT, SERVER, "abc"); /* the lowest byte is the first */
    data(f, 1, SERVER, CLIENT + 6, "tell");
    assert_string_equal(f->log, "");
    f->now_ns += 10 * MS;
    data(f, 1, SERVER + 4, CLIENT + 6, "more");
    assert_string_equal(f->log, "0:abc 0:def 1:tell 1:more ");
    assert_true(f->stream.is_midstream);
    assert_int_equal(f->stream.side[0].lost, 0);
    uint64_t held = f->table.stats.held_total;
    data(f, 0, CLIENT + 6, SERVER + 8, "ghi");
    assert_int_equal(f->table.stats.held_total, held); /* from here on nothing is copied */
}

static void
one_side_only(void **state)
{
    struct fixture *f = *state;

    data(f, 1, SERVER, CLIENT, "one");
    f->now_ns += 10 * MS;
    data(f, 1, SERVER + 3, CLIENT + 100, "two");
    assert_string_equal(f->log, "1:one 1:two ");
    data(f, 1, SERVER + 10, CLIENT + 200, "four"); /* no acknowledgement will tell that 4 bytes are lost */
    stream_time(&f->table, f->now_ns + 99 * MS);
    assert_string_equal(f->log, "1:one 1:two ");
    for (unsigned i = 1; i <= 11; i++)
        stream_time(&f->table, f->now_ns + (uint64_t)(100 + 10 * i) * MS);
    assert_string_equal(f->log, "1:one 1:two 1-4 1:four ");
}

static void
reset_lets_late_bytes_in(void **state)
{
    struct fixture *f = *state;

    handshake(f);
    data(f, 0, CLIENT, SERVER, "ask");
    segment(f, 0, RST, CLIENT + 3, 0, "", 0);
    data(f, 1, SERVER, CLIENT + 3, "tell");
    assert_string_equal(f->log, "0:ask 1:tell ");
    stream_time(&f->table, f->now_ns + 10 * MS);
    assert_string_equal(f->log, "0:ask 1:tell 0! 1! ");
    stream_finish(&f->stream);
    assert_string_equal(f->log, "0:ask 1:tell 0! 1! ");
}

static void
cut_bytes_are_lost(void **state)
{
    struct fixture *f = *state;

    handshake(f);
    segment(f, 0, ACK, CLIENT, SERVER, "abc", 7);
    data(f, 0, CLIENT + 10, SERVER, "next");
    assert_string_equal(f->log, "0:abc 0-7 0:next ");
    segment(f, 0, ACK, CLIENT + 20, SERVER, "early", 5);
    data(f, 0, CLIENT + 14, SERVER, "middle");
    assert_string_equal(f->log, "0:abc 0-7 0:next 0:middle 0:early 0-5 ");
}

static void
finish_tells_all(void **state)
{
    struct fixture *f = *state;

    handshake(f);
    data(f, 1, SERVER + 5, CLIENT + 3, "tell");
    segment(f, 1, ACK | FIN, SERVER + 9, CLIENT + 3, "", 0);
    data(f, 0, CLIENT + 10, SERVER + 20, "more");
    stream_finish(&f->stream);
    assert_string_equal(f->log, "1-5 0-3 1:tell 1. 0-7 1-10 0:more ");
}

static void
bounded_by_segments(void **state)
{
    struct fixture *f = *state;

    handshake(f);
    for (uint32_t i = 0; i < STREAM_MAX_SEGMENTS + 1; i++) {
        data(f, 0, CLIENT + 2 * i + 1, SERVER, "x");
        assert_true(f->stream.side[0].n_early <= STREAM_MAX_SEGMENTS);
    }
    assert_int_equal(f->table.stats.given_up, 1);
    assert_string_equal(f->log, "0-1 0:x ");
}

static void
bounded_by_memory_of_all(void **state)
{
    struct fixture *f = *state;
    struct stream other;

    f->table.max_held = 4096;
    stream_init(&other, &f->table, f);
    handshake(f);
    data(f, 0, CLIENT + 1, SERVER, "oldest");
    struct layers syn = {.l4 = 6, .tcp = {.seq = 1, .flags = SYN}};
    stream_packet(&other, 0, &syn, (struct stream_stamp){f->now_ns, 1});
    for (uint32_t i = 0; i < 100; i++) {
        struct layers l = {.l4 = 6, .tcp = {.seq = 10 + 20 * i, .flags = ACK}, .payload = SLICE("0123456789")};
        stream_packet(&other, 0, &l, (struct stream_stamp){f->now_ns, 1});
        assert_true(f->table.stats.held_bytes <= 4096);
    }
    assert_true(strncmp(f->log, "0-1 0:oldest ", 13) == 0); /* what waits longest is given up first */
    stream_fini(&other);
}

static void
ports_used_again(void **state)
{
    struct fixture *f = *state;
    struct layers syn = {.l4 = 6, .tcp = {.seq = 77777, .flags = SYN}};

    assert_false(stream_is_reuse(&f->stream, 0, &syn));
    handshake(f);
    assert_true(stream_is_reuse(&f->stream, 0, &syn));
    syn.tcp.seq = CLIENT_ISN; /* sent again */
    assert_false(stream_is_reuse(&f->stream, 0, &syn));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(in_order),
        TEST(order_within),
        TEST(order_between),
        TEST(fin_waits_for_the_other_side),
        TEST(handshake_behind_data),
        TEST(hole_is_lost_when_acknowledged_and_late),
        TEST(hole_is_lost_after_packets),
        TEST(hole_between_is_lost_by_time),
        TEST(acknowledgements_that_lie),
        TEST(overlap_first_wins),
        TEST(sequence_wraps),
        TEST(joined_midstream),
        TEST(one_side_only),
        TEST(reset_lets_late_bytes_in),
        TEST(cut_bytes_are_lost),
        TEST(finish_tells_all),
        TEST(bounded_by_segments),
        TEST(bounded_by_memory_of_all),
        TEST(ports_used_again),
    };

    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
