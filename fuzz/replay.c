/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds files (or all files of folders) to a fuzz target, so that its corpus runs as a plain test.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int
replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    size_t cap = 1 << 16, len = 0;
    uint8_t *p = malloc(cap);

    if (!f || !p) {
        (void)fprintf(stderr, "cannot read %s\n", path);
        free(p);
        return f ? fclose(f) : -1;
    }
    for (size_t n; (n = fread(p + len, 1, cap - len, f)) > 0;) {
        len += n;
        if (len < cap)
            continue;
        uint8_t *more = realloc(p, cap *= 2);
        if (!more)
            abort();
        p = more;
    }
    (void)fclose(f);
    uint8_t *exact = malloc(len ? len : 1); /* so that a sanitizer sees each step outside */
    if (!exact)
        abort();
    memcpy(exact, p, len);
    (void)LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    free(p);
    return 0;
}

static int
replay_path(const char *path, unsigned *n)
{
    struct stat st;
    char file[4096];

    if (stat(path, &st) < 0) {
        (void)fprintf(stderr, "cannot find %s\n", path);
        return -1;
    }
    if (!S_ISDIR(st.st_mode)) {
        ++*n;
        return replay_file(path);
    }
    DIR *dir = opendir(path);
    int rc = 0;
    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (e->d_name[0] == '.')
            continue;
        (void)snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
        if (stat(file, &st) == 0 && S_ISREG(st.st_mode)) {
            ++*n;
            rc |= replay_file(file);
        }
    }
    if (dir)
        (void)closedir(dir);
    return rc;
}

int
main(int argc, char **argv)
{
    unsigned n = 0;
    int rc = 0;

    for (int i = 1; i < argc; i++)
        rc |= replay_path(argv[i], &n);
    (void)printf("%u inputs\n", n);
    return rc != 0 || n == 0;
}
