/* SPDX-License-Identifier: Apache-2.0 */
/* Dropping privileges and, for the sensor, the system calls that it keeps (libseccomp, libcap-ng). */
#include "app/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/fds.h"

#ifdef REMORA_SECCOMP_KILL
#define REFUSED SCMP_ACT_KILL_PROCESS
#else
#define REFUSED SCMP_ACT_ERRNO(EPERM)
#endif

void
sandbox_user(const char *user, unsigned fallback, unsigned *ret_uid, unsigned *ret_gid)
{
    const struct passwd *p = getpwnam(user);

    *ret_uid = p ? p->pw_uid : fallback;
    *ret_gid = p ? p->pw_gid : fallback;
}

int
sandbox_drop(const char *user, unsigned fallback, struct err *err)
{
    unsigned uid, gid;

    sandbox_user(user, fallback, &uid, &gid);
    if (getuid() == 0) {
        capng_clear(CAPNG_SELECT_BOTH);
        if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0)
            return err_sys(err, ERR_PERM, errno, "cannot become the group of %s", user);
        /* The bounding set is emptied while that is still allowed. */
        if (capng_apply(CAPNG_SELECT_BOUNDS) < 0 || setresuid(uid, uid, uid) < 0)
            return err_sys(err, ERR_PERM, errno, "cannot become the user %s", user);
    }
    capng_clear(CAPNG_SELECT_CAPS);
    (void)capng_apply(CAPNG_SELECT_CAPS);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return err_sys(err, ERR_PERM, errno, "cannot give up privileges for good");
    return 0;
}

int
sandbox_sensor(struct err *err)
{
    static const int allowed[] = {
        SCMP_SYS(read),        SCMP_SYS(poll),          SCMP_SYS(ppoll),         SCMP_SYS(recvmsg),     SCMP_SYS(recvfrom),
        SCMP_SYS(close),       SCMP_SYS(munmap),        SCMP_SYS(brk),           SCMP_SYS(madvise),     SCMP_SYS(futex),
        SCMP_SYS(mremap),      SCMP_SYS(exit),          SCMP_SYS(exit_group),    SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(restart_syscall), SCMP_SYS(getsockname), SCMP_SYS(getrandom),
        SCMP_SYS(rseq),
    };
    static const int fatal[] = {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(unshare), SCMP_SYS(setns),
                                SCMP_SYS(mount),  SCMP_SYS(bpf),      SCMP_SYS(fork),   SCMP_SYS(vfork)};
    static const int writable[] = {STDOUT_FILENO, STDERR_FILENO, FD_CONTROL, FD_BELL};
    static const int options[] = {6 /* PACKET_STATISTICS */, 4 /* SO_ERROR */};
    scmp_filter_ctx f = seccomp_init(REFUSED);
    int rc = f ? 0 : -ENOMEM;

    for (size_t i = 0; rc == 0 && i < sizeof(allowed) / sizeof(allowed[0]); i++)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; rc == 0 && i < sizeof(fatal) / sizeof(fatal[0]); i++)
        rc = seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, fatal[i], 0);
    /* The capture socket could send: write only to what is named. */
    for (size_t i = 0; rc == 0 && i < sizeof(writable) / sizeof(writable[0]); i++)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)writable[i]));
    for (size_t i = 0; rc == 0 && i < sizeof(options) / sizeof(options[0]); i++)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(getsockopt), 1, SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)options[i]));
    if (rc == 0) /* memory, but never to execute */
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, 4, 0));
    if (rc == 0)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, 4, 0));
    if (rc == 0)
        rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
    if (rc == 0)
        rc = seccomp_load(f);
    if (f)
        seccomp_release(f);
    return rc < 0 ? err_sys(err, ERR_PERM, -rc, "cannot load the list of allowed system calls") : 0;
}
