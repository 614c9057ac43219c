/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shmring: batches from one process to another in shared memory. One producer, one consumer. The
 * byte position of a batch is its identity and head and tail are the only state, so that either
 * side can be killed at any moment: a half-written batch is invisible because head had not moved.
 * The data is mapped twice in a row: a batch never wraps. The consumer copies before it believes.
 */
#ifndef BASE_SHMRING_H
#define BASE_SHMRING_H

#include "base/err.h"
#include "base/slice.h"

enum { SHMRING_ALIGN = 64, SHMRING_MAX_BATCH = 4 << 20 };

/* The descriptors of one ring; each side gets its own pair. -1: not open. */
struct shmring_fds {
    int data_rw, ack_ro;  /* producer */
    int data_ro, ack_rw;  /* consumer */
    int bell;             /* eventfd, both */
};

/* Makes a ring of `size` bytes (a multiple of the page size), sealed against resizing. */
int shmring_create(size_t size, struct shmring_fds *ret, struct err *err);
void shmring_close_fds(struct shmring_fds *fds);

struct shmring; /* one side's view */

/* Maps a side. The descriptors are borrowed: they must stay open only until this returns, the bell for good. */
int shmring_open_producer(int data_rw, int ack_ro, int bell, struct shmring **ret, struct err *err);
int shmring_open_consumer(int data_ro, int ack_rw, int bell, struct shmring **ret, struct err *err);
void shmring_close(struct shmring *r);

size_t shmring_size(const struct shmring *r);
/* Bytes that were published and not yet released; what the other side says is checked. */
size_t shmring_used(const struct shmring *r);

/* Producer: a place for at least `want` bytes; NULL: no room. */
void *shmring_place(struct shmring *r, uint32_t want, uint32_t *ret_cap);
/* Producer: the position at which the next batch will be. */
uint64_t shmring_head(const struct shmring *r);
/* Producer: `len` bytes in the last place are a batch (multiple of SHMRING_ALIGN). Rings when the consumer sleeps. */
void shmring_publish(struct shmring *r, uint32_t len);

/*
 * Consumer: copies the next batch behind *position into new memory (free()). *ret NULL: none.
 * ERR_FORMAT: the producer lies about lengths. The first four bytes of a batch are its magic, the
 * next four its length. *position moves behind the batch; shmring_release() frees the room.
 */
int shmring_take(struct shmring *r, uint64_t *position, void **ret, uint32_t *ret_len);
uint64_t shmring_tail(const struct shmring *r);
void shmring_release(struct shmring *r, uint64_t position);
/* Consumer: from now on the producer rings; true: something came meanwhile, do not sleep. */
bool shmring_will_sleep(struct shmring *r, uint64_t position);
void shmring_awake(struct shmring *r);

#endif
