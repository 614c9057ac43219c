/* SPDX-License-Identifier: Apache-2.0 */
/* What sensor and keeper do alike when they start. */
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/fds.h"
#include "app/roles.h"

/* The whole of a descriptor in memory. */
int
role_slurp(int fd, struct buf *out, struct err *err)
{
    struct stat st;
    uint8_t *at = NULL;

    buf_init(out, 64 << 20);
    if (fstat(fd, &st) == 0)
        at = buf_reserve(out, (size_t)st.st_size);
    if (!at || pread(fd, at, (size_t)st.st_size, 0) != (ssize_t)st.st_size)
        return err_sys(err, ERR_IO, errno, "cannot read the settings of the warden");
    out->len = (size_t)st.st_size;
    return 0;
}

struct shared_page *
role_page(int fd)
{
    struct shared_page *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return p == MAP_FAILED ? NULL : p;
}
