/* SPDX-License-Identifier: Apache-2.0 */
/* remora check: would `run` start here, and what would it see? */
#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/app.h"
#include "app/program.h"
#include "capture/live.h"
#include "enrich/enrich.h"
#include "warden/warden.h"
#include "web/web.h"

enum verdict { FINE, WARNING, WRONG };

struct check {
    struct app_source source;
    const char *data, *url;
    struct config *config;
    bool is_running; /* a remora holds the data directory */
    int n_wrong;
};

static void
say(struct check *c, enum verdict v, const char *what, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void
say(struct check *c, enum verdict v, const char *what, const char *fmt, ...)
{
    static const char *const words[] = {"ok", "warning", "wrong"};
    va_list args;

    c->n_wrong += v == WRONG;
    (void)printf("%-8s %-11s ", words[v], what);
    va_start(args, fmt);
    (void)vprintf(fmt, args);
    va_end(args);
    (void)putchar('\n');
}

static void
check_settings(struct check *c)
{
    struct err err = {0};

    if (config_load(app_sections(), &c->source.source, &c->config, &err) < 0) {
        say(c, WRONG, "settings", "%s", err.text);
        return;
    }
    for (size_t i = 0; i < config_n_warnings(c->config); i++)
        say(c, WARNING, "settings", "%s", config_warning(c->config, i));
    say(c, FINE, "settings", "%zu files read", c->source.source.n_files);
}

static void
check_program(struct check *c)
{
    char path[4096];
    struct err err = {0};

    if (program_find("-keeper", path, sizeof(path), &err) < 0)
        say(c, WRONG, "program", "%s", err.text);
    else
        say(c, FINE, "program", "%s", path);
}

static void
check_privileges(struct check *c)
{
    bool raw, admin;

    (void)capng_get_caps_process();
    raw = capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_RAW);
    admin = capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN);
    if (raw && admin)
        say(c, FINE, "privileges", "packets can be captured");
    else
        say(c, WRONG, "privileges", "%s missing: capturing needs root (sudo remora run); reading a capture file does not",
            raw ? "CAP_NET_ADMIN is" : admin ? "CAP_NET_RAW is" : "CAP_NET_RAW and CAP_NET_ADMIN are");
}

static void
check_interfaces(struct check *c)
{
    static struct device list[DEVICES_MAX];
    const struct capture_conf *conf = config_get(c->config, "capture");
    struct err err = {0};
    char names[1024] = "";
    size_t len = 0;
    int n = devices_list(list, DEVICES_MAX, &err);

    if (n < 0 || devices_choose(conf, list, n, &err) < 0) {
        say(c, WRONG, "interfaces", "%s", err.text);
        return;
    }
    for (int i = 0; i < n; i++) {
        if (list[i].is_captured && len < sizeof(names))
            len += (size_t)snprintf(names + len, sizeof(names) - len, " %s%s", list[i].name, list[i].is_up ? "" : " (down)");
        if (list[i].is_bridge && !list[i].is_captured)
            say(c, WARNING, "interfaces", "the bridge %s is not captured: its containers are not seen (add it to capture.interfaces)", list[i].name);
    }
    if (len == 0)
        say(c, WRONG, "interfaces", "none is captured; remora devices lists those that exist");
    else
        say(c, FINE, "interfaces", "captured:%s", names);
}

static void
check_filter(struct check *c)
{
    const struct capture_conf *conf = config_get(c->config, "capture");
    struct err err = {0};

    if (live_check_filter(conf, &err) < 0)
        say(c, WRONG, "filter", "%s", err.text);
    else if (conf->filter && conf->filter[0])
        say(c, FINE, "filter", "only packets that fit \"%s\"", conf->filter);
}

static void
check_data(struct check *c)
{
    char path[4200];
    struct statvfs v;

    if (access(c->data, F_OK) < 0) {
        say(c, errno == ENOENT ? FINE : WRONG, "data", "%s %s", c->data, errno == ENOENT ? "is made at the first start" : strerror(errno));
        return;
    }
    (void)snprintf(path, sizeof(path), "%s/warden.lock", c->data);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    c->is_running = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;
    if (fd >= 0)
        close(fd);
    if (statvfs(c->data, &v) < 0) {
        say(c, WRONG, "data", "%s: %s", c->data, strerror(errno));
        return;
    }
    double gb = (double)v.f_bavail * (double)v.f_frsize / 1e9;
    say(c, gb < 1 ? WARNING : FINE, "data", "%s, %.1f GB free%s", c->data, gb, c->is_running ? ", in use by a remora that runs" : "");
}

static void
check_listen(struct check *c)
{
    const struct web_conf *web = config_get(c->config, "web");
    struct err err = {0};
    unsigned port;
    int fd = -1;

    if (c->is_running)
        return;
    if (warden_listen(web->listen, false, &fd, &port, &err) < 0) {
        bool moves = err.code == ERR_EXISTS && strcmp(web->listen, "127.0.0.1:9200") == 0;
        say(c, moves ? WARNING : WRONG, "page", "%s%s", err.text, moves ? ": the next free port is taken" : "");
        return;
    }
    close(fd);
    say(c, FINE, "page", "http://%s is free", web->listen);
}

static void
check_geoip(struct check *c)
{
    const struct enrich_conf *conf = config_get(c->config, "enrich");
    struct enrich_options options = {.conf = conf, .schema = schema_builtin()};
    struct enrich *e = NULL;
    struct err err = {0};

    if (enrich_new(&options, &e, &err) < 0)
        say(c, WRONG, "places", "%s", err.text);
    else if (conf->geoip.n > 0)
        say(c, FINE, "places", "%zu GeoIP files", conf->geoip.n);
    else
        say(c, WARNING, "places", "no GeoIP file (enrich.geoip): countries stay empty");
    enrich_free(e);
}

/* What the remora that runs says of itself. */
static void
ask_running(struct check *c)
{
    char program[4096];
    struct err err = {0};
    int status;

    if (!c->is_running || program_find("-keeper", program, sizeof(program), &err) < 0)
        return;
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        (void)execl(program, program, "@status", c->data, c->url, (char *)NULL);
        _exit(127);
    }
    if (pid > 0 && (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0))
        c->n_wrong++;
}

static int
parse_check(int argc, char **argv, struct check *c)
{
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc)
            return app_usage(&command_check, argv[i][0] == '-' ? "%s needs a value, or is unknown" : "\"%s\" is not expected here", argv[i]);
        const char *value = argv[i + 1];
        if (strcmp(argv[i], "-c") == 0 ? !app_source_file(&c->source, value)
            : strcmp(argv[i], "-E") == 0 ? !app_source_override(&c->source, value) : false)
            return EXIT_USAGE;
        if (strcmp(argv[i], "--data") == 0)
            c->data = value;
        else if (strcmp(argv[i], "--url") == 0)
            c->url = value;
        else if (strcmp(argv[i], "-c") != 0 && strcmp(argv[i], "-E") != 0)
            return app_usage(&command_check, "there is no option %s", argv[i]);
    }
    return EXIT_OK;
}

static int
run_check(int argc, char **argv)
{
    static struct check c = {.data = "/var/lib/remora", .url = "http://127.0.0.1:9200"};
    int rc = parse_check(argc, argv, &c);

    if (rc != EXIT_OK)
        return rc;
    check_settings(&c);
    check_program(&c);
    check_privileges(&c);
    check_data(&c);
    if (c.config) {
        check_interfaces(&c);
        check_filter(&c);
        check_listen(&c);
        check_geoip(&c);
    }
    ask_running(&c);
    config_free(c.config);
    return c.n_wrong ? EXIT_FAILED : EXIT_OK;
}

const struct command command_check = {
    .name = "check",
    .usage = "[-c FILE]... [-E key=value]... [--data DIR] [--url URL]",
    .summary = "says whether run would start, and why nothing is seen",
    .help = "Checks settings, privileges, interfaces, filter, data directory, port and GeoIP files, each with one line, and asks\n"
            "the remora that runs on the data directory what it sees. Changes nothing.\n\n"
            "Exit status: 0, 1 when something is wrong, 2 wrong usage.\n",
    .run = run_check,
};
