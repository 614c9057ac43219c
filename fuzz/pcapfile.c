/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: a capture file, pcap or pcapng. Every packet that is handed out can be read. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/worker_feed.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct packet_batch batch;
    char path[64];
    struct source *s = NULL;
    struct err err = {0};
    volatile uint8_t sum = 0;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, len) != (ssize_t)len)
        abort();
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (pcapfile_open(path, &s, &err) == 0) {
        while (s->ops->next(s, 0, &batch, &err) == 0)
            for (unsigned i = 0; i < batch.n; i++)
                for (uint32_t k = 0; k < batch.p[i].caplen; k++)
                    sum = (uint8_t)(sum + batch.p[i].data[k]);
        source_close(s);
    }
    close(fd);
    return 0;
}
