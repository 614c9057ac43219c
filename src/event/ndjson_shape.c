/* SPDX-License-Identifier: Apache-2.0 */
/* Prepares the lines of records that have the same fields in the same order. */
#include <stdlib.h>

#include "event/ndjson_priv.h"

enum { MAX_TEXTS = 1 << 20, MAX_TEXT = 0xffff, MAX_OPS = 4 * SHAPE_MAX_CELLS };

/* A shape under construction. */
struct draft {
    struct buf texts, ops, cells;
    uint32_t text_at; /* begin of the text that grows */
};

void
shape_free(struct shape *s)
{
    free(s); /* one block */
}

static uint16_t
cells_at(const struct draft *d)
{
    return (uint16_t)(d->cells.len / sizeof(uint16_t));
}

static void
add_cell(struct draft *d, uint16_t cell)
{
    buf_add(&d->cells, &cell, sizeof(cell));
}

static void
add_op(struct draft *d, struct shape_op op)
{
    op.text_at = d->text_at;
    op.text_len = (uint16_t)(d->texts.len - d->text_at);
    op.n_cells = (uint16_t)(cells_at(d) - op.cell_at);
    buf_add(&d->ops, &op, sizeof(op));
    d->text_at = (uint32_t)d->texts.len;
}

/* A slot without cells: what never changes becomes text. */
static void
draft_derived(struct draft *d, const struct ndjson *n, const struct record *r, struct shape_op op)
{
    uint16_t field = n->slots[op.slot].field;

    if (field == FIELD_TIMESTAMP) {
        op.what = SHAPE_TIMESTAMP;
    } else if (field == FIELD_RELATED_IP) {
        op.what = SHAPE_RELATED;
        for (size_t i = 0; i < NDJSON_N_RELATED; i++)
            if (n->chains[ndjson_related[i]].epoch == n->epoch)
                add_cell(d, n->chains[ndjson_related[i]].first);
    } else {
        struct slice text = ndjson_const(n, r->head->dataset, field);
        buf_add(&d->texts, text.p, text.len);
        return;
    }
    add_op(d, op);
}

/* How a single value is written; the common kinds have a way of their own. */
static uint8_t
single_what(const struct ndjson_slot *s)
{
    if (s->kind == KIND_TEXT)
        return SHAPE_TEXT;
    if (s->kind == KIND_IP)
        return SHAPE_IP;
    if (s->scale != 0)
        return SHAPE_VALUE;
    if (s->kind == KIND_UINT || s->kind == KIND_DURATION)
        return SHAPE_UINT;
    return s->kind == KIND_BOOL ? SHAPE_BOOL : SHAPE_VALUE;
}

static void
draft_slot(struct draft *d, const struct ndjson *n, const struct record *r, uint16_t slot)
{
    const struct ndjson_slot *s = &n->slots[slot];
    const struct ndjson_chain *c = &n->chains[s->field];
    struct shape_op op = {.slot = slot, .cell_at = cells_at(d)};

    buf_add(&d->texts, n->keys + s->key_at, s->key_len);
    if (c->epoch != n->epoch) {
        draft_derived(d, n, r, op);
        return;
    }
    for (uint16_t i = c->first; i != NDJSON_NO_CELL; i = n->next[i])
        add_cell(d, i);
    if (s->kind == KIND_GROUP || s->kind == KIND_MAP)
        op.what = s->kind == KIND_GROUP ? SHAPE_GROUP : SHAPE_MAP;
    else if (c->first != c->last || s->flags & FIELD_LIST)
        op.what = SHAPE_LIST;
    else
        op.what = single_what(s);
    bool is_quoted = op.what == SHAPE_TEXT || op.what == SHAPE_IP;
    buf_add(&d->texts, "\"", is_quoted);
    add_op(d, op);
    buf_add(&d->texts, "\"", is_quoted);
}

static void
draft_line(struct draft *d, struct ndjson *n, const struct record *r)
{
    uint16_t prev = NDJSON_NO_SLOT;

    for (uint16_t word = 0; word < n->n_words; word++) {
        for (uint64_t bits = n->bits[word]; bits; bits &= bits - 1) {
            uint16_t at = (uint16_t)(word * 64 + __builtin_ctzll(bits));
            ndjson_make_key(n, at, prev);
            draft_slot(d, n, r, at);
            prev = at;
        }
    }
    for (unsigned i = ndjson_depth(&n->slots[prev]) + 1; i > 0; i--)
        buf_add_byte(&d->texts, '}');
}

static struct shape *
draft_finish(const struct draft *d, const struct ndjson *n, const struct record *r, uint64_t hash)
{
    size_t fields_len = r->head->n_cells * sizeof(uint16_t);
    struct shape *s = calloc(1, sizeof(*s) + d->ops.len + d->cells.len + fields_len + d->texts.len +
                                    NDJSON_SLACK);
    if (!s)
        return NULL;
    uint8_t *at = (uint8_t *)(s + 1) + d->ops.len;
    s->hash = hash;
    s->dataset = r->head->dataset;
    s->n_cells = r->head->n_cells;
    s->n_ops = (uint16_t)(d->ops.len / sizeof(struct shape_op));
    s->tail_at = d->text_at;
    s->tail_len = (uint32_t)d->texts.len - d->text_at;
    memcpy(s->ops, d->ops.p, d->ops.len);
    s->cells = (uint16_t *)(void *)at;
    if (d->cells.len)
        memcpy(s->cells, d->cells.p, d->cells.len);
    at += d->cells.len;
    s->fields = (uint16_t *)(void *)at;
    memcpy(s->fields, n->cell_fields, fields_len);
    s->texts = at + fields_len;
    memcpy(s->texts, d->texts.p, d->texts.len);
    return s;
}

static bool
is_usable(const struct draft *d)
{
    const struct shape_op *ops = (const struct shape_op *)(const void *)d->ops.p;
    size_t n_ops = d->ops.len / sizeof(*ops);

    if (d->texts.failed || d->ops.failed || d->cells.failed || n_ops == 0)
        return false;
    for (size_t i = 0; i < n_ops; i++) {
        uint32_t end = i + 1 < n_ops ? ops[i + 1].text_at : d->text_at;
        if (end - ops[i].text_at > MAX_TEXT)
            return false;
    }
    return true;
}

struct shape *
shape_new(struct ndjson *n, const struct record *r, uint64_t hash)
{
    struct draft d = {.text_at = 0};
    struct shape *s = NULL;

    buf_init(&d.texts, MAX_TEXTS);
    buf_init(&d.ops, MAX_OPS * sizeof(struct shape_op));
    buf_init(&d.cells, MAX_TEXT);
    draft_line(&d, n, r);
    if (is_usable(&d))
        s = draft_finish(&d, n, r, hash);
    buf_fini(&d.texts);
    buf_fini(&d.ops);
    buf_fini(&d.cells);
    return s;
}
