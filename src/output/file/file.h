/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of output.file: its settings, and files that take turns. */
#ifndef OUTPUT_FILE_FILE_H
#define OUTPUT_FILE_FILE_H

#include "output/output.h"

enum file_fsync { FSYNC_NEVER, FSYNC_ROTATE, FSYNC_FLUSH };

struct file_conf {
    bool enabled;
    const char *path;     /* folder */
    const char *filename; /* without or with its extension */
    uint64_t rotate_every_size;
    int64_t rotate_interval_ns; /* 0: by size only */
    uint64_t number_of_files;
    const char *permissions; /* octal */
    bool rotate_on_startup;
    int fsync; /* enum file_fsync */
};

extern const struct output_ops output_file;

/* Path of the file with this number: "DIR/NAME.ndjson", "DIR/NAME.1.ndjson" ...; false: too long.
 */
bool file_path(const struct file_conf *conf, uint64_t number, char *ret, size_t cap);

/* NAME becomes NAME.1, NAME.1 becomes NAME.2 and so on; the last one goes. A missing file is no
 * error. */
int file_shift(const struct file_conf *conf, struct err *err);

/* Opens (and makes) NAME for appending; a last line without its end gets one. */
int file_open_current(const struct file_conf *conf, int *ret_fd, uint64_t *ret_size,
                      struct err *err);

#endif
