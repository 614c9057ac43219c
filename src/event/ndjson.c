/* SPDX-License-Identifier: Apache-2.0 */
/* One walk from a record to a line of nested JSON: gather the cells by field, then write in order.
 */
#include "event/ndjson.h"

#include "event/ndjson_line.h"

enum { NO_CELL = NDJSON_NO_CELL };

const uint16_t ndjson_related[NDJSON_N_RELATED] = {FIELD_SOURCE_IP, FIELD_DESTINATION_IP,
                                                   FIELD_NETWORK_FORWARDED_IP};

/* A slot that has no cell: it follows from the head, the dataset or other cells. */
static bool
put_derived(struct ndjson *n, struct line *l, const struct record *r, uint16_t field)
{
    uint16_t cells[NDJSON_N_RELATED];
    size_t n_cells = 0;

    if (field == FIELD_TIMESTAMP)
        return line_timestamp(n, l, r->head->time_ns);
    if (field == FIELD_RELATED_IP) {
        for (size_t i = 0; i < NDJSON_N_RELATED; i++)
            if (n->chains[ndjson_related[i]].epoch == n->epoch)
                cells[n_cells++] = n->chains[ndjson_related[i]].first;
        return line_related(n, l, cells, n_cells);
    }
    struct slice text = ndjson_const(n, r->head->dataset, field);
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
        return line_group(n, l, c);
    if (s->kind == KIND_MAP)
        return line_map(n, l, c);
    return line_values(n, l, c, n->next, s);
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
    memcpy(n->bits, n->dataset_bits + (size_t)r->head->dataset * n->n_words,
           n->n_words * sizeof(*n->bits));
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
    if (n->chains[FIELD_SOURCE_IP].epoch == n->epoch ||
        n->chains[FIELD_DESTINATION_IP].epoch == n->epoch)
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

/* Notes where the cells are; returns the hash of their fields, 0: too many for a shape. */
static uint64_t
shape_hash(struct ndjson *n, const struct record *r)
{
    uint16_t n_cells = r->head->n_cells;
    uint64_t h = (uint64_t)r->head->dataset << 16 | n_cells;
    const uint8_t *p = r->cells;

    if (n_cells > SHAPE_MAX_CELLS)
        return 0;
    for (uint16_t i = 0; i < n_cells; i++) {
        const struct cell_head *cell = (const struct cell_head *)(const void *)p;
        n->cells[i] = cell;
        n->cell_fields[i] = cell->field;
        p += sizeof(*cell) + ((cell->len + 7u) & ~7u);
    }
    memset(&n->cell_fields[n_cells], 0, 4 * sizeof(n->cell_fields[0]));
    for (uint16_t i = 0; i < n_cells; i += 4) {
        uint64_t word;
        memcpy(&word, &n->cell_fields[i], sizeof(word));
        h = (h ^ word) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    return h | 1;
}

/* The prepared shape of the record; NULL: not one that was seen before. *ret_learn: now it should
 * be. */
static const struct shape *
find_shape(struct ndjson *n, const struct record *r, uint64_t hash, bool *ret_learn)
{
    size_t slot = hash >> 32 & (SHAPE_SLOTS - 1);
    const struct shape *s = n->shapes[slot];

    if (s && s->hash == hash && s->dataset == r->head->dataset && s->n_cells == r->head->n_cells &&
        memcmp(s->fields, n->cell_fields, s->n_cells * sizeof(*s->fields)) == 0)
        return s;
    *ret_learn = n->seen[slot] == hash;
    n->seen[slot] = hash;
    return NULL;
}

static void
learn_shape(struct ndjson *n, const struct record *r, uint64_t hash)
{
    size_t slot = hash >> 32 & (SHAPE_SLOTS - 1);

    shape_free(n->shapes[slot]);
    n->shapes[slot] = shape_new(n, r, hash);
}

static bool
put_op_cells(struct ndjson *n, struct line *l, const struct shape_op *op, const uint16_t *cells)
{
    struct ndjson_chain c = {.first = cells[0], .last = cells[op->n_cells - 1]};

    for (uint16_t i = 0; i + 1 < op->n_cells; i++)
        n->next[cells[i]] = cells[i + 1];
    n->next[c.last] = NO_CELL;
    if (op->what == SHAPE_MAP)
        return line_map(n, l, &c);
    if (op->what == SHAPE_GROUP)
        return line_group(n, l, &c);
    return line_values(n, l, &c, n->next, &n->slots[op->slot]);
}

static bool
put_op_text(struct line *l, const struct cell_head *h)
{
    if (!line_room(l, value_json_room(h->len)))
        return false;
    l->p = value_json(l->p, slice_of(h + 1, h->len), true);
    return true;
}

/* There is room for any single value but a text. */
static inline bool
put_op(struct ndjson *n, struct line *l, const struct record *r, const struct shape_op *op,
       const uint16_t *cells)
{
    const struct cell_head *h = op->n_cells ? n->cells[cells[0]] : NULL;

    switch ((enum shape_what)op->what) {
    case SHAPE_TEXT:
        return put_op_text(l, h);
    case SHAPE_UINT:
        l->p = value_uint(l->p, cell_bits(h));
        return true;
    case SHAPE_BOOL:
        line_bool(l, cell_bits(h) != 0);
        return true;
    case SHAPE_IP:
        l->p = value_ip(l->p, slice_of(h + 1, h->len));
        return true;
    case SHAPE_VALUE:
        return line_value(n, l, h, n->slots[op->slot].scale);
    case SHAPE_TIMESTAMP:
        return line_timestamp(n, l, r->head->time_ns);
    case SHAPE_RELATED:
        return line_related(n, l, cells, op->n_cells);
    case SHAPE_LIST:
    case SHAPE_MAP:
    case SHAPE_GROUP:
        break;
    }
    return put_op_cells(n, l, op, cells);
}

static bool
put_shape(struct ndjson *n, struct line *l, const struct record *r, const struct shape *s)
{
    for (const struct shape_op *op = s->ops, *end = op + s->n_ops; op < end; op++) {
        if (!line_room(l, (size_t)op->text_len + NDJSON_SLACK + VALUE_ROOM))
            return false;
        l->p = copy_runs(l->p, s->texts + op->text_at, op->text_len);
        if (!put_op(n, l, r, op, s->cells + op->cell_at))
            return false;
    }
    if (!line_room(l, s->tail_len + NDJSON_SLACK))
        return false;
    l->p = copy_runs(l->p, s->texts + s->tail_at, s->tail_len);
    return true;
}

void
ndjson_record(struct ndjson *n, const struct record *r, struct buf *out)
{
    size_t before = out->len;
    bool learn = false, fits;

    if (!buf_reserve(out, 1))
        return;
    struct line l = {.out = out, .p = out->p + out->len, .end = out->p + out->cap};
    uint64_t hash = shape_hash(n, r);
    const struct shape *s = hash ? find_shape(n, r, hash, &learn) : NULL;
    if (s) {
        fits = put_shape(n, &l, r, s);
    } else {
        gather(n, r);
        if (learn)
            learn_shape(n, r, hash);
        fits = put_record(n, &l, r);
    }
    out->len = fits ? (size_t)(l.p - out->p) : before;
}
