/* SPDX-License-Identifier: Apache-2.0 */
/* remora devices: the interfaces and whether any would capture them. */
#include <stdio.h>

#include "app/app.h"
#include "capture/live.h"

static int
run_devices(int argc, char **argv)
{
    static struct device list[DEVICES_MAX];
    const char *const any[] = {"any"};
    struct capture_conf conf = {.interfaces = {any, 1}};
    struct err err = {0};
    int n = devices_list(list, DEVICES_MAX, &err);

    (void)argc;
    (void)argv;
    if (n < 0 || devices_choose(&conf, list, n, &err) < 0)
        return app_fail(&err);
    for (int i = 0; i < n; i++) {
        const char *master = "";
        for (int m = 0; list[i].master && m < n; m++)
            if (list[m].index == list[i].master)
                master = list[m].name;
        (void)printf("%-16s %4d %-5s %s%s%s%s\n", list[i].name, list[i].index, list[i].is_up ? "up" : "down",
                     list[i].is_bridge ? "bridge" : list[i].is_loopback ? "loopback" : "",
                     master[0] ? "port of " : "", master, list[i].is_captured ? "" : " (left out by any)");
    }
    return EXIT_OK;
}

const struct command command_devices = {
    .name = "devices",
    .usage = "",
    .summary = "lists the interfaces",
    .help = "Name, number, state, and what it is. Ports of a bridge are left out by any: their packets cross the bridge.\n",
    .run = run_devices,
};
