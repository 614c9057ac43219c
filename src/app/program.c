/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the other executable, handing over the data directory and the settings. */
#include "app/program.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/sandbox.h"
#include "base/buf.h"
#include "config/config.h"
#include "warden/warden.h"

int
program_find(const char *suffix, char *out, size_t size, struct err *err)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (n <= 0)
        return err_sys(err, ERR_IO, errno, "cannot find the program itself");
    self[n] = '\0';
    if ((size_t)snprintf(out, size, "%s%s", self, suffix) >= size || access(out, X_OK) < 0)
        return err_set(err, ERR_IO, "the program %s%s is missing or cannot be executed", self, suffix);
    return 0;
}

/* Asks as that user: a child, because privileges do not come back. */
static bool
can_enter(const char *dir, unsigned uid, unsigned gid)
{
    int status = 1;
    pid_t pid = fork();

    if (pid == 0)
        _exit(setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0 || access(dir, R_OK | W_OK | X_OK) < 0);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int
program_give(const char *dir, struct err *err)
{
    unsigned uid, gid;

    sandbox_user("_remora", 65532, &uid, &gid);
    if (getuid() != 0)
        return 0;
    if (chown(dir, uid, gid) < 0)
        return err_sys(err, ERR_IO, errno, "cannot give the data directory %s to the keeper", dir);
    if (!can_enter(dir, uid, gid))
        return err_set(err, ERR_PERM, "the data directory %s cannot be reached by the user that keeps it (_remora, or number %u): a folder above it is closed to others; "
                       "choose another one with --data", dir, uid);
    return 0;
}

int
program_snapshot(const struct config *config, uint32_t generation, int *ret_fd, struct err *err)
{
    struct buf snapshot;

    buf_init(&snapshot, 16 << 20);
    config_snapshot(config, generation, &snapshot);
    int rc = warden_memfd("remora-config", buf_slice(&snapshot), ret_fd, err);
    buf_fini(&snapshot);
    return rc;
}
