/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the files of output.file, and how they take turns. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/file/file.h"

enum { MAX_PATH = 4096 };

bool
file_path(const struct file_conf *conf, uint64_t number, char *ret, size_t cap)
{
    const char *name = conf->filename, *dot = strrchr(name, '.');
    int stem = dot && dot != name ? (int)(dot - name) : (int)strlen(name);
    const char *end = dot && dot != name ? dot : ".ndjson";
    int len = number == 0 ? snprintf(ret, cap, "%s/%.*s%s", conf->path, stem, name, end)
                          : snprintf(ret, cap, "%s/%.*s.%llu%s", conf->path, stem, name,
                                     (unsigned long long)number, end);
    return len > 0 && (size_t)len < cap;
}

int
file_shift(const struct file_conf *conf, struct err *err)
{
    char from[MAX_PATH], to[MAX_PATH];

    if (conf->number_of_files <= 1) {
        (void)file_path(conf, 0, from, sizeof(from));
        if (unlink(from) < 0 && errno != ENOENT)
            return err_sys(err, ERR_IO, errno, "output.file: cannot remove %s", from);
        return 0;
    }
    for (uint64_t i = conf->number_of_files - 1; i > 0; i--) {
        (void)file_path(conf, i - 1, from, sizeof(from));
        (void)file_path(conf, i, to, sizeof(to));
        if (rename(from, to) < 0 && errno != ENOENT)
            return err_sys(err, ERR_IO, errno, "output.file: cannot rename %s to %s", from, to);
    }
    return 0;
}

/* A line that a crash cut off must not run into the next one. */
static int
end_last_line(int fd, off_t size)
{
    char last = '\n';

    if (size > 0 && pread(fd, &last, 1, size - 1) != 1)
        return -1;
    return last == '\n' || write(fd, "\n", 1) == 1 ? 0 : -1;
}

static int
refuse(const char *path, int errnum, struct err *err)
{
    return err_sys(err, errnum == EACCES || errnum == EPERM ? ERR_PERM : ERR_IO, errnum,
                   "output.file: cannot write to %s", path);
}

int
file_open_current(const struct file_conf *conf, int *ret_fd, uint64_t *ret_size, struct err *err)
{
    mode_t mode = (mode_t)strtoul(conf->permissions, NULL, 8);
    char path[MAX_PATH];
    struct stat st;

    if (!file_path(conf, 0, path, sizeof(path)))
        return err_set(err, ERR_USAGE, "output.file: the path is too long: %.100s...", conf->path);
    if (mkdir(conf->path, 0750) < 0 && errno != EEXIST)
        return err_sys(err, ERR_IO, errno, "output.file: cannot make the folder %s", conf->path);
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return refuse(path, errno, err);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        (void)close(fd);
        return err_set(err, ERR_USAGE, "output.file: %s is not a regular file", path);
    }
    if (fchmod(fd, mode) < 0 || end_last_line(fd, st.st_size) < 0) {
        int errnum = errno;
        (void)close(fd);
        return refuse(path, errnum, err);
    }
    *ret_fd = fd;
    *ret_size = (uint64_t)st.st_size;
    return 0;
}
