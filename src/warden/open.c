/* SPDX-License-Identifier: Apache-2.0 */
/* What the warden opens for the others: sealed snapshots and listening sockets. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "warden/warden.h"

enum { PORTS_TO_TRY = 20, BACKLOG = 128 };

int
warden_memfd(const char *name, struct slice bytes, int *ret_fd, struct err *err)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0 || fchmod(fd, 0600) < 0 || write(fd, bytes.p, bytes.len) != (ssize_t)bytes.len ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0) {
        int why = errno;
        if (fd >= 0)
            close(fd);
        return err_sys(err, ERR_IO, why, "cannot make a snapshot of the settings");
    }
    *ret_fd = fd;
    return 0;
}

static int
parse_address(const char *text, struct sockaddr_storage *ret, unsigned *ret_port, struct err *err)
{
    char host[INET6_ADDRSTRLEN + 2];
    const char *colon = strrchr(text, ':');
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
    char *end = NULL;
    unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;

    memset(ret, 0, sizeof(*ret));
    if (!colon || port == 0 || port > 65535 || *end != '\0' || (size_t)(colon - text) >= sizeof(host))
        return err_set(err, ERR_USAGE, "\"%s\" is no address and port; for example 127.0.0.1:9200", text);
    (void)snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
    *ret_port = (unsigned)port;
    if (host[0] == '[' && host[strlen(host) - 1] == ']') {
        host[strlen(host) - 1] = '\0';
        v6->sin6_family = AF_INET6;
        if (inet_pton(AF_INET6, host + 1, &v6->sin6_addr) == 1)
            return 0;
    }
    v4->sin_family = AF_INET;
    if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &v4->sin_addr) == 1)
        return 0;
    return err_set(err, ERR_USAGE, "\"%s\" is no address and port; for example 127.0.0.1:9200", text);
}

int
warden_listen(const char *address, bool may_move, int *ret_fd, unsigned *ret_port, struct err *err)
{
    struct sockaddr_storage a;
    unsigned port = 0;
    int rc = parse_address(address, &a, &port, err), on = 1, why = 0;

    for (unsigned i = 0; rc == 0 && i <= (may_move ? PORTS_TO_TRY : 0); i++) {
        int fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        socklen_t len = a.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
        if (a.ss_family == AF_INET)
            ((struct sockaddr_in *)&a)->sin_port = htons((uint16_t)(port + i));
        else
            ((struct sockaddr_in6 *)&a)->sin6_port = htons((uint16_t)(port + i));
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (fd >= 0 && bind(fd, (struct sockaddr *)&a, len) == 0 && listen(fd, BACKLOG) == 0) {
            *ret_fd = fd;
            *ret_port = port + i;
            return 0;
        }
        why = errno;
        if (fd >= 0)
            close(fd);
        if (why != EADDRINUSE)
            break;
    }
    if (rc < 0)
        return rc;
    if (why == EADDRINUSE)
        return err_set(err, ERR_EXISTS, "%s is in use by another program; choose another port with --listen", address);
    return err_sys(err, ERR_IO, why, "cannot listen on %s", address);
}

int
warden_listen_unix(const char *path, int *ret_fd, struct err *err)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = -1;

    if ((size_t)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path) >= sizeof(a.sun_path))
        return err_set(err, ERR_USAGE, "the path %s is too long for a socket: choose a shorter data directory with --data", path);
    (void)unlink(path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, BACKLOG) < 0) {
        int why = errno;
        if (fd >= 0)
            close(fd);
        return err_sys(err, ERR_IO, why, "cannot listen on %s", path);
    }
    *ret_fd = fd;
    return 0;
}
