/* SPDX-License-Identifier: Apache-2.0 */
/* The roles that executables take when the warden starts them anew. */
#ifndef APP_ROLES_H
#define APP_ROLES_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct shared_page;

/* Runs a role when argv[1] names one ("@sensor"); false: an ordinary command line. */
bool role_main(int argc, char **argv, int *ret_status);

/* The whole of a descriptor in memory (buf_fini() it). */
int role_slurp(int fd, struct buf *out, struct err *err);

/* The page shared with the warden, mapped for good; NULL: errno. */
struct shared_page *role_page(int fd);

#endif
