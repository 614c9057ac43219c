/* SPDX-License-Identifier: Apache-2.0 */
/* MaxMind DB format 2.0: a binary search tree, a data section, metadata. */
#include "mmdb.h"

#include <stdio.h>

enum {
    MAX_FILE = 1 << 16,
    MAX_NODES = 128,
    TYPE_TEXT = 2,
    TYPE_DOUBLE = 3,
    TYPE_U16 = 5,
    TYPE_U32 = 6,
    TYPE_MAP = 7,
    TYPE_U64 = 9,
    TYPE_ARRAY = 11,
    SEPARATOR = 16
};

struct tree {
    uint32_t n_nodes;
    uint32_t to[MAX_NODES][2]; /* 0: nothing; below MAX_NODES: node; else MAX_NODES + data offset */
};

static void
put_control(struct buf *b, unsigned type, size_t size)
{
    if (type > 7) {
        buf_add_byte(b, (uint8_t)size);
        buf_add_byte(b, (uint8_t)(type - 7));
    } else {
        buf_add_byte(b, (uint8_t)(type << 5 | size));
    }
}

static void
put_text(struct buf *b, const char *s)
{
    put_control(b, TYPE_TEXT, strlen(s));
    buf_add_text(b, s);
}

static void
put_big_endian(struct buf *b, uint64_t v, int bytes)
{
    while (bytes-- > 0)
        buf_add_byte(b, (uint8_t)(v >> (8 * bytes)));
}

static void
put_uint(struct buf *b, unsigned type, uint64_t v, int bytes)
{
    put_control(b, type, (size_t)bytes);
    put_big_endian(b, v, bytes);
}

static void
put_double(struct buf *b, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    put_control(b, TYPE_DOUBLE, 8);
    put_big_endian(b, bits, 8);
}

static void
add_net(struct tree *t, uint32_t addr, int prefix, uint32_t data)
{
    uint32_t node = 0;

    for (int i = 0; i < prefix; i++) {
        unsigned bit = addr >> (31 - i) & 1;
        if (i == prefix - 1)
            t->to[node][bit] = MAX_NODES + data;
        else if (t->to[node][bit] == 0)
            t->to[node][bit] = t->n_nodes++;
        node = t->to[node][bit];
    }
}

static void
put_tree(struct buf *b, const struct tree *t)
{
    for (uint32_t i = 0; i < t->n_nodes; i++)
        for (int bit = 0; bit < 2; bit++) {
            uint32_t to = t->to[i][bit];
            if (to == 0)
                to = t->n_nodes;
            else if (to >= MAX_NODES)
                to = to - MAX_NODES + t->n_nodes + SEPARATOR;
            put_big_endian(b, to, 3);
        }
    for (int i = 0; i < SEPARATOR; i++)
        buf_add_byte(b, 0);
}

static void
put_metadata(struct buf *b, const struct tree *t)
{
    buf_add_text(b, "\xab\xcd\xefMaxMind.com");
    put_control(b, TYPE_MAP, 9);
    put_text(b, "binary_format_major_version");
    put_uint(b, TYPE_U16, 2, 2);
    put_text(b, "binary_format_minor_version");
    put_uint(b, TYPE_U16, 0, 2);
    put_text(b, "build_epoch");
    put_uint(b, TYPE_U64, 1700000000, 8);
    put_text(b, "database_type");
    put_text(b, "test");
    put_text(b, "description");
    put_control(b, TYPE_MAP, 0);
    put_text(b, "ip_version");
    put_uint(b, TYPE_U16, 4, 2);
    put_text(b, "languages");
    put_control(b, TYPE_ARRAY, 0);
    put_text(b, "node_count");
    put_uint(b, TYPE_U32, t->n_nodes, 4);
    put_text(b, "record_size");
    put_uint(b, TYPE_U16, 24, 2);
}

int
mmdb_write(const char *path)
{
    static struct tree tree;
    struct buf data, file;

    tree = (struct tree){.n_nodes = 1};
    buf_init(&data, MAX_FILE);
    buf_init(&file, MAX_FILE);
    put_control(&data, TYPE_MAP, 1);
    put_text(&data, "country_code");
    put_text(&data, "AU");
    add_net(&tree, 0xc0000200, 24, 0);
    add_net(&tree, 0xc6336400, 24, (uint32_t)data.len);
    put_control(&data, TYPE_MAP, 3);
    put_text(&data, "country");
    put_control(&data, TYPE_MAP, 1);
    put_text(&data, "iso_code");
    put_text(&data, "DE");
    put_text(&data, "city");
    put_control(&data, TYPE_MAP, 1);
    put_text(&data, "names");
    put_control(&data, TYPE_MAP, 1);
    put_text(&data, "en");
    put_text(&data, "Berlin");
    put_text(&data, "location");
    put_control(&data, TYPE_MAP, 2);
    put_text(&data, "latitude");
    put_double(&data, 52.52);
    put_text(&data, "longitude");
    put_double(&data, 13.405);

    put_tree(&file, &tree);
    buf_add(&file, data.p, data.len);
    put_metadata(&file, &tree);
    FILE *f = fopen(path, "wb");
    int rc = f && fwrite(file.p, 1, file.len, f) == file.len ? 0 : -1;
    if (f && fclose(f) != 0)
        rc = -1;
    buf_fini(&data);
    buf_fini(&file);
    return rc;
}
