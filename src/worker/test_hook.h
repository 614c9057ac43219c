/* SPDX-License-Identifier: Apache-2.0 */
/* test_hook: what tests make a sensor do by a packet. Only in builds with -Dtest_hooks=true. */
#ifndef WORKER_TEST_HOOK_H
#define WORKER_TEST_HOOK_H

#include "worker/worker_priv.h"

/* A payload that holds one of these words: REMORA-CRASH, -HANG, -OPEN, -READ, -SOCKET, -SEND, -FORK,
 * -EXEC, -FORGE-RING, -FORGE-RECORDS. */
void test_hook(struct worker *w, struct slice payload);

#endif
