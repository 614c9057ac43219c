/* SPDX-License-Identifier: Apache-2.0 */
/* Batches between processes: two sealed memfds, positions, a bell. */
#include "base/shmring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct data_page {
    _Atomic uint64_t head;
};

struct ack_page {
    _Atomic uint64_t tail;
    _Atomic uint32_t asleep;
};

struct shmring {
    struct data_page *page;
    struct ack_page *ack;
    uint8_t *bytes; /* mapped twice */
    size_t size, page_size;
    int bell;
    bool is_producer;
};

static int
sealed_memfd(const char *name, size_t len, int *ret_rw, int *ret_ro)
{
    char path[64];
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

    /* A memfd is born open to everybody who can reopen it. */
    if (fd < 0 || ftruncate(fd, (off_t)len) < 0 || fchmod(fd, 0600) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        return -1;
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    *ret_rw = fd;
    *ret_ro = open(path, O_RDONLY | O_CLOEXEC);
    return *ret_ro < 0 ? -1 : 0;
}

int
shmring_create(size_t size, struct shmring_fds *ret, struct err *err)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    *ret = (struct shmring_fds){-1, -1, -1, -1, -1};
    if (size == 0 || size % page != 0)
        return err_set(err, ERR_USAGE, "the ring between sensor and keeper must be a multiple of %zu bytes", page);
    ret->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (ret->bell < 0 || sealed_memfd("remora-ring", size + page, &ret->data_rw, &ret->data_ro) < 0 ||
        sealed_memfd("remora-ack", page, &ret->ack_rw, &ret->ack_ro) < 0) {
        int why = errno;
        shmring_close_fds(ret);
        return err_sys(err, ERR_IO, why, "cannot make the ring between sensor and keeper");
    }
    return 0;
}

void
shmring_close_fds(struct shmring_fds *fds)
{
    int *all[] = {&fds->data_rw, &fds->ack_ro, &fds->data_ro, &fds->ack_rw, &fds->bell};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (*all[i] >= 0)
            close(*all[i]);
        *all[i] = -1;
    }
}

static int
map_ring(int data, int ack, bool is_producer, struct shmring *r)
{
    struct stat st;
    int prot = is_producer ? PROT_READ | PROT_WRITE : PROT_READ;
    int ack_prot = is_producer ? PROT_READ : PROT_READ | PROT_WRITE;

    r->page_size = (size_t)sysconf(_SC_PAGESIZE);
    if (fstat(data, &st) < 0 || (size_t)st.st_size <= r->page_size)
        return -1;
    r->size = (size_t)st.st_size - r->page_size;
    r->page = mmap(NULL, r->page_size, prot, MAP_SHARED, data, 0);
    r->ack = mmap(NULL, r->page_size, ack_prot, MAP_SHARED, ack, 0);
    uint8_t *room = mmap(NULL, 2 * r->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (r->page == MAP_FAILED || r->ack == MAP_FAILED || room == MAP_FAILED)
        return -1;
    r->bytes = room;
    for (size_t i = 0; i < 2; i++)
        if (mmap(room + i * r->size, r->size, prot, MAP_SHARED | MAP_FIXED, data, (off_t)r->page_size) == MAP_FAILED)
            return -1;
    return 0;
}

static int
open_side(int data, int ack, int bell, bool is_producer, struct shmring **ret, struct err *err)
{
    struct shmring *r = calloc(1, sizeof(*r));

    if (!r)
        return err_set(err, ERR_NOMEM, "no memory for a ring");
    r->is_producer = is_producer;
    r->bell = bell;
    if (map_ring(data, ack, is_producer, r) < 0) {
        int why = errno;
        shmring_close(r);
        return err_sys(err, ERR_IO, why, "cannot map the ring between sensor and keeper");
    }
    *ret = r;
    return 0;
}

int
shmring_open_producer(int data_rw, int ack_ro, int bell, struct shmring **ret, struct err *err)
{
    return open_side(data_rw, ack_ro, bell, true, ret, err);
}

int
shmring_open_consumer(int data_ro, int ack_rw, int bell, struct shmring **ret, struct err *err)
{
    return open_side(data_ro, ack_rw, bell, false, ret, err);
}

void
shmring_close(struct shmring *r)
{
    if (!r)
        return;
    if (r->page && r->page != MAP_FAILED)
        (void)munmap(r->page, r->page_size);
    if (r->ack && r->ack != MAP_FAILED)
        (void)munmap(r->ack, r->page_size);
    if (r->bytes)
        (void)munmap(r->bytes, 2 * r->size);
    free(r);
}

size_t
shmring_size(const struct shmring *r)
{
    return r->size;
}

size_t
shmring_used(const struct shmring *r)
{
    uint64_t used = atomic_load(&r->page->head) - atomic_load(&r->ack->tail);
    return used > r->size ? r->size : (size_t)used;
}

void *
shmring_place(struct shmring *r, uint32_t want, uint32_t *ret_cap)
{
    uint64_t head = atomic_load_explicit(&r->page->head, memory_order_relaxed);
    uint64_t used = head - atomic_load_explicit(&r->ack->tail, memory_order_acquire);

    if (used > r->size || want > r->size - used) /* full, or the consumer lies: full */
        return NULL;
    uint64_t cap = r->size - used;
    *ret_cap = (uint32_t)(cap < SHMRING_MAX_BATCH ? cap : SHMRING_MAX_BATCH);
    return r->bytes + head % r->size;
}

void
shmring_publish(struct shmring *r, uint32_t len)
{
    uint64_t one = 1, head = atomic_load_explicit(&r->page->head, memory_order_relaxed);

    atomic_store_explicit(&r->page->head, head + len, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&r->ack->asleep, memory_order_relaxed) && write(r->bell, &one, sizeof(one)) < 0)
        return; /* the counter is full: it rings already */
}

int
shmring_take(struct shmring *r, uint64_t *position, void **ret, uint32_t *ret_len)
{
    uint64_t head = atomic_load_explicit(&r->page->head, memory_order_acquire);
    uint64_t left = head - *position;
    const volatile uint32_t *batch = (const volatile uint32_t *)(const void *)(r->bytes + *position % r->size);

    *ret = NULL;
    if (left == 0)
        return 0;
    if (left > r->size || head % SHMRING_ALIGN != 0)
        return ERR_FORMAT;
    uint32_t len = batch[1]; /* read once: the producer may change it meanwhile */
    if (len < SHMRING_ALIGN || len % SHMRING_ALIGN != 0 || len > left || len > SHMRING_MAX_BATCH)
        return ERR_FORMAT;
    uint8_t *copy = aligned_alloc(SHMRING_ALIGN, len);
    if (!copy)
        return ERR_NOMEM;
    memcpy(copy, (const void *)(uintptr_t)batch, len);
    memcpy(copy + 4, &len, sizeof(len));
    *position += len;
    *ret = copy;
    *ret_len = len;
    return 0;
}

uint64_t
shmring_head(const struct shmring *r)
{
    return atomic_load_explicit(&r->page->head, memory_order_relaxed);
}

uint64_t
shmring_tail(const struct shmring *r)
{
    return atomic_load(&r->ack->tail);
}

void
shmring_release(struct shmring *r, uint64_t position)
{
    atomic_store_explicit(&r->ack->tail, position, memory_order_release);
}

bool
shmring_will_sleep(struct shmring *r, uint64_t position)
{
    atomic_store_explicit(&r->ack->asleep, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    return atomic_load_explicit(&r->page->head, memory_order_acquire) != position;
}

void
shmring_awake(struct shmring *r)
{
    uint64_t count;

    atomic_store_explicit(&r->ack->asleep, 0, memory_order_relaxed);
    if (read(r->bell, &count, sizeof(count)) < 0)
        return; /* it had not rung */
}
