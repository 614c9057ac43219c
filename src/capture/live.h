/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live: packets from interfaces by AF_PACKET, TPACKET_V3. The privileged half (warden) opens the
 * socket with its ring and filter; the unprivileged half (sensor) maps the ring of the descriptor
 * that it was given. One ring sees all interfaces; a filter on the interface index chooses.
 */
#ifndef CAPTURE_LIVE_H
#define CAPTURE_LIVE_H

#include "capture/capture.h"
#include "capture/settings.h"

enum { DEVICES_MAX = 512, DEVICE_NAME = 16 };

struct device {
    char name[DEVICE_NAME];
    int index;
    int master;       /* index of the bridge it is a port of, 0: none */
    bool is_up, is_loopback, is_bridge, is_captured;
};

/* All interfaces of this network namespace. Returns how many (at most `max`), or ERR_*. */
int devices_list(struct device *ret, int max, struct err *err);

/* Marks the interfaces that the settings choose. ERR_USAGE: a name that does not exist. */
int devices_choose(const struct capture_conf *conf, struct device *list, int n, struct err *err);

struct live_geometry {
    uint32_t block_size, n_blocks;
};

/* Warden: an open socket with ring and filter, ready to be passed on. */
int live_open(const struct capture_conf *conf, const struct device *list, int n, int *ret_fd, struct live_geometry *ret,
              struct err *err);
/* Is capture.filter understood? ERR_FORMAT and why not. */
int live_check_filter(const struct capture_conf *conf, struct err *err);
/* Warden: swaps the filter when interfaces come and go. */
int live_refilter(int fd, const struct capture_conf *conf, const struct device *list, int n, struct err *err);

/* Where a predecessor that died was (packet_batch.position). 0: nowhere. */
struct live_resume {
    uint64_t published; /* the effects of packets up to here are out */
    uint64_t in_hand;   /* this one may have been the death of it: it is passed over */
    void (*passed_over)(void *ctx, const struct packet *p); /* shows it once; NULL: nobody wants it */
    void *ctx;
};

/* Sensor: maps the ring of this descriptor (borrowed). Goes on where a predecessor was. */
int live_source(int fd, const struct live_geometry *geometry, const struct live_resume *resume, struct source **ret, struct err *err);

#endif
