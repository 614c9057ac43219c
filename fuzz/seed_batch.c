/* SPDX-License-Identifier: Apache-2.0 */
/* Writes seeds for the fuzz target `batch` into the folder that is named: every field once, and
 * lists. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "event/record.h"

enum { CAP = 256 << 10 };

static _Alignas(64) uint8_t batch_mem[CAP], cells_mem[CAP];

static void
put_field(struct cells *c, const struct schema *schema, uint16_t i)
{
    static const uint8_t ip[16] = {192, 0, 2, 1, [15] = 1};
    const struct field *f = schema_field(schema, i);

    c->next_flags = f->of && !(f->flags & FIELD_MIRROR) ? CELL_NEW_ITEM : 0;
    switch ((enum field_kind)f->kind) {
    case KIND_TEXT:
    case KIND_BYTES:
        cells_text(c, i, f->kind, SLICE("a \"text\"\n\xc3\xa9\xff"));
        break;
    case KIND_IP:
        cells_ip(c, i, ip, i % 2 ? 4 : 16);
        break;
    case KIND_MAP:
        cells_map(c, i, SLICE("key"), SLICE("value"), 0);
        cells_map(c, i, SLICE("number"), SLICE("42"), CELL_NUMBER);
        cells_map(c, i, SLICE("key"), SLICE("again"), 0);
        break;
    case KIND_NONE:
    case KIND_GROUP:
        break;
    default:
        cells_number(c, i, f->kind, i % 2);
        break;
    }
    c->next_flags = 0;
}

static int
write_seed(const char *dir, const char *name, struct batch_writer *w)
{
    char path[4096];
    uint32_t len = batch_end(w);

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(batch_mem, 1, len, f) != len || fclose(f) != 0) {
        (void)fprintf(stderr, "cannot write %s\n", path);
        return 1;
    }
    return 0;
}

int
main(int argc, char **argv)
{
    struct schema *schema = schema_builtin();
    struct batch_writer w;
    struct cells c;
    int rc = argc != 2;

    if (rc == 0)
        (void)mkdir(argv[1], 0755);
    for (int times = 1; rc == 0 && times <= 2; times++) {
        batch_begin(&w, batch_mem, CAP, schema_generation(schema));
        for (uint16_t d = 0; d < schema_n_datasets(schema); d++) {
            cells_init(&c, cells_mem, CAP, 4096);
            for (uint16_t i = 1; i < schema_n_fields(schema); i++)
                for (int k = 0; k < times && !(schema_field(schema, i)->flags & FIELD_MIRROR); k++)
                    put_field(&c, schema, i);
            (void)batch_add(
                &w, &(struct record_head){.dataset = d, .time_ns = 1445291269900657000u}, &c, NULL);
        }
        rc = write_seed(argv[1], times == 1 ? "all-fields" : "lists", &w);
    }
    schema_free(schema);
    return rc;
}
