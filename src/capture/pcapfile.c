/* SPDX-License-Identifier: Apache-2.0 */
/* Capture files: pcap (both byte orders, micro- and nanoseconds); pcapng is in pcapng.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/pcapfile_priv.h"

enum { PCAP_HEAD = 24, PCAP_RECORD = 16, PCAP_MAX_PACKET = 16 << 20 };

bool
window_has(struct pcapfile *f, size_t need, bool is_free)
{
    if (f->len - f->at >= need)
        return true;
    if (!is_free || f->is_end)
        return false;
    memmove(f->buf, f->buf + f->at, f->len - f->at);
    f->len -= f->at;
    f->at = 0;
    if (need > f->cap) {
        uint8_t *p = need <= WINDOW_MAX ? realloc(f->buf, need) : NULL;
        if (!p)
            return false;
        f->buf = p;
        f->cap = need;
    }
    while (f->len < need) {
        ssize_t n = read(f->fd, f->buf + f->len, f->cap - f->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            f->is_end = true;
            return false;
        }
        f->len += (size_t)n;
        f->done += (uint64_t)n;
    }
    return true;
}

int
pcapfile_cut(struct pcapfile *f, struct err *err)
{
    return err_set(err, ERR_FORMAT, "%s ends in the middle of packet %llu: the packets before it were read", f->name,
                   (unsigned long long)f->number + 1);
}

/* One record of pcap at the window's place; false: it needs more bytes than are there. */
static bool
take_record(struct pcapfile *f, struct packet *p, bool is_free, bool *ret_bad)
{
    if (!window_has(f, PCAP_RECORD, is_free))
        return false;
    uint32_t caplen = window_u32(f, f->buf + f->at + 8);
    if (caplen > PCAP_MAX_PACKET) {
        *ret_bad = true;
        return false;
    }
    if (!window_has(f, PCAP_RECORD + (size_t)caplen, is_free))
        return false;
    const uint8_t *h = f->buf + f->at;
    uint64_t fraction = window_u32(f, h + 4);
    *p = (struct packet){
        .data = h + PCAP_RECORD,
        .caplen = caplen,
        .len = window_u32(f, h + 12),
        .time_ns = (uint64_t)window_u32(f, h) * 1000000000u + (f->is_nano ? fraction : fraction * 1000),
        .number = ++f->number,
        .ifindex = 1,
        .link = f->interfaces[0].link,
    };
    if (p->len < caplen)
        p->len = caplen;
    f->at += PCAP_RECORD + (size_t)caplen;
    return true;
}

static int
pcap_next(struct pcapfile *f, struct packet_batch *ret, struct err *err)
{
    bool bad = false;

    ret->n = 0;
    while (ret->n < CAPTURE_BATCH && take_record(f, &ret->p[ret->n], ret->n == 0, &bad)) {
        f->stats.packets++;
        f->stats.bytes += ret->p[ret->n].len;
        f->stats.truncated += ret->p[ret->n].caplen < ret->p[ret->n].len;
        ret->n++;
    }
    if (ret->n > 0)
        return 0;
    if (bad) {
        f->stats.malformed++;
        return err_set(err, ERR_FORMAT, "%s: packet %llu claims to be longer than 16 MiB: the file is damaged there", f->name,
                       (unsigned long long)f->number + 1);
    }
    return f->len > f->at ? pcapfile_cut(f, err) : ERR_END;
}

static int
file_next(struct source *s, int timeout_ms, struct packet_batch *ret, struct err *err)
{
    struct pcapfile *f = (struct pcapfile *)s;

    (void)timeout_ms;
    ret->is_last_of_block = false;
    return f->is_ng ? pcapng_next(f, ret, err) : pcap_next(f, ret, err);
}

static void
file_release(struct source *s)
{
    (void)s; /* the next call moves the window */
}

static void
file_stats(struct source *s, struct source_stats *ret)
{
    *ret = ((struct pcapfile *)s)->stats;
}

static void
file_close(struct source *s)
{
    struct pcapfile *f = (struct pcapfile *)s;

    if (f->fd > 0)
        close(f->fd);
    free(f->buf);
    free(f);
}

static void
file_progress(struct source *s, uint64_t *ret_done, uint64_t *ret_all)
{
    const struct pcapfile *f = (const struct pcapfile *)s;

    *ret_done = f->done - (f->len - f->at);
    *ret_all = f->all;
}

static const struct source_ops file_ops = {
    .name = "file",
    .next = file_next,
    .release = file_release,
    .stats = file_stats,
    .close = file_close,
    .progress = file_progress,
};

void
source_close(struct source *s)
{
    if (s)
        s->ops->close(s);
}

const char *
source_interface(struct source *s, uint32_t ifindex)
{
    if (s->ops != &file_ops)
        return "";
    const struct pcapfile *f = (const struct pcapfile *)s;
    return ifindex > 0 && ifindex <= f->n_interfaces ? f->interfaces[ifindex - 1].name : "";
}

/* What the first bytes look like, for the sentence about a foreign file. */
static const char *
foreign_kind(const uint8_t *p, size_t len)
{
    static const struct {
        const char *magic;
        size_t len;
        const char *what;
    } kinds[] = {{"\x1f\x8b", 2, "a gzip file: unpack it first (gunzip)"},
                 {"\x28\xb5\x2f\xfd", 4, "a zstd file: unpack it first (unzstd)"},
                 {"BZh", 3, "a bzip2 file: unpack it first"},
                 {"PK", 2, "a zip file: unpack it first"},
                 {"\x7f" "ELF", 4, "a program"},
                 {"snoop", 5, "a snoop file, which is not read"}};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (len >= kinds[i].len && memcmp(p, kinds[i].magic, kinds[i].len) == 0)
            return kinds[i].what;
    for (size_t i = 0; i < len && i < 64; i++)
        if (p[i] < 9)
            return "something else";
    return "a text";
}

static int
read_head(struct pcapfile *f, struct err *err)
{
    uint32_t magic = 0;

    if (!window_has(f, 4, true))
        return f->len == 0 ? err_set(err, ERR_FORMAT, "%s is empty", f->name)
                           : err_set(err, ERR_FORMAT, "%s is too short for a capture file", f->name);
    memcpy(&magic, f->buf, 4);
    if (magic == 0x0a0d0d0a) {
        f->is_ng = true;
        return 0;
    }
    f->is_swapped = magic == 0xd4c3b2a1 || magic == 0x4d3cb2a1;
    uint32_t real = f->is_swapped ? __builtin_bswap32(magic) : magic;
    f->is_nano = real == 0xa1b23c4d;
    if (real != 0xa1b2c3d4 && !f->is_nano)
        return err_set(err, ERR_FORMAT, "%s is no capture file (pcap or pcapng): it looks like %s", f->name,
                       foreign_kind(f->buf, f->len));
    if (!window_has(f, PCAP_HEAD, true))
        return err_set(err, ERR_FORMAT, "%s is too short for a capture file", f->name);
    f->interfaces[0] = (struct interface){.link = (uint16_t)window_u32(f, f->buf + 20)};
    f->n_interfaces = 1;
    f->at = PCAP_HEAD;
    return 0;
}

int
pcapfile_open_fd(int fd, const char *name, struct source **ret, struct err *err)
{
    struct pcapfile *f = calloc(1, sizeof(*f));
    struct stat st;

    if (!f || !(f->buf = malloc(WINDOW_BYTES))) {
        free(f);
        return err_set(err, ERR_NOMEM, "no memory to read %s", name);
    }
    *f = (struct pcapfile){.source = {&file_ops}, .fd = fd, .buf = f->buf, .cap = WINDOW_BYTES};
    (void)snprintf(f->name, sizeof(f->name), "%s", name);
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        f->all = (uint64_t)st.st_size;
    int rc = read_head(f, err);
    if (rc < 0) {
        file_close(&f->source);
        return rc;
    }
    *ret = &f->source;
    return 0;
}

int
pcapfile_open(const char *path, struct source **ret, struct err *err)
{
    struct stat st;

    if (strcmp(path, "-") == 0)
        return pcapfile_open_fd(STDIN_FILENO, "standard input", ret, err);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_sys(err, ERR_IO, errno, "cannot read %s", path);
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(fd);
        return err_set(err, ERR_IO, "cannot read %s: it is a directory", path);
    }
    return pcapfile_open_fd(fd, path, ret, err);
}
