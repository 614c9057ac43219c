/* SPDX-License-Identifier: Apache-2.0 */
/* pcapng (draft-ietf-opsawg-pcapng): sections, interfaces, enhanced, simple and old packet blocks. */
#include "capture/pcapfile_priv.h"

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 2,
    BLOCK_SIMPLE = 3,
    BLOCK_ENHANCED = 6,
    BLOCK_MIN = 12,
    BLOCK_MAX = 16 << 20
};

/* if_tsresol: a power of 10, or of 2 with the high bit. Out of range: microseconds. */
static uint64_t
resolution(uint8_t code)
{
    uint64_t units = 1;
    uint8_t n = code & 0x7f;

    if (code & 0x80)
        return n < 63 ? 1ull << n : 1000000;
    if (n > 18)
        return 1000000;
    while (n-- > 0)
        units *= 10;
    return units;
}

static void
read_interface(struct pcapfile *f, const uint8_t *body, size_t len)
{
    if (len < 8 || f->n_interfaces == PCAPNG_MAX_INTERFACES) {
        f->stats.malformed++;
        return;
    }
    struct interface *i = &f->interfaces[f->n_interfaces++];
    *i = (struct interface){.link = window_u16(f, body), .units_per_second = 1000000};
    for (size_t at = 8; at + 4 <= len;) {
        uint16_t code = window_u16(f, body + at), n = window_u16(f, body + at + 2);
        const uint8_t *value = body + at + 4;
        if (code == 0 || at + 4 + n > len)
            break;
        if (code == 9 && n >= 1)
            i->units_per_second = resolution(value[0]);
        if (code == 2)
            memcpy(i->name, value, n < sizeof(i->name) - 1 ? n : sizeof(i->name) - 1);
        if (code == 14 && n >= 8)
            memcpy(&i->offset_s, value, 8);
        at += 4 + ((n + 3u) & ~3u);
    }
    if (f->is_swapped)
        i->offset_s = __builtin_bswap64(i->offset_s);
}

static uint64_t
stamp_ns(const struct interface *i, uint64_t stamp)
{
    uint64_t whole = stamp / i->units_per_second, rest = stamp % i->units_per_second;
    return (whole + i->offset_s) * 1000000000u + (uint64_t)((__uint128_t)rest * 1000000000u / i->units_per_second);
}

/* A packet block's fixed part, then its bytes. false: not sound. */
static bool
read_packet(struct pcapfile *f, uint32_t type, const uint8_t *body, size_t len, struct packet *p)
{
    size_t head = type == BLOCK_SIMPLE ? 4 : 20;
    uint32_t number = type == BLOCK_ENHANCED ? (len >= 4 ? window_u32(f, body) : 0)
                      : type == BLOCK_PACKET ? (len >= 2 ? window_u16(f, body) : 0) : 0;

    if (len < head || number >= f->n_interfaces)
        return false;
    uint32_t caplen = type == BLOCK_SIMPLE ? window_u32(f, body) : window_u32(f, body + 12);
    uint32_t wire = type == BLOCK_SIMPLE ? caplen : window_u32(f, body + 16);
    if (type == BLOCK_SIMPLE && caplen > len - head)
        caplen = (uint32_t)(len - head);
    if (caplen > len - head)
        return false;
    const struct interface *i = &f->interfaces[number];
    uint64_t stamp = type == BLOCK_SIMPLE ? 0 : (uint64_t)window_u32(f, body + 4) << 32 | window_u32(f, body + 8);
    *p = (struct packet){.data = body + head,
                         .caplen = caplen,
                         .len = wire < caplen ? caplen : wire,
                         .time_ns = stamp_ns(i, stamp),
                         .number = ++f->number,
                         .ifindex = number + 1,
                         .link = i->link};
    return true;
}

static void
read_section(struct pcapfile *f, const uint8_t *block)
{
    uint32_t order;

    memcpy(&order, block + 8, 4);
    f->is_swapped = order == 0x4d3c2b1a;
    f->n_interfaces = 0;
}

/* The length of the block at the window's place; 0: more bytes are needed or none are left; -1: damaged. */
static int64_t
block_len(struct pcapfile *f, bool is_free)
{
    if (!window_has(f, BLOCK_MIN, is_free))
        return 0;
    uint32_t raw;
    memcpy(&raw, f->buf + f->at, 4);
    if (raw == BLOCK_SECTION)
        read_section(f, f->buf + f->at); /* its length stands in its own byte order */
    uint32_t len = window_u32(f, f->buf + f->at + 4);
    if (len < BLOCK_MIN || len > BLOCK_MAX || len % 4 != 0)
        return -1;
    return window_has(f, len, is_free) ? (int64_t)len : 0;
}

int
pcapng_next(struct pcapfile *f, struct packet_batch *ret, struct err *err)
{
    int64_t len = 0;

    ret->n = 0;
    while (ret->n < CAPTURE_BATCH && (len = block_len(f, ret->n == 0)) > 0) {
        const uint8_t *block = f->buf + f->at;
        uint32_t type = window_u32(f, block);
        size_t body = (size_t)len - BLOCK_MIN;
        f->at += (size_t)len;
        if (type == BLOCK_INTERFACE)
            read_interface(f, block + 8, body);
        if (type != BLOCK_PACKET && type != BLOCK_SIMPLE && type != BLOCK_ENHANCED)
            continue;
        if (!read_packet(f, type, block + 8, body, &ret->p[ret->n])) {
            f->stats.malformed++;
            continue;
        }
        f->stats.packets++;
        f->stats.bytes += ret->p[ret->n].len;
        f->stats.truncated += ret->p[ret->n].caplen < ret->p[ret->n].len;
        ret->n++;
    }
    if (ret->n > 0)
        return 0;
    if (len < 0)
        return err_set(err, ERR_FORMAT, "%s is damaged behind packet %llu: a block has an impossible length", f->name,
                       (unsigned long long)f->number);
    return f->len > f->at ? pcapfile_cut(f, err) : ERR_END;
}
