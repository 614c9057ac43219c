/* SPDX-License-Identifier: Apache-2.0 */
/* The ring between processes: everything arrives once and in order; a full ring refuses; lies are seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>

#include "base/shmring.h"

enum { RING = 1 << 20, BATCHES = 20000, MAGIC = 0x12345678 };

struct pair {
    struct shmring_fds fds;
    struct shmring *producer, *consumer;
};

static void
open_pair(struct pair *p)
{
    struct err err = {0};

    assert_int_equal(shmring_create(RING, &p->fds, &err), 0);
    assert_int_equal(shmring_open_producer(p->fds.data_rw, p->fds.ack_ro, p->fds.bell, &p->producer, &err), 0);
    assert_int_equal(shmring_open_consumer(p->fds.data_ro, p->fds.ack_rw, p->fds.bell, &p->consumer, &err), 0);
}

static void
close_pair(struct pair *p)
{
    shmring_close(p->producer);
    shmring_close(p->consumer);
    shmring_close_fds(&p->fds);
}

/* A batch of a length that its number gives, filled with the number. */
static uint32_t
length_of(uint32_t i)
{
    return SHMRING_ALIGN * (1 + i * 7 % 97);
}

static bool
publish_one(struct shmring *r, uint32_t i)
{
    uint32_t cap = 0, len = length_of(i);
    uint32_t *at = shmring_place(r, len, &cap);

    if (!at)
        return false;
    assert_true(cap >= len);
    for (uint32_t k = 2; k < len / 4; k++)
        at[k] = i;
    at[0] = MAGIC;
    at[1] = len;
    shmring_publish(r, len);
    return true;
}

static void *
produce(void *ctx)
{
    struct pair *p = ctx;

    for (uint32_t i = 0; i < BATCHES;)
        if (publish_one(p->producer, i))
            i++;
        else
            (void)poll(NULL, 0, 1);
    return NULL;
}

static void
test_two_sides(void **state)
{
    struct pair p;
    pthread_t thread;
    uint64_t position = 0;

    (void)state;
    open_pair(&p);
    assert_int_equal(pthread_create(&thread, NULL, produce, &p), 0);
    for (uint32_t i = 0; i < BATCHES;) {
        void *mem = NULL;
        uint32_t len = 0;
        assert_int_equal(shmring_take(p.consumer, &position, &mem, &len), 0);
        if (!mem) {
            struct pollfd bell = {.fd = p.fds.bell, .events = POLLIN};
            if (!shmring_will_sleep(p.consumer, position))
                assert_true(poll(&bell, 1, 5000) > 0); /* who sleeps is woken */
            shmring_awake(p.consumer);
            continue;
        }
        const uint32_t *words = mem;
        assert_int_equal(len, length_of(i));
        for (uint32_t k = 2; k < len / 4; k++)
            assert_int_equal(words[k], i);
        free(mem);
        shmring_release(p.consumer, position);
        i++;
    }
    pthread_join(thread, NULL);
    assert_int_equal(shmring_used(p.consumer), 0);
    close_pair(&p);
}

static void
test_full(void **state)
{
    struct pair p;
    uint32_t n = 0, len = 0;
    uint64_t position = 0;
    void *mem = NULL;

    (void)state;
    open_pair(&p);
    while (publish_one(p.producer, n))
        n++;
    assert_true(n > 10 && shmring_used(p.producer) <= RING);
    assert_int_equal(shmring_take(p.consumer, &position, &mem, &len), 0);
    free(mem);
    assert_false(publish_one(p.producer, n)); /* taken is not released */
    while (shmring_take(p.consumer, &position, &mem, &len) == 0 && mem)
        free(mem);
    shmring_release(p.consumer, position);
    assert_true(publish_one(p.producer, n));
    close_pair(&p);
}

/* A consumer that comes later (the other was killed) begins behind what was released. */
static void
test_successor(void **state)
{
    struct pair p;
    struct shmring *second = NULL;
    struct err err = {0};
    uint32_t len = 0;
    uint64_t position = 0;
    void *mem = NULL;

    (void)state;
    open_pair(&p);
    for (uint32_t i = 0; i < 3; i++)
        assert_true(publish_one(p.producer, i));
    assert_int_equal(shmring_take(p.consumer, &position, &mem, &len), 0);
    free(mem);
    shmring_release(p.consumer, position);
    assert_int_equal(shmring_take(p.consumer, &position, &mem, &len), 0); /* taken, not released */
    free(mem);
    assert_int_equal(shmring_open_consumer(p.fds.data_ro, p.fds.ack_rw, p.fds.bell, &second, &err), 0);
    position = shmring_tail(second);
    assert_int_equal(shmring_take(second, &position, &mem, &len), 0);
    assert_int_equal(((const uint32_t *)mem)[2], 1);
    free(mem);
    shmring_close(second);
    close_pair(&p);
}

static void
test_lies(void **state)
{
    static const uint32_t lies[] = {0, 1, SHMRING_ALIGN - 1, SHMRING_ALIGN + 4, SHMRING_MAX_BATCH + SHMRING_ALIGN, UINT32_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        struct pair p;
        uint32_t cap = 0, len = 0;
        uint64_t position = 0;
        void *mem = NULL;
        open_pair(&p);
        uint32_t *at = shmring_place(p.producer, SHMRING_ALIGN, &cap);
        at[0] = MAGIC;
        at[1] = lies[i];
        shmring_publish(p.producer, SHMRING_ALIGN);
        assert_int_equal(shmring_take(p.consumer, &position, &mem, &len), ERR_FORMAT);
        assert_null(mem);
        close_pair(&p);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_sides),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_successor),
        cmocka_unit_test(test_lies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
