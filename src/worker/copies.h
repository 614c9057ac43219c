/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copies: a packet that crosses a host is seen on several interfaces, and before and behind address
 * translation. Each is to be counted once, and what this program itself says not at all.
 */
#ifndef WORKER_COPIES_H
#define WORKER_COPIES_H

#include "worker/worker_priv.h"

enum flow_skip { FLOW_SEEN, FLOW_SKIP_OWN, FLOW_SKIP_LEG };

/*
 * Is this packet of flow `f` to be looked at? false: it is another interface's copy (`what` says so: the
 * packet is taken off the flow's counts again), belongs to this program, or to the other leg of a
 * translated connection; counted. To be called once for each packet, right after flow_get().
 */
bool copies_take(struct worker *w, struct flow *f, unsigned dir, const struct layers *l, const struct packet *p);

#endif
