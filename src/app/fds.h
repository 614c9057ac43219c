/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fds: what the warden hands to its children, by fixed number, and the pages that they share. A
 * child is executed anew and holds these descriptors and nothing else.
 */
#ifndef APP_FDS_H
#define APP_FDS_H

#include <stdint.h>

#include "worker/worker.h"

enum {
    FD_CONTROL = 3,  /* SEQPACKET to the warden: 'q' = drain and end; end of file = the warden is gone */
    FD_CONFIG = 4,   /* sealed memfd: settings */
    FD_PAGE = 5,     /* memfd: struct shared_page */
    FD_BELL = 6,     /* eventfd of the ring */
    FD_RING_DATA = 7,
    FD_RING_ACK = 8,
    FD_CAPTURE = 9,  /* sensor: the capture socket */
    FD_LISTEN = 10   /* keeper: listening sockets from here on */
};

enum { KEEPER_SAW_LIE = 9 }; /* exit status of a keeper: the ring holds a lie */

enum { PAGE_ROWS = 64, PAGE_NAME = 48 };

/* Counters of the sensor and facts of the warden, for the keeper to show. Plain stores and loads. */
struct shared_page {
    uint32_t block_size, n_blocks;     /* geometry of the capture ring */
    uint64_t ring_id;                  /* random identity of the ring to the keeper */
    uint64_t started_ns;
    uint32_t keeper_is_ready;          /* it has opened its store at least once */
    uint32_t n_rows, sensor_restarts, keeper_restarts;
    int32_t warden_pid, sensor_pid, keeper_pid;
    uint64_t drops, packets, bytes, last_packet_ns;
    struct worker_notes notes;         /* what the sensor has in hand */
    struct {
        uint64_t head, position;       /* once the ring's head is here, packets up to this position are published */
    } published[2];                    /* in turns: the one whose head is the ring's holds */
    uint32_t evidence_len;             /* bytes of the packet that may have ended a sensor; the warden writes them down */
    uint32_t evidence_wire_len;
    uint16_t evidence_link;
    uint64_t evidence_ns;
    uint8_t evidence[4096];
    uint64_t turns;                    /* of the sensor: stands still when it hangs */
    uint64_t parser_crashes;
    uint64_t gap_from_ns, gap_to_ns;   /* the last time without a sensor */
    char import[64];                   /* name of the capture that is imported; "": live capture */
    uint64_t import_done, import_all;  /* bytes of it that were read, and in all (0: unknown) */
    uint32_t n_own;                    /* own listeners, whose traffic is left out */
    struct {
        uint8_t addr[16];              /* IPv4: the first four bytes */
        uint8_t ip_version;
        uint16_t port;
    } own[16];
    uint32_t n_interfaces;
    struct {
        char name[16];
        uint32_t is_captured, is_up, is_bridge, index;
    } interfaces[64];
    struct {
        char name[PAGE_NAME];
        char help[96];
        uint64_t value;
    } rows[PAGE_ROWS];
};

#endif
