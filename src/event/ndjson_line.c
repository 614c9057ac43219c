/* SPDX-License-Identifier: Apache-2.0 */
/* Values of each kind as JSON: single ones, lists, maps, lists of objects. */
#include "event/ndjson_line.h"

enum {
    NO_CELL = NDJSON_NO_CELL,
    WRITTEN = 0xfffe,  /* in item_next: a map's value that stands in a list already */
    MAX_SAME_KEYS = 64 /* of a map: how far ahead an equal key is looked for */
};

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
                   : h->kind == KIND_INT ? (double)(int64_t)cell_bits(h)
                                         : (double)cell_bits(h);
    value *= scale;
    if (h->kind == KIND_FLOAT || value >= 9e18 || value <= -9e18)
        l->p = value_float(l->p, value);
    else
        l->p = value_int(l->p, (int64_t)value);
}

/* One value of any kind but maps and groups. */
bool
line_value(struct ndjson *n, struct line *l, const struct cell_head *h, double scale)
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
        line_bool(l, cell_bits(h) != 0);
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
bool
line_values(struct ndjson *n, struct line *l, const struct ndjson_chain *c, const uint16_t *next,
            const struct ndjson_slot *as)
{
    bool is_list = c->first != c->last || as->flags & FIELD_LIST;

    if (!is_list)
        return line_value(n, l, n->cells[c->first], as->scale);
    for (uint16_t i = c->first; i != NO_CELL; i = next[i]) {
        if (!line_room(l, 2))
            return false;
        line_byte(l, i == c->first ? '[' : ',');
        if (!line_value(n, l, n->cells[i], as->scale))
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

bool
line_map(struct ndjson *n, struct line *l, const struct ndjson_chain *c)
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
    uint8_t before = '{';

    for (uint16_t i = from; i != end; i = n->next[i]) {
        uint16_t field = n->cells[i]->field;
        const struct ndjson_chain *c = &n->item_chains[field];
        const struct ndjson_field *f = &n->fields[field];
        if (c->first != i)
            continue; /* written with the first of its field */
        if (!line_room(l, (size_t)f->item_key_len + NDJSON_SLACK + VALUE_ROOM))
            return false;
        uint8_t *key_end = copy_runs(l->p, n->keys + f->item_key_at, f->item_key_len);
        *l->p = before;
        before = ',';
        l->p = key_end;
        struct ndjson_slot as = {.flags = schema_field(n->schema, field)->flags};
        if (!line_values(n, l, c, n->item_next, &as))
            return false;
    }
    if (!line_room(l, 2))
        return false;
    line_byte(l, '}');
    return true;
}

bool
line_group(struct ndjson *n, struct line *l, const struct ndjson_chain *c)
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
bool
line_related(struct ndjson *n, struct line *l, const uint16_t *cells, size_t n_cells)
{
    struct slice seen[NDJSON_N_RELATED];
    size_t n_seen = 0;

    if (!line_room(l, (NDJSON_N_RELATED + 1) * VALUE_ROOM))
        return false;
    line_byte(l, '[');
    for (size_t i = 0; i < n_cells; i++) {
        struct slice ip = slice_of(n->cells[cells[i]] + 1, n->cells[cells[i]]->len);
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

bool
line_timestamp(struct ndjson *n, struct line *l, uint64_t time_ns)
{
    if (!line_room(l, VALUE_ROOM))
        return false;
    line_byte(l, '"');
    l->p = value_time(l->p, &n->clock, time_ns, n->options.time_digits);
    line_byte(l, '"');
    return true;
}
