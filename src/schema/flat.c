/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flat form of a schema for other processes and spools, and its checks.
 *
 *   head: magic, counts of datasets, fields, aliases (each uint32)
 *   dataset: name, summary, kind, category, types, protocol; first field, count, mirrors (uint16)
 *   field, alias: name, help; scale (8 bytes), of (uint16), flags, kind (uint8)
 *   text: uint16 length, bytes, one zero
 */
#include <stdlib.h>

#include "base/reader.h"
#include "schema/schema_priv.h"

#define FLAT_MAGIC 0x31534d52u /* "RMS1" */

enum { FLAT_MAX = 8 << 20, N_DATASET_TEXTS = 6 };

static void
put_u16(struct buf *out, uint32_t v)
{
    uint8_t b[2] = {(uint8_t)v, (uint8_t)(v >> 8)};
    buf_add(out, b, sizeof(b));
}

static void
put_u32(struct buf *out, uint32_t v)
{
    put_u16(out, v & 0xffff);
    put_u16(out, v >> 16);
}

static void
put_text(struct buf *out, const char *s)
{
    size_t len = s ? strlen(s) : 0;
    put_u16(out, (uint32_t)len);
    buf_add(out, s, len);
    buf_add_byte(out, 0);
}

static void
put_field(struct buf *out, const struct field *f)
{
    put_text(out, f->name);
    put_text(out, f->help);
    buf_add(out, &f->scale, sizeof(f->scale));
    put_u16(out, f->of);
    buf_add_byte(out, f->flags);
    buf_add_byte(out, f->kind);
}

void
schema_write(const struct schema *s, struct buf *out)
{
    put_u32(out, FLAT_MAGIC);
    put_u32(out, s->n_datasets);
    put_u32(out, s->n_fields);
    put_u32(out, s->n_aliases);
    for (uint16_t i = 0; i < s->n_datasets; i++) {
        const struct dataset *d = &s->datasets[i];
        put_text(out, d->name);
        put_text(out, d->summary);
        put_text(out, d->kind);
        put_text(out, d->category);
        put_text(out, d->types);
        put_text(out, d->protocol);
        put_u16(out, d->field_base);
        put_u16(out, d->n_fields);
        put_u16(out, d->mirrors);
    }
    for (uint16_t i = 1; i < s->n_fields; i++)
        put_field(out, &s->fields[i]);
    for (uint16_t i = 0; i < s->n_aliases; i++)
        put_field(out, &s->aliases[i]);
}

/* The text stays where it is: `in` is the schema's own copy. */
static const char *
read_text(struct reader *in, size_t max)
{
    size_t len = read_le16(in);
    const uint8_t *p = reader_claim(in, len + 1);

    if (!p || len > max || p[len] != 0 || memchr(p, 0, len)) {
        in->is_short = true;
        return "";
    }
    return (const char *)p;
}

static void
read_field(struct reader *in, struct field *f)
{
    f->name = read_text(in, SCHEMA_MAX_NAME);
    f->help = read_text(in, SCHEMA_MAX_HELP);
    const uint8_t *scale = reader_claim(in, sizeof(f->scale));
    if (scale)
        memcpy(&f->scale, scale, sizeof(f->scale));
    f->of = read_le16(in);
    f->flags = read_u8(in);
    f->kind = read_u8(in);
}

static void
read_dataset(struct reader *in, struct dataset *d)
{
    const char *texts[N_DATASET_TEXTS];

    for (size_t i = 0; i < N_DATASET_TEXTS; i++)
        texts[i] = read_text(in, SCHEMA_MAX_HELP);
    *d = (struct dataset){.name = texts[0],
                          .summary = texts[1],
                          .kind = texts[2],
                          .category = texts[3],
                          .types = texts[4],
                          .protocol = texts[5]};
    d->field_base = read_le16(in);
    d->n_fields = read_le16(in);
    d->mirrors = read_le16(in) != 0;
}

/* Each dataset owns a run of fields behind the common ones, in order. */
static bool
take_owners(struct schema *s)
{
    uint32_t at = FIELD_LOCAL;

    for (uint16_t i = 0; i < s->n_datasets; i++) {
        const struct dataset *d = &s->datasets[i];
        if (d->n_fields == 0)
            continue;
        if (d->field_base != at || at + d->n_fields > s->n_fields)
            return false;
        memset(s->owner + at, i + 1, d->n_fields);
        at += d->n_fields;
    }
    return at == s->n_fields;
}

int
schema_read(struct slice flat, struct schema **ret, struct err *err)
{
    if (flat.len > FLAT_MAX || flat.len == 0)
        return err_set(err, ERR_FORMAT, "field dictionary: %zu bytes are not a dictionary",
                       flat.len);
    char *texts = malloc(flat.len);
    if (!texts)
        return err_set(err, ERR_NOMEM, "field dictionary: no memory for %zu bytes", flat.len);
    memcpy(texts, flat.p, flat.len);

    struct reader in = reader_of(slice_of(texts, flat.len));
    uint32_t magic = read_le32(&in), n_datasets = read_le32(&in);
    uint32_t n_fields = read_le32(&in), n_aliases = read_le32(&in);
    if (reader_short(&in) || magic != FLAT_MAGIC || n_datasets > SCHEMA_MAX_DATASETS ||
        n_fields < FIELD_LOCAL || n_fields > SCHEMA_MAX_FIELDS || n_aliases > SCHEMA_MAX_ALIASES) {
        free(texts);
        return err_set(err, ERR_FORMAT, "field dictionary: not one of this version of remora");
    }

    struct schema *s = schema_new((uint16_t)n_fields, (uint16_t)n_aliases);
    s->texts = texts;
    s->n_datasets = (uint16_t)n_datasets;
    for (uint16_t i = 0; i < s->n_datasets; i++)
        read_dataset(&in, &s->datasets[i]);
    for (uint16_t i = 1; i < s->n_fields; i++)
        read_field(&in, &s->fields[i]);
    for (uint16_t i = 0; i < s->n_aliases; i++)
        read_field(&in, &s->aliases[i]);

    uint16_t field = 0;
    const char *flaw = reader_short(&in) || reader_left(&in) > 0 || !take_owners(s)
                           ? "cut or padded"
                           : schema_flaw(s, &field);
    if (flaw) {
        schema_free(s);
        return err_set(err, ERR_FORMAT, "field dictionary: field %u: %s", field, flaw);
    }
    schema_finish(s);
    *ret = s;
    return 0;
}

static bool
name_is_fine(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > SCHEMA_MAX_NAME || name[0] == '.' || name[len - 1] == '.')
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
                    (c == '@' && i == 0) || (c == '.' && name[i - 1] != '.');
        if (!fine)
            return false;
    }
    return true;
}

static const char *
field_flaw(const struct schema *s, const struct field *f)
{
    const struct field *of = schema_field(s, f->of);

    if (!name_is_fine(f->name))
        return "name is not lower case words with dots between";
    if (f->flags & (FIELD_MIRROR | FIELD_ALIAS))
        return of && !(of->flags & FIELD_MIRROR) ? NULL : "stands for a field that is none";
    if (f->kind == KIND_NONE || f->kind > KIND_GROUP)
        return "kind is none";
    if (f->of == 0)
        return NULL;
    if (!of || of->kind != KIND_GROUP || of->flags & FIELD_MIRROR)
        return "member of a group that is none";
    size_t len = strlen(of->name);
    if (strncmp(f->name, of->name, len) != 0 || f->name[len] != '.' ||
        strchr(f->name + len + 1, '.'))
        return "name of a member must be that of its group, a dot and one word";
    return f->kind < KIND_MAP ? NULL : "groups and maps cannot be members";
}

const char *
schema_flaw(const struct schema *s, uint16_t *ret_field)
{
    unsigned n_columns = 0;

    for (uint16_t i = 1; i < s->n_fields; i++) {
        const char *flaw = field_flaw(s, &s->fields[i]);
        *ret_field = i;
        if (flaw)
            return flaw;
        if (s->fields[i].flags & FIELD_ALIAS)
            return "an alias has no number";
        n_columns += (s->fields[i].flags & (FIELD_COLUMN | FIELD_MIRROR)) == FIELD_COLUMN;
        if (n_columns > SCHEMA_MAX_COLUMNS)
            return "more columns than SCHEMA_MAX_COLUMNS";
    }
    for (uint16_t i = 0; i < s->n_aliases; i++) {
        const struct field *of = schema_field(s, s->aliases[i].of);
        *ret_field = s->aliases[i].of;
        if (!(s->aliases[i].flags & FIELD_ALIAS))
            return "alias without its flag";
        if (!of || of->flags & FIELD_MIRROR)
            return "alias of a field that is none";
        if (s->aliases[i].name[0] == 0)
            return "alias without a name";
    }
    return NULL;
}
