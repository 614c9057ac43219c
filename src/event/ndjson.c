/* SPDX-License-Identifier: Apache-2.0 */
/* One walk from a record to a line of nested JSON: gather the cells by field, then write in order. */
#include "event/ndjson.h"

#include "event/ndjson_priv.h"

enum {
    NO_CELL = 0xffff,
    WRITTEN = 0xfffe,     /* in item_next: a map's value that stands in a list already */
    VALUE_ROOM = 64,      /* any number, address or time with quotes */
    MAX_SAME_KEYS = 64    /* of a map: how far ahead an equal key is looked for */
};

/* The line under construction. */
struct line {
    struct buf *out;
    uint8_t *p, *end;
};

/* Makes room for `len` more bytes; false: the output is at its bound. */
static inline bool
line_room(struct line *l, size_t len)
{
    if ((size_t)(l->end - l->p) >= len)
        return true;
    l->out->len = (size_t)(l->p - l->out->p);
    if (!buf_reserve(l->out, len))
        return false;
    l->p = l->out->p + l->out->len;
    l->end = l->out->p + l->out->cap;
    return true;
}

static inline void
line_byte(struct line *l, uint8_t c)
{
    *l->p++ = c;
}

static bool
put_text(struct line *l, struct slice text, bool is_padded)
{
    if (!line_room(l, value_json_room(text.len) + 2))
        return false;
    line_byte(l, '"');
    l->p = value_json(l->p, text, is_padded);
    line_byte(l, '"');
    return true;
}

static bool
put_base64(struct line *l, struct slice in)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t i = 0;

    if (!line_room(l, in.len / 3 * 4 + 8))
        return false;
    line_byte(l, '"');
    for (; i + 3 <= in.len; i += 3) {
        uint32_t v = (uint32_t)in.p[i] << 16 | (uint32_t)in.p[i + 1] << 8 | in.p[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6)
            line_byte(l, (uint8_t)digits[v >> shift & 63]);
    }
    if (i < in.len) {
        uint32_t v = (uint32_t)in.p[i] << 16 | (i + 1 < in.len ? (uint32_t)in.p[i + 1] << 8 : 0);
        line_byte(l, (uint8_t)digits[v >> 18 & 63]);
        line_byte(l, (uint8_t)digits[v >> 12 & 63]);
        line_byte(l, i + 1 < in.len ? (uint8_t)digits[v >> 6 & 63] : '=');
        line_byte(l, '=');
    }
    line_byte(l, '"');
    return true;
}

static uint64_t
cell_bits(const struct cell_head *h)
{
    uint64_t bits;
    memcpy(&bits, h + 1, sizeof(bits));
    return bits;
}

static double
cell_double(const struct cell_head *h)
{
    double value;
    memcpy(&value, h + 1, sizeof(value));
    return value;
}

/* An old name with another unit: whole numbers stay whole (responsetime in ms). */
static void
put_scaled(struct line *l, const struct cell_head *h, double scale)
{
    double value = h->kind == KIND_FLOAT ? cell_double(h)
                   : h->kind == KIND_INT ? (double)(int64_t)cell_bits(h) : (double)cell_bits(h);
    value *= scale;
    if (h->kind == KIND_FLOAT || value >= 9e18 || value <= -9e18)
        l->p = value_float(l->p, value);
    else
        l->p = value_int(l->p, (int64_t)value);
}

/* One value of any kind but maps and groups. */
static bool
put_value(struct ndjson *n, struct line *l, const struct cell_head *h, double scale)
{
    const uint8_t *p = (const uint8_t *)(h + 1);

    if (h->kind == KIND_TEXT)
        return put_text(l, slice_of(p, h->len), true);
    if (h->kind == KIND_BYTES)
        return put_base64(l, slice_of(p, h->len));
    if (!line_room(l, VALUE_ROOM))
        return false;
    if (scale != 0 && h->kind != KIND_IP) {
        put_scaled(l, h, scale);
        return true;
    }
    switch ((enum field_kind)h->kind) {
    case KIND_UINT:
    case KIND_DURATION:
        l->p = value_uint(l->p, cell_bits(h));
        break;
    case KIND_INT:
        l->p = value_int(l->p, (int64_t)cell_bits(h));
        break;
    case KIND_FLOAT:
        l->p = value_float(l->p, cell_double(h));
        break;
    case KIND_BOOL:
        memcpy(l->p, cell_bits(h) ? "true " : "false", 5);
        l->p += cell_bits(h) ? 4 : 5;
        break;
    case KIND_IP:
        line_byte(l, '"');
        l->p = value_ip(l->p, slice_of(p, h->len));
        line_byte(l, '"');
        break;
    case KIND_TIME:
        line_byte(l, '"');
        l->p = value_time(l->p, &n->clock, cell_bits(h), n->options.time_digits);
        line_byte(l, '"');
        break;
    case KIND_NONE:
    case KIND_TEXT:
    case KIND_BYTES:
    case KIND_MAP:
    case KIND_GROUP:
        break;
    }
    return true;
}

/* The values of a chain: one, or a list. */
static bool
put_values(struct ndjson *n, struct line *l, const struct ndjson_chain *c, const uint16_t *next,
           const struct ndjson_slot *as)
{
    bool is_list = c->first != c->last || as->flags & FIELD_LIST;

    if (!is_list)
        return put_value(n, l, n->cells[c->first], as->scale);
    for (uint16_t i = c->first; i != NO_CELL; i = next[i]) {
        if (!line_room(l, 2))
            return false;
        line_byte(l, i == c->first ? '[' : ',');
        if (!put_value(n, l, n->cells[i], as->scale))
            return false;
    }
    if (!line_room(l, 1))
        return false;
    line_byte(l, ']');
    return true;
}

static void
map_cell(const struct cell_head *h, struct slice *ret_key, struct slice *ret_value)
{
    const uint8_t *p = (const uint8_t *)(h + 1);
    uint16_t key_len;

    memcpy(&key_len, p, sizeof(key_len));
    *ret_key = slice_of(p + sizeof(key_len), key_len);
    *ret_value = slice_from(slice_of(p, h->len), sizeof(key_len) + (size_t)key_len);
}

static bool
put_map_value(struct line *l, const struct cell_head *h)
{
    struct slice key, value;

    map_cell(h, &key, &value);
    if (!(h->flags & CELL_NUMBER))
        return put_text(l, value, false);
    if (!line_room(l, value.len))
        return false;
    if (value.len)
        memcpy(l->p, value.p, value.len);
    l->p += value.len;
    return true;
}

/* The next cell behind `from` with this key, among those near; NO_CELL: none. */
static uint16_t
same_key(const struct ndjson *n, uint16_t from, struct slice key)
{
    uint16_t i = n->next[from];

    for (unsigned seen = 0; i != NO_CELL && seen < MAX_SAME_KEYS; i = n->next[i], seen++) {
        struct slice other, value;
        if (n->item_next[i] == WRITTEN)
            continue;
        map_cell(n->cells[i], &other, &value);
        if (slice_eq(other, key))
            return i;
    }
    return NO_CELL;
}

/* The value of a key, or the list of its values; those behind the first are marked as written. */
static bool
put_map_values(struct ndjson *n, struct line *l, uint16_t first, struct slice key)
{
    uint16_t again = same_key(n, first, key);

    if (again == NO_CELL)
        return put_map_value(l, n->cells[first]);
    line_byte(l, '[');
    if (!put_map_value(l, n->cells[first]))
        return false;
    for (; again != NO_CELL; again = same_key(n, again, key)) {
        if (!line_room(l, 2))
            return false;
        line_byte(l, ',');
        if (!put_map_value(l, n->cells[again]))
            return false;
        n->item_next[again] = WRITTEN;
    }
    if (!line_room(l, 2))
        return false;
    line_byte(l, ']');
    return true;
}

static bool
put_map(struct ndjson *n, struct line *l, const struct ndjson_chain *c)
{
    for (uint16_t i = c->first; i != NO_CELL; i = n->next[i])
        n->item_next[i] = NO_CELL;
    for (uint16_t i = c->first; i != NO_CELL; i = n->next[i]) {
        struct slice key, value;
        if (n->item_next[i] == WRITTEN)
            continue;
        map_cell(n->cells[i], &key, &value);
        if (!line_room(l, 4))
            return false;
        line_byte(l, i == c->first ? '{' : ',');
        if (!put_text(l, key, false) || !line_room(l, 4))
            return false;
        line_byte(l, ':');
        if (!put_map_values(n, l, i, key))
            return false;
    }
    if (!line_room(l, 2))
        return false;
    line_byte(l, '}');
    return true;
}

/* Epochs begin again after 4 billion: no stale chain may look new. */
static void
next_epoch(uint32_t *epoch, struct ndjson_chain *chains, uint16_t n_chains)
{
    if (++*epoch)
        return;
    memset(chains, 0, n_chains * sizeof(*chains));
    *epoch = 1;
}

/* Gathers the cells of one object by member; returns the first cell of the next object. */
static uint16_t
gather_item(struct ndjson *n, uint16_t from)
{
    uint16_t i = from;

    next_epoch(&n->item_epoch, n->item_chains, schema_n_fields(n->schema));
    do {
        struct ndjson_chain *c = &n->item_chains[n->cells[i]->field];
        if (c->epoch != n->item_epoch) {
            *c = (struct ndjson_chain){.epoch = n->item_epoch, .first = i, .last = i};
        } else {
            n->item_next[c->last] = i;
            c->last = i;
        }
        n->item_next[i] = NO_CELL;
        i = n->next[i];
    } while (i != NO_CELL && !(n->cells[i]->flags & CELL_NEW_ITEM));
    return i;
}

static bool
put_item(struct ndjson *n, struct line *l, uint16_t from, uint16_t end)
{
    char before = '{';

    for (uint16_t i = from; i != end; i = n->next[i]) {
        const struct ndjson_chain *c = &n->item_chains[n->cells[i]->field];
        const struct field *f = schema_field(n->schema, n->cells[i]->field);
        if (c->first != i)
            continue; /* written with the first of its field */
        const char *name = strrchr(f->name, '.') + 1;
        size_t len = strlen(name);
        if (!line_room(l, len + 8))
            return false;
        line_byte(l, (uint8_t)before);
        before = ',';
        line_byte(l, '"');
        memcpy(l->p, name, len);
        l->p += len;
        line_byte(l, '"');
        line_byte(l, ':');
        if (!put_values(n, l, c, n->item_next, &(struct ndjson_slot){.flags = f->flags}))
            return false;
    }
    if (!line_room(l, 2))
        return false;
    line_byte(l, '}');
    return true;
}

static bool
put_group(struct ndjson *n, struct line *l, const struct ndjson_chain *c)
{
    for (uint16_t i = c->first; i != NO_CELL;) {
        uint16_t end = gather_item(n, i);
        if (!line_room(l, 2))
            return false;
        line_byte(l, i == c->first ? '[' : ',');
        if (!put_item(n, l, i, end))
            return false;
        i = end;
    }
    if (!line_room(l, 2))
        return false;
    line_byte(l, ']');
    return true;
}

/* related.ip when nobody put it: the addresses of both sides and of the client behind a proxy. */
static bool
put_related(struct ndjson *n, struct line *l)
{
    static const uint16_t from[] = {FIELD_SOURCE_IP, FIELD_DESTINATION_IP, FIELD_NETWORK_FORWARDED_IP};
    struct slice seen[3];
    size_t n_seen = 0;

    if (!line_room(l, 4 * VALUE_ROOM))
        return false;
    line_byte(l, '[');
    for (size_t i = 0; i < 3; i++) {
        const struct ndjson_chain *c = &n->chains[from[i]];
        if (c->epoch != n->epoch)
            continue;
        struct slice ip = slice_of(n->cells[c->first] + 1, n->cells[c->first]->len);
        bool is_new = true;
        for (size_t k = 0; k < n_seen; k++)
            is_new &= !slice_eq(seen[k], ip);
        if (!is_new)
            continue;
        if (n_seen)
            line_byte(l, ',');
        seen[n_seen++] = ip;
        line_byte(l, '"');
        l->p = value_ip(l->p, ip);
        line_byte(l, '"');
    }
    line_byte(l, ']');
    return true;
}

/* A slot that has no cell: it follows from the head, the dataset or other cells. */
static bool
put_derived(struct ndjson *n, struct line *l, const struct record *r, uint16_t field)
{
    uint8_t const_at = n->fields[field].const_at;

    if (field == FIELD_TIMESTAMP) {
        if (!line_room(l, VALUE_ROOM))
            return false;
        line_byte(l, '"');
        l->p = value_time(l->p, &n->clock, r->head->time_ns, n->options.time_digits);
        line_byte(l, '"');
        return true;
    }
    if (field == FIELD_RELATED_IP)
        return put_related(n, l);
    struct slice text = n->consts[r->head->dataset * NDJSON_MAX_CONSTS + const_at - 1];
    if (!line_room(l, text.len))
        return false;
    memcpy(l->p, text.p, text.len);
    l->p += text.len;
    return true;
}

/* The text between the value before and this one. */
static inline bool
put_key(struct ndjson *n, struct line *l, uint16_t at, uint16_t prev)
{
    const struct ndjson_slot *s = &n->slots[at];

    if (s->prev != prev || s->key_len == 0)
        ndjson_make_key(n, at, prev);
    const uint8_t *key = n->keys + s->key_at;
    if (!line_room(l, (size_t)s->key_len + NDJSON_SLACK + VALUE_ROOM))
        return false;
    memcpy(l->p, key, NDJSON_SLACK);
    if (s->key_len > NDJSON_SLACK)
        memcpy(l->p + NDJSON_SLACK, key + NDJSON_SLACK, s->key_len - NDJSON_SLACK);
    l->p += s->key_len;
    return true;
}

static bool
put_slot(struct ndjson *n, struct line *l, const struct record *r, const struct ndjson_slot *s)
{
    const struct ndjson_chain *c = &n->chains[s->field];

    if (c->epoch != n->epoch)
        return put_derived(n, l, r, s->field);
    if (s->kind == KIND_GROUP)
        return put_group(n, l, c);
    if (s->kind == KIND_MAP)
        return put_map(n, l, c);
    return put_values(n, l, c, n->next, s);
}

static void
show(struct ndjson *n, uint16_t field, bool with_mirrors)
{
    const struct ndjson_field *f = &n->fields[field];
    const uint16_t *slots = n->shows + f->show_at[with_mirrors];

    for (uint16_t k = 0; k < f->n_shows[with_mirrors]; k++)
        n->bits[slots[k] / 64] |= 1ull << (slots[k] % 64);
}

/* Cells into chains by field, slots to be shown into bits. */
static void
gather(struct ndjson *n, const struct record *r)
{
    bool with_mirrors = schema_dataset(n->schema, r->head->dataset)->mirrors;
    const uint8_t *p = r->cells;

    next_epoch(&n->epoch, n->chains, schema_n_fields(n->schema));
    memcpy(n->bits, n->dataset_bits + (size_t)r->head->dataset * n->n_words, n->n_words * sizeof(*n->bits));
    for (uint16_t i = 0; i < r->head->n_cells; i++) {
        const struct cell_head *h = (const struct cell_head *)(const void *)p;
        uint16_t field = n->fields[h->field].chain;
        struct ndjson_chain *c = &n->chains[field];
        p += sizeof(*h) + ((h->len + 7u) & ~7u);
        n->cells[i] = h;
        n->next[i] = NO_CELL;
        if (field == FIELD_TIMESTAMP)
            continue; /* the head has it */
        if (c->epoch == n->epoch) {
            n->next[c->last] = i;
            c->last = i;
            continue;
        }
        *c = (struct ndjson_chain){.epoch = n->epoch, .first = i, .last = i};
        show(n, field, with_mirrors);
    }
    if (n->chains[FIELD_SOURCE_IP].epoch == n->epoch || n->chains[FIELD_DESTINATION_IP].epoch == n->epoch)
        show(n, FIELD_RELATED_IP, false);
}

static bool
put_record(struct ndjson *n, struct line *l, const struct record *r)
{
    uint16_t prev = NDJSON_NO_SLOT;

    for (uint16_t word = 0; word < n->n_words; word++) {
        for (uint64_t bits = n->bits[word]; bits; bits &= bits - 1) {
            uint16_t at = (uint16_t)(word * 64 + __builtin_ctzll(bits));
            if (!put_key(n, l, at, prev) || !put_slot(n, l, r, &n->slots[at]))
                return false;
            prev = at;
        }
    }
    unsigned closes = ndjson_depth(&n->slots[prev]) + 1; /* @timestamp is always there */
    if (!line_room(l, closes))
        return false;
    memset(l->p, '}', closes);
    l->p += closes;
    return true;
}

void
ndjson_record(struct ndjson *n, const struct record *r, struct buf *out)
{
    size_t before = out->len;

    if (!buf_reserve(out, 1))
        return;
    struct line l = {.out = out, .p = out->p + out->len, .end = out->p + out->cap};
    gather(n, r);
    out->len = put_record(n, &l, r) ? (size_t)(l.p - out->p) : before;
}
