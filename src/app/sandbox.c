/* SPDX-License-Identifier: Apache-2.0 */
/* Dropping privileges and, for the sensor, the system calls that it keeps (libseccomp, libcap-ng). */
#include "app/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "app/fds.h"
#include "base/log.h"

#ifdef REMORA_SECCOMP_KILL
#define REFUSED SCMP_ACT_KILL_PROCESS
enum { KILLS_ALL = 1 }; /* a rule that repeats the default is refused */
#else
#define REFUSED SCMP_ACT_ERRNO(EPERM)
enum { KILLS_ALL = 0 };
#endif

/* Sanitizers need files and system calls that the lists refuse: such a build is for tests only. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IS_SANITIZED = 1 };
#else
enum { IS_SANITIZED = 0 };
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
    if (IS_SANITIZED)
        return 0;
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
    for (size_t i = 0; rc == 0 && !KILLS_ALL && i < sizeof(fatal) / sizeof(fatal[0]); i++)
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

static int
allow_below(int ruleset, const char *path, uint64_t access)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = open(path, O_PATH | O_CLOEXEC)};

    if (rule.parent_fd < 0)
        return errno == ENOENT ? 0 : -errno;
    long rc = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    int why = errno;
    close(rule.parent_fd);
    return rc < 0 ? -why : 0;
}

/* Files: its own folders, and what the system's libraries read. A kernel without Landlock goes without. */
static int
restrict_files(const char *const *writable, size_t n, struct err *err)
{
    static const char *const readable[] = {"/usr", "/lib", "/lib64", "/etc", "/proc", "/sys/fs/cgroup", "/dev/urandom"};
    const uint64_t read_rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    const uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1; /* what the first version knows */
    const uint64_t own = all & ~(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                                 LANDLOCK_ACCESS_FS_MAKE_SYM);
    struct landlock_ruleset_attr attr = {.handled_access_fs = all};
    int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0), rc = 0;

    if (fd < 0) {
        log_info("sandbox", "this kernel has no Landlock: files are guarded by their owners only", "%s", "");
        return 0;
    }
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = allow_below(fd, writable[i], own);
    for (size_t i = 0; rc == 0 && i < sizeof(readable) / sizeof(readable[0]); i++)
        rc = allow_below(fd, readable[i], strncmp(readable[i], "/dev", 4) == 0 ? LANDLOCK_ACCESS_FS_READ_FILE : read_rights);
    if (rc == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
        rc = -errno;
    close(fd);
    return rc < 0 ? err_sys(err, ERR_PERM, -rc, "cannot restrict the files of the keeper") : 0;
}

int
sandbox_keeper(const char *const *writable, size_t n, struct err *err)
{
    if (IS_SANITIZED)
        return 0;
    static const int allowed[] = {
        /* everybody */
        SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(futex), SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap),
        SCMP_SYS(madvise), SCMP_SYS(getrandom), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(exit),
        SCMP_SYS(exit_group), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_yield),
        SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(restart_syscall), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(getpid),
        SCMP_SYS(gettid), SCMP_SYS(tgkill), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(prlimit64), SCMP_SYS(getuid), SCMP_SYS(geteuid),
        /* the store, files of outputs, /proc */
        SCMP_SYS(openat), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(access), SCMP_SYS(faccessat),
        SCMP_SYS(faccessat2), SCMP_SYS(fcntl), SCMP_SYS(flock), SCMP_SYS(lseek), SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(ftruncate),
        SCMP_SYS(fallocate), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(mkdir), SCMP_SYS(mkdirat),
        SCMP_SYS(rmdir), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(getdents64), SCMP_SYS(statfs), SCMP_SYS(fstatfs),
        SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(fchmod), SCMP_SYS(umask), SCMP_SYS(statx),
        /* the web server, on sockets that it was given */
        SCMP_SYS(accept4), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendfile), SCMP_SYS(shutdown),
        SCMP_SYS(setsockopt), SCMP_SYS(getsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
        SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(eventfd2), SCMP_SYS(pipe2), SCMP_SYS(select), SCMP_SYS(pselect6),
    };
    static const int fatal[] = {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(unshare), SCMP_SYS(setns),
                                SCMP_SYS(mount),  SCMP_SYS(bpf),      SCMP_SYS(fork),   SCMP_SYS(vfork), SCMP_SYS(io_uring_setup)};
    int rc = restrict_files(writable, n, err);
    scmp_filter_ctx f = rc == 0 ? seccomp_init(REFUSED) : NULL;

    if (rc < 0)
        return rc;
    rc = f ? 0 : -ENOMEM;
    for (size_t i = 0; rc == 0 && i < sizeof(allowed) / sizeof(allowed[0]); i++)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; rc == 0 && !KILLS_ALL && i < sizeof(fatal) / sizeof(fatal[0]); i++)
        rc = seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, fatal[i], 0);
    if (rc == 0) /* its flags cannot be looked into: the library takes clone instead, which is for threads only */
        rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (rc == 0)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    if (rc == 0)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
    if (rc == 0) /* memory, but never to execute */
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, 4, 0));
    if (rc == 0)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, 4, 0));
    if (rc == 0)
        rc = seccomp_load(f);
    if (f)
        seccomp_release(f);
    return rc < 0 ? err_sys(err, ERR_PERM, -rc, "cannot load the list of allowed system calls") : 0;
}
