/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: three dialects, overrides, errors with place and nearest name, snapshots. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config/config.h"

struct demo {
    bool enabled;
    struct port_list ports;
    int64_t timeout;
    uint64_t size;
    const char *name;
    struct text_list list;
    int mode;
};

static const char *const modes[] = {"content", "ports", NULL};

#define ROW(name_, type_, member, ...)                                                             \
    {.name = name_, .type = type_, .offset = offsetof(struct demo, member), .help = "Help.", __VA_ARGS__}

static const struct setting common_rows[] = {
    ROW("enabled", SETTING_BOOL, enabled, .default_text = "true"),
    ROW("ports", SETTING_PORTS, ports),
    {0},
};
static const struct setting http_rows[] = {
    ROW("send_headers", SETTING_LIST, list, .default_text = "[]"),
    ROW("max_message_size", SETTING_SIZE, size, .default_text = "10MiB"),
    {0},
};
static const struct setting capture_rows[] = {
    ROW("interfaces", SETTING_LIST, list, .default_text = "[any]"),
    ROW("ring", SETTING_SIZE, size, .default_text = "32MiB", .min = 1 << 20, .max = 1LL << 40),
    {0},
};
static const struct setting flow_rows[] = {
    ROW("enabled", SETTING_BOOL, enabled, .default_text = "true"),
    ROW("period", SETTING_DURATION, timeout, .default_text = "10s", .min = -1000000000, .max = 1LL << 60),
    {0},
};
static const struct setting general_rows[] = {
    ROW("detect", SETTING_CHOICE, mode, .default_text = "content", .choices = modes),
    {0},
};
static const struct setting store_rows[] = {ROW("index_traffic", SETTING_TEXT, name, .default_text = "remora-traffic"), {0}};

static const struct section sections[] = {
    {"", "General.", general_rows, sizeof(struct demo), NULL},
    {"capture", "Capture.", capture_rows, sizeof(struct demo), NULL},
    {"flows", "Flows.", flow_rows, sizeof(struct demo), NULL},
    {"http", "HTTP.", http_rows, sizeof(struct demo), common_rows},
    {"dns", "DNS.", NULL, sizeof(struct demo), common_rows},
    {"store", "Store.", store_rows, sizeof(struct demo), NULL},
    {0},
};

static struct config *
load(const char *text)
{
    struct config *c = NULL;
    struct err err = {0};

    if (config_load_text(sections, "test.yml", text, NULL, &c, &err) < 0)
        fail_msg("%s", err.text);
    return c;
}

static void
refuse(const char *text, const char *want)
{
    struct config *c = NULL;
    struct err err = {0};

    assert_true(config_load_text(sections, "test.yml", text, NULL, &c, &err) < 0);
    if (!strstr(err.text, want))
        fail_msg("\"%s\" does not say \"%s\"", err.text, want);
}

static void
test_defaults(void **state)
{
    (void)state;
    struct config *c = load("");
    const struct demo *d = config_get(c, "capture");
    assert_int_equal(d->size, 32 << 20);
    assert_int_equal(d->list.n, 1);
    assert_string_equal(d->list.v[0], "any");
    d = config_get(c, "http");
    assert_true(d->enabled);
    assert_false(d->ports.is_set);
    config_free(c);
}

static void
test_remora(void **state)
{
    (void)state;
    struct config *c = load("detect: ports\nhttp:\n  ports: [80, 8080]\n  max_message_size: 512k\nflows.period: -1s\n"
                            "capture: {interfaces: docker0}\n");
    const struct demo *d = config_get(c, "http");
    assert_int_equal(d->ports.n, 2);
    assert_int_equal(d->ports.v[1], 8080);
    assert_int_equal(d->size, 512 * 1024);
    d = config_get(c, "flows");
    assert_int_equal(d->timeout, -1000000000);
    d = config_get(c, "");
    assert_int_equal(d->mode, 1);
    d = config_get(c, "capture");
    assert_string_equal(d->list.v[0], "docker0");
    assert_int_equal(config_dialect(c), DIALECT_REMORA);
    config_free(c);
}

static void
test_errors(void **state)
{
    (void)state;
    refuse("http:\n  prots: [80]\n", "test.yml:2:10: unknown setting \"http.prots\", did you mean \"http.ports\"");
    refuse("http:\n  ports: [80, 99999]\n", "test.yml:2:10");
    refuse("capture:\n  ring: 12\n", "out of bounds");
    refuse("capture: [", "not valid YAML");
    refuse("detect: maybe", "none of content, ports");
    refuse("flows:\n  period: soon\n", "\"soon\" is not a duration");
    refuse("- a\n- b\n", "holds no settings");
    refuse("store:\n  index_traffic: ${NO_SUCH_VARIABLE_HERE}\n", "NO_SUCH_VARIABLE_HERE is not set");
}

static void
test_variables(void **state)
{
    (void)state;
    setenv("REMORA_TEST_INDEX", "blue", 1);
    struct config *c = load("store:\n  index_traffic: a-${REMORA_TEST_INDEX}-${NOT_SET_AT_ALL:b}\n");
    assert_string_equal(((const struct demo *)config_get(c, "store"))->name, "a-blue-b");
    config_free(c);
}

static void
test_packetbeat_today(void **state)
{
    (void)state;
    struct config *c = load("packetbeat.interfaces.device: docker0\npacketbeat.interfaces.buffer_size_mb: 100\n"
                            "packetbeat.flows:\n  period: 5s\npacketbeat.protocols:\n- type: http\n  ports: [80, 5601]\n"
                            "- type: mysql\n  ports: [3306]\noutput.elasticsearch:\n  hosts: [\"localhost:9200\"]\nsetup.kibana.host: x\n");
    const struct demo *d = config_get(c, "http");
    assert_true(d->enabled);
    assert_int_equal(d->ports.v[1], 5601);
    d = config_get(c, "dns");
    assert_false(d->enabled); /* not named: off */
    d = config_get(c, "capture");
    assert_string_equal(d->list.v[0], "docker0");
    assert_int_equal(d->size, 100 << 20);
    d = config_get(c, "flows");
    assert_true(d->enabled);
    assert_int_equal(((const struct demo *)config_get(c, ""))->mode, 1);
    assert_string_equal(((const struct demo *)config_get(c, "store"))->name, "packetbeat");
    assert_int_equal(config_dialect(c), DIALECT_PACKETBEAT);
    assert_int_equal(config_n_warnings(c), 2); /* mysql and setup */
    config_free(c);
}

static void
test_packetbeat_1x(void **state)
{
    (void)state;
    struct config *c = load("interfaces:\n  device: docker0\nprotocols:\n  dns:\n    ports: [53]\n  http:\n"
                            "    ports: [80, 8080, 8000, 5000, 8002]\n  redis:\n    ports: [6379]\noutput:\n  elasticsearch:\n"
                            "    enabled: true\n    hosts: [\"localhost:9200\"]\nshipper:\nlogging:\n  files:\n    rotateeverybytes: 10485760\n");
    const struct demo *d = config_get(c, "http");
    assert_true(d->enabled);
    assert_int_equal(d->ports.n, 5);
    d = config_get(c, "dns");
    assert_true(d->enabled);
    d = config_get(c, "flows");
    assert_false(d->enabled); /* 1.x has none */
    assert_int_equal(config_dialect(c), DIALECT_PACKETBEAT_1X);
    config_free(c);
}

static void
test_override(void **state)
{
    (void)state;
    const char *const overrides[] = {"http.ports=[81]", "flows.enabled=false", "packetbeat.interfaces.device=lo"};
    struct config_source source = {.overrides = overrides, .n_overrides = 3};
    struct config *c = NULL;
    struct err err = {0};

    assert_int_equal(config_load(sections, &source, &c, &err), 0);
    assert_int_equal(((const struct demo *)config_get(c, "http"))->ports.v[0], 81);
    assert_true(((const struct demo *)config_get(c, "http"))->enabled);
    assert_false(((const struct demo *)config_get(c, "flows"))->enabled);
    assert_string_equal(((const struct demo *)config_get(c, "capture"))->list.v[0], "lo");
    config_free(c);
    const char *const bad[] = {"nonsense"};
    source = (struct config_source){.overrides = bad, .n_overrides = 1};
    assert_int_equal(config_load(sections, &source, &c, &err), ERR_USAGE);
}

static void
test_snapshot(void **state)
{
    (void)state;
    struct config *c = load("http:\n  ports: [80]\n  send_headers: []\ndns.ports: []\nstore.index_traffic: \"\"\n"), *d = NULL;
    struct buf flat;
    struct err err = {0};
    uint32_t generation = 0;

    buf_init(&flat, 1 << 20);
    config_snapshot(c, 7, &flat);
    assert_int_equal(config_restore(sections, buf_slice(&flat), &generation, &d, &err), 0);
    assert_int_equal(generation, 7);
    assert_int_equal(((const struct demo *)config_get(d, "http"))->ports.n, 1);
    assert_true(((const struct demo *)config_get(d, "dns"))->ports.is_set);
    assert_int_equal(((const struct demo *)config_get(d, "dns"))->ports.n, 0);
    assert_string_equal(((const struct demo *)config_get(d, "store"))->name, "");
    config_free(d);
    for (size_t len = 0; len < flat.len; len++) { /* cut anywhere: an error or a smaller config, no crash */
        if (config_restore(sections, slice_of(flat.p, len), &generation, &d, &err) == 0)
            config_free(d);
    }
    buf_fini(&flat);
    config_free(c);
}

static void
test_forms(void **state)
{
    (void)state;
    struct config *c = load("http:\n  ports: [80]\n"), *again = NULL;
    struct err err = {0};
    struct buf out;

    buf_init(&out, 1 << 20);
    assert_int_equal(config_export(c, "effective", &out, &err), 0);
    buf_add_byte(&out, 0);
    assert_int_equal(config_load_text(sections, "effective", (const char *)out.p, NULL, &again, &err), 0);
    assert_int_equal(((const struct demo *)config_get(again, "http"))->ports.v[0], 80);
    config_free(again);
    assert_int_equal(config_export(c, "sonnet", &out, &err), ERR_USAGE);
    buf_fini(&out);
    config_free(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),        cmocka_unit_test(test_remora),       cmocka_unit_test(test_errors),
        cmocka_unit_test(test_variables),       cmocka_unit_test(test_packetbeat_today), cmocka_unit_test(test_packetbeat_1x),
        cmocka_unit_test(test_override),        cmocka_unit_test(test_snapshot),     cmocka_unit_test(test_forms),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
