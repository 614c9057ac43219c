/* SPDX-License-Identifier: Apache-2.0 */
/* Interfaces of this namespace (rtnetlink) and which of them are captured. */
#include <errno.h>
#include <fnmatch.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/live.h"

enum { ANSWER_BYTES = 32768 };

static int
ask_links(int fd)
{
    struct {
        struct nlmsghdr head;
        struct ifinfomsg body;
    } request = {
        .head = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)), .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.ifi_family = AF_UNSPEC},
    };
    return send(fd, &request, request.head.nlmsg_len, 0) < 0 ? -1 : 0;
}

static void
read_link(const struct nlmsghdr *head, struct device *d)
{
    const struct ifinfomsg *body = NLMSG_DATA(head);
    int left = (int)IFLA_PAYLOAD(head);

    *d = (struct device){.index = body->ifi_index, .is_up = (body->ifi_flags & IFF_UP) != 0, .is_loopback = body->ifi_type == ARPHRD_LOOPBACK};
    for (const struct rtattr *a = IFLA_RTA(body); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if (a->rta_type == IFLA_IFNAME)
            (void)snprintf(d->name, sizeof(d->name), "%s", (const char *)RTA_DATA(a));
        if (a->rta_type == IFLA_MASTER)
            memcpy(&d->master, RTA_DATA(a), sizeof(d->master));
        if (a->rta_type == IFLA_LINKINFO) {
            int n = (int)RTA_PAYLOAD(a);
            for (const struct rtattr *k = RTA_DATA(a); RTA_OK(k, n); k = RTA_NEXT(k, n))
                if (k->rta_type == IFLA_INFO_KIND)
                    d->is_bridge = strcmp(RTA_DATA(k), "bridge") == 0;
        }
    }
}

int
devices_list(struct device *ret, int max, struct err *err)
{
    char answer[ANSWER_BYTES] __attribute__((aligned(8)));
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), n = 0;
    bool more = fd >= 0 && ask_links(fd) == 0;

    if (!more) {
        int why = errno;
        if (fd >= 0)
            close(fd);
        return err_sys(err, ERR_IO, why, "cannot list the interfaces");
    }
    while (more) {
        ssize_t len = recv(fd, answer, sizeof(answer), 0);
        if (len <= 0)
            break;
        for (const struct nlmsghdr *h = (const void *)answer; NLMSG_OK(h, (size_t)len); h = NLMSG_NEXT(h, len)) {
            if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR) {
                more = false;
                break;
            }
            if (h->nlmsg_type == RTM_NEWLINK && n < max)
                read_link(h, &ret[n++]);
        }
    }
    close(fd);
    return n;
}

static bool
is_pattern(const char *name)
{
    return strpbrk(name, "*?[") != NULL;
}

int
devices_choose(const struct capture_conf *conf, struct device *list, int n, struct err *err)
{
    bool any = false;

    for (int i = 0; i < n; i++)
        list[i].is_captured = false;
    for (size_t k = 0; k < conf->interfaces.n; k++) {
        const char *want = conf->interfaces.v[k];
        bool all = strcmp(want, "any") == 0, found = all;
        any |= all;
        for (int i = 0; i < n; i++) {
            if (all || fnmatch(want, list[i].name, 0) == 0) {
                list[i].is_captured = true;
                found = true;
            }
        }
        if (!found && !is_pattern(want))
            return err_set(err, ERR_USAGE, "there is no interface %s; remora devices lists those that exist", want);
    }
    /* What crosses a port crosses its bridge: one copy is enough. */
    for (int i = 0; any && i < n; i++)
        for (int m = 0; list[i].master && m < n; m++)
            if (list[m].index == list[i].master && list[m].is_captured)
                list[i].is_captured = false;
    return 0;
}
