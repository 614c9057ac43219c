/* SPDX-License-Identifier: Apache-2.0 */
/* Code planted in the sensor, as an attacker would: it crashes, hangs, tries to get out, lies. */
#include "worker/test_hook.h"

#ifdef REMORA_TEST_HOOKS
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
holds(struct slice payload, const char *word)
{
    return slice_find_nocase(slice_head(payload, 256), slice_text(word)) < slice_head(payload, 256).len;
}

/* A batch as a parser under foreign control would write it. */
static void
forge(struct worker *w, bool with_good_lengths)
{
    uint32_t cap = 0;

    worker_flush(w);
    uint8_t *mem = w->options.sink.place(w->options.sink.ctx, 4096, &cap);
    if (!mem)
        return;
    for (uint32_t i = 0; i < 4096; i++)
        mem[i] = (uint8_t)(i * 2654435761u >> 13);
    if (with_good_lengths) {
        struct batch_writer writer;
        batch_begin(&writer, mem, 4096, schema_generation(w->options.schema));
        writer.head->n_records = 7; /* of garbage */
        writer.head->used = 4000;
        writer.head->len = 4096;
    } else {
        memset(mem + 4, 0xff, 4);
    }
    w->options.sink.publish(w->options.sink.ctx, 4096);
}

void
test_hook(struct worker *w, struct slice payload)
{
    if (payload.len < 12 || !holds(payload, "REMORA-"))
        return;
    if (holds(payload, "REMORA-CRASH")) {
        if (w->options.notes)
            w->options.notes->parser = 1; /* as if the first parser had done it */
        __builtin_trap();
    }
    while (holds(payload, "REMORA-HANG"))
        ;
    if (holds(payload, "REMORA-OPEN"))
        (void)!open("/tmp/remora-escape", O_WRONLY | O_CREAT, 0600);
    if (holds(payload, "REMORA-READ"))
        (void)!open("/etc/passwd", O_RDONLY);
    if (holds(payload, "REMORA-SOCKET"))
        (void)!socket(AF_INET, SOCK_STREAM, 0);
    if (holds(payload, "REMORA-SEND")) /* the capture socket could */
        (void)!sendto(9, "x", 1, 0, NULL, 0);
    if (holds(payload, "REMORA-FORK"))
        (void)!fork();
    if (holds(payload, "REMORA-EXEC"))
        (void)execl("/bin/true", "true", (char *)NULL);
    if (holds(payload, "REMORA-FORGE-RING"))
        forge(w, false);
    if (holds(payload, "REMORA-FORGE-RECORDS"))
        forge(w, true);
}
#endif
