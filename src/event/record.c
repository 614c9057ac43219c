/* SPDX-License-Identifier: Apache-2.0 */
/* Flat events: cells, batches of records, and the checked walk over both. */
#include "event/record.h"

#include "event/record_priv.h"

enum { MAX_RUN_CELLS = RECORD_MAX_CELLS / 2, MAX_KEY = 0xffff };

static uint32_t
padded(size_t len)
{
    return ((uint32_t)len + 7u) & ~7u;
}

static void
cells_drop(struct cells *c, uint32_t n)
{
    n += c->n_dropped;
    c->n_dropped = (uint16_t)(n < UINT16_MAX ? n : UINT16_MAX);
}

void
cells_init(struct cells *c, void *mem, uint32_t cap, uint32_t max_value)
{
    *c = (struct cells){.p = mem, .cap = cap & ~7u, .max_value = max_value};
}

/* The payload of a new cell, its last word zeroed for the padding; NULL: it does not fit. */
static uint8_t *
cells_push(struct cells *c, uint16_t field, enum field_kind kind, uint32_t len, uint8_t flags)
{
    uint32_t need = (uint32_t)sizeof(struct cell_head) + padded(len);

    if (len > c->cap || need > c->cap - c->len || c->n >= MAX_RUN_CELLS) {
        cells_drop(c, 1);
        return NULL;
    }
    uint8_t *at = c->p + c->len;
    struct cell_head head = {
        .field = field, .kind = (uint8_t)kind, .flags = flags | c->next_flags, .len = len};
    memcpy(at, &head, sizeof(head));
    memset(at + need - 8, 0, len ? 8 : 0);
    c->len += need;
    c->n++;
    c->next_flags = 0;
    return at + sizeof(head);
}

bool
cells_number(struct cells *c, uint16_t field, enum field_kind kind, uint64_t bits)
{
    uint8_t *at = cells_push(c, field, kind, sizeof(bits), 0);
    if (at)
        memcpy(at, &bits, sizeof(bits));
    return at != NULL;
}

bool
cells_uint(struct cells *c, uint16_t field, uint64_t value)
{
    return cells_number(c, field, KIND_UINT, value);
}

bool
cells_ip(struct cells *c, uint16_t field, const uint8_t *addr, uint8_t len)
{
    uint8_t *at = len == 4 || len == 16 ? cells_push(c, field, KIND_IP, len, 0) : NULL;
    if (at)
        memcpy(at, addr, len);
    return at != NULL;
}

bool
cells_text(struct cells *c, uint16_t field, enum field_kind kind, struct slice value)
{
    bool is_cut = value.len > c->max_value;
    uint32_t len = is_cut ? c->max_value : (uint32_t)value.len;
    uint8_t *at = cells_push(c, field, kind, len, is_cut ? CELL_CUT : 0);

    if (at && len)
        memcpy(at, value.p, len);
    return at != NULL;
}

bool
cells_map(struct cells *c, uint16_t field, struct slice key, struct slice value, uint8_t flags)
{
    size_t max_key = c->max_value < MAX_KEY ? c->max_value : MAX_KEY;
    uint16_t key_len = (uint16_t)(key.len < max_key ? key.len : max_key);
    bool is_cut = value.len > c->max_value;
    uint32_t len = is_cut ? c->max_value : (uint32_t)value.len;

    if (is_cut || key.len > max_key)
        flags = (uint8_t)((flags & ~CELL_NUMBER) | CELL_CUT);
    if (len > UINT32_MAX / 2) {
        cells_drop(c, 1);
        return false;
    }
    uint8_t *at = cells_push(c, field, KIND_MAP, (uint32_t)sizeof(key_len) + key_len + len, flags);
    if (!at)
        return false;
    memcpy(at, &key_len, sizeof(key_len));
    if (key_len)
        memcpy(at + sizeof(key_len), key.p, key_len);
    if (len)
        memcpy(at + sizeof(key_len) + key_len, value.p, len);
    return true;
}

bool
cells_append(struct cells *c, const struct cells *more)
{
    if (more->len > c->cap - c->len || more->n > MAX_RUN_CELLS - c->n) {
        cells_drop(c, more->n);
        return false;
    }
    if (more->len)
        memcpy(c->p + c->len, more->p, more->len);
    c->len += more->len;
    c->n = (uint16_t)(c->n + more->n);
    return true;
}

void
batch_begin(struct batch_writer *w, void *mem, uint32_t cap, uint32_t generation)
{
    *w = (struct batch_writer){.head = mem, .cap = cap & ~(uint32_t)(BATCH_ALIGN - 1)};
    *w->head = (struct batch_head){
        .magic = BATCH_MAGIC, .generation = generation, .used = sizeof(*w->head)};
}

bool
batch_add(struct batch_writer *w, const struct record_head *head, const struct cells *a,
          const struct cells *b)
{
    uint64_t len = (uint64_t)sizeof(*head) + a->len + (b ? b->len : 0);
    uint32_t n_cells = (uint32_t)a->n + (b ? b->n : 0);

    if (len > RECORD_MAX || n_cells > RECORD_MAX_CELLS) {
        w->head->lost++;
        return true;
    }
    if (len > w->cap - w->head->used)
        return false;

    uint8_t *at = (uint8_t *)w->head + w->head->used;
    struct record_head copy = *head;
    copy.len = (uint32_t)len;
    copy.n_cells = (uint16_t)n_cells;
    memcpy(at, &copy, sizeof(copy));
    at += sizeof(copy);
    if (a->len)
        memcpy(at, a->p, a->len);
    if (b && b->len)
        memcpy(at + a->len, b->p, b->len);
    w->head->used += (uint32_t)len;
    w->head->n_records++;
    return true;
}

uint32_t
batch_end(struct batch_writer *w)
{
    if (w->head->n_records == 0)
        return 0;
    uint32_t used = w->head->used;
    uint32_t len = (used + BATCH_ALIGN - 1) & ~(uint32_t)(BATCH_ALIGN - 1);
    memset((uint8_t *)w->head + used, 0, len - used);
    w->head->len = len;
    return len;
}

bool
batch_open(struct batch_walk *w, struct slice batch, const struct schema *schema)
{
    const struct batch_head *h = (const struct batch_head *)(const void *)batch.p;

    *w = (struct batch_walk){.schema = schema, .bad = true};
    if (batch.len < sizeof(*h) || (uintptr_t)batch.p % 8 != 0 || h->magic != BATCH_MAGIC)
        return false;
    if (h->len > batch.len || h->len > BATCH_MAX || h->len % BATCH_ALIGN != 0 || h->used > h->len ||
        h->used < sizeof(*h) || h->used % 8 != 0 || h->generation != schema_generation(schema))
        return false;
    if (h->n_records > (h->used - sizeof(*h)) / sizeof(struct record_head))
        return false;
    w->p = batch.p + sizeof(*h);
    w->end = batch.p + h->used;
    w->left = h->n_records;
    w->bad = false;
    return true;
}

static bool
batch_refuse(struct batch_walk *w)
{
    w->bad = true;
    w->left = 0;
    return false;
}

bool
batch_next(struct batch_walk *w, struct record *ret)
{
    if (w->left == 0) {
        w->bad |= w->p != w->end;
        return false;
    }
    const struct record_head *h = (const struct record_head *)(const void *)w->p;
    size_t room = (size_t)(w->end - w->p);
    if (room < sizeof(*h) || h->len > room || h->len < sizeof(*h) || h->len % 8 != 0 ||
        h->len > RECORD_MAX || h->n_cells > RECORD_MAX_CELLS ||
        h->n_cells > (h->len - sizeof(*h)) / sizeof(struct cell_head) ||
        !schema_dataset(w->schema, h->dataset))
        return batch_refuse(w);

    *ret = (struct record){.head = h, .cells = w->p + sizeof(*h), .end = w->p + h->len};
    w->p += h->len;
    w->left--;
    return true;
}

void
record_cells(const struct record *r, struct batch_walk *batch, struct cell_walk *ret)
{
    *ret =
        (struct cell_walk){.p = r->cells, .end = r->end, .batch = batch, .left = r->head->n_cells};
}

/* JSON's grammar of numbers, for what is shown without quotes. */
bool
is_number(struct slice s)
{
    size_t i = 0, from;

    if (i < s.len && s.p[i] == '-')
        i++;
    from = i;
    while (i < s.len && s.p[i] >= '0' && s.p[i] <= '9')
        i++;
    if (i == from || (s.p[from] == '0' && i > from + 1))
        return false;
    if (i < s.len && s.p[i] == '.') {
        from = ++i;
        while (i < s.len && s.p[i] >= '0' && s.p[i] <= '9')
            i++;
        if (i == from)
            return false;
    }
    return i == s.len;
}

static bool
payload_is_fine(const struct cell_head *h, const uint8_t *p)
{
    uint64_t u;
    uint16_t key_len;

    switch ((enum field_kind)h->kind) {
    case KIND_UINT:
    case KIND_INT:
    case KIND_FLOAT:
    case KIND_TIME:
    case KIND_DURATION:
        return h->len == sizeof(u);
    case KIND_BOOL:
        memcpy(&u, p, h->len == sizeof(u) ? sizeof(u) : 0);
        return h->len == sizeof(u) && u <= 1;
    case KIND_IP:
        return h->len == 4 || h->len == 16;
    case KIND_TEXT:
    case KIND_BYTES:
        return true;
    case KIND_MAP:
        if (h->len < sizeof(key_len))
            return false;
        memcpy(&key_len, p, sizeof(key_len));
        return key_len <= h->len - sizeof(key_len) &&
               (!(h->flags & CELL_NUMBER) ||
                is_number(slice_from(slice_of(p, h->len), sizeof(key_len) + key_len)));
    case KIND_NONE:
    case KIND_GROUP:
        break;
    }
    return false;
}

static bool
cell_is_fine(const struct schema *schema, const struct cell_head *h, const uint8_t *p)
{
    const struct field *f = schema_field(schema, h->field);

    if (!f || f->flags & FIELD_MIRROR || f->kind != h->kind)
        return false;
    if (h->flags & ~(CELL_NEW_ITEM | CELL_NUMBER | CELL_CUT))
        return false;
    if ((h->flags & CELL_NEW_ITEM && !f->of) || (h->flags & CELL_NUMBER && f->kind != KIND_MAP))
        return false;
    return payload_is_fine(h, p);
}

bool
cell_next(struct cell_walk *w, struct cell *ret)
{
    if (w->left == 0) {
        if (w->batch && w->p != w->end)
            return batch_refuse(w->batch);
        return false;
    }
    const struct cell_head *h = (const struct cell_head *)(const void *)w->p;
    const uint8_t *p = w->p + sizeof(*h);
    if (w->batch) {
        size_t room = (size_t)(w->end - w->p);
        if (room < sizeof(*h) || h->len > RECORD_MAX || padded(h->len) > room - sizeof(*h) ||
            !cell_is_fine(w->batch->schema, h, p)) {
            w->left = 0;
            return batch_refuse(w->batch);
        }
    }
    cell_load(h, ret);
    w->p = p + padded(h->len);
    w->left--;
    return true;
}

bool
record_find(const struct record *r, uint16_t field, struct cell *ret)
{
    const uint8_t *p = r->cells;

    for (uint16_t i = 0; i < r->head->n_cells; i++) {
        const struct cell_head *h = (const struct cell_head *)(const void *)p;
        if (h->field == field) {
            cell_load(h, ret);
            return true;
        }
        p += sizeof(*h) + padded(h->len);
    }
    return false;
}
