/* SPDX-License-Identifier: Apache-2.0 */
/* remora: finds the command and runs it. */
#include <stdio.h>
#include <string.h>

#include "app/app.h"
#include "app/roles.h"

static const struct command *const commands[] = {
    &command_run,    &command_read,   &command_search, &command_check, &command_devices,
    &command_export, &command_fields, &command_version,
};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void
list_commands(FILE *to)
{
    (void)fprintf(to, "remora sees what containers say to each other.\n\nusage: remora COMMAND [OPTIONS]\n\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        (void)fprintf(to, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
    (void)fprintf(to, "  %-9s %s\n", "help", "explains a command");
    (void)fprintf(to, "\nremora help COMMAND says more. All settings: remora export config --as default\n");
}

static const struct command *
find_command(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int
unknown_command(const char *name)
{
    (void)fprintf(stderr, "remora: there is no command \"%s\". These exist:", name);
    for (size_t i = 0; i < N_COMMANDS; i++)
        (void)fprintf(stderr, " %s", commands[i]->name);
    (void)fprintf(stderr, " help\n");
    return EXIT_USAGE;
}

static int
explain(const char *name)
{
    const struct command *c = find_command(name);

    if (!c)
        return unknown_command(name);
    (void)printf("usage: remora %s %s\n\n%s\n", c->name, c->usage, c->help);
    return EXIT_OK;
}

static bool
asks_for_help(const char *arg)
{
    return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}

int
main(int argc, char **argv)
{
    int role_status = 0;

    if (role_main(argc, argv, &role_status))
        return role_status;
    if (argc < 2) {
        list_commands(stderr);
        return EXIT_USAGE;
    }
    if (asks_for_help(argv[1]) || (strcmp(argv[1], "help") == 0 && argc == 2)) {
        list_commands(stdout);
        return EXIT_OK;
    }
    if (strcmp(argv[1], "help") == 0)
        return explain(argv[2]);
    if (strcmp(argv[1], "--version") == 0)
        argv[1] = (char *)(uintptr_t)"version";
    const struct command *c = find_command(argv[1]);
    if (!c)
        return unknown_command(argv[1]);
    for (int i = 2; i < argc; i++)
        if (asks_for_help(argv[i]))
            return explain(argv[1]);
    return c->run(argc - 1, argv + 1);
}
