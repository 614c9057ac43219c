/* SPDX-License-Identifier: Apache-2.0 */
/* Files that take turns and survive a full disk, and the table of the console. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "output/console/console.h"
#include "output/file/file.h"

enum { CAP = 1 << 20, ALL_FILES = 64, N_RECORDS = 50 };

static _Alignas(64) uint8_t cells_mem[CAP];
static struct schema *schema;
static char dir[] = "/tmp/remora-output-XXXXXX";
static unsigned next_number;

static struct file_conf
make_conf(const char *name)
{
    return (struct file_conf){.enabled = true,
                              .path = dir,
                              .filename = name,
                              .rotate_every_size = 1 << 20,
                              .number_of_files = 7,
                              .permissions = "0640"};
}

/* Events with rising numbers in `query`, so that loss and repetition show. */
static struct batch_ref *
make_batch(unsigned n)
{
    uint8_t *mem = aligned_alloc(64, CAP);
    struct batch_writer w;
    struct cells c;
    char text[128];

    batch_begin(&w, mem, CAP, schema_generation(schema));
    for (unsigned i = 0; i < n; i++) {
        int len = snprintf(text, sizeof(text), "number=%07u padding padding padding padding",
                           next_number++);
        cells_init(&c, cells_mem, CAP, CAP);
        cells_text(&c, FIELD_QUERY, KIND_TEXT, slice_of(text, (size_t)len));
        assert_true(batch_add(&w, &(struct record_head){.time_ns = i}, &c, NULL));
    }
    return batch_ref_new(mem, batch_end(&w));
}

static struct output *
must_open(const struct file_conf *conf)
{
    struct output *o = NULL;
    struct err err = {0};

    if (output_file.open(conf, schema, &o, &err) < 0)
        fail_msg("%s", err.text);
    return o;
}

static int
write_batch(struct output *o, unsigned n)
{
    unsigned before = next_number;
    struct batch_ref *b = make_batch(n);
    int rc = o->ops->write(o, b, NULL);

    if (rc < 0)
        next_number = before; /* not taken: the same numbers come again */
    batch_ref_put(b);
    return rc;
}

/* Counts the lines of a file and checks that their numbers rise by one from *next. */
static unsigned
check_lines(const char *path, unsigned *next)
{
    FILE *f = fopen(path, "r");
    char line[1024];
    unsigned n = 0;

    if (!f)
        return 0;
    for (; fgets(line, sizeof(line), f); n++) {
        char *at = strstr(line, "number=");
        size_t len = strlen(line);
        assert_non_null(at);
        assert_int_equal(strtoul(at + 7, NULL, 10), *next);
        assert_int_equal(line[0], '{');
        assert_string_equal(line + len - 2, "}\n");
        ++*next;
    }
    (void)fclose(f);
    return n;
}

/* All files from the oldest to the current one. */
static unsigned
check_all(const struct file_conf *conf, unsigned first)
{
    char path[256];
    unsigned n = 0;

    for (unsigned i = ALL_FILES; i-- > 0;) {
        assert_true(file_path(conf, i, path, sizeof(path)));
        n += check_lines(path, &first);
    }
    return n;
}

static void
test_paths(void **state)
{
    struct file_conf conf = {.path = "/d", .filename = "a.b.json"};
    char path[64];

    (void)state;
    assert_true(file_path(&conf, 0, path, sizeof(path)));
    assert_string_equal(path, "/d/a.b.json");
    assert_true(file_path(&conf, 3, path, sizeof(path)));
    assert_string_equal(path, "/d/a.b.3.json");
    conf.filename = "x";
    assert_true(file_path(&conf, 0, path, sizeof(path)));
    assert_string_equal(path, "/d/x.ndjson");
    assert_false(file_path(&conf, 0, path, 5));
}

static void
test_turns_by_size(void **state)
{
    struct file_conf conf = make_conf("turns");
    struct output_stats stats;
    struct stat st;
    char path[256];

    (void)state;
    conf.rotate_every_size = 64 << 10;
    conf.number_of_files = 40;
    next_number = 0;
    struct output *o = must_open(&conf);
    for (int i = 0; i < 60; i++) {
        assert_int_equal(write_batch(o, N_RECORDS), 0);
        assert_int_equal(o->ops->flush(o, NULL), 0);
    }
    o->ops->stats(o, &stats);
    assert_int_equal(stats.events, 60 * N_RECORDS);
    o->ops->close(o);
    assert_int_equal(check_all(&conf, 0), 60 * N_RECORDS);
    assert_true(file_path(&conf, 2, path, sizeof(path)));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_in_range(st.st_size, 32 << 10, 65 << 10);
}

static void
test_oldest_goes(void **state)
{
    struct file_conf conf = make_conf("few");
    char path[256];

    (void)state;
    conf.rotate_every_size = 64 << 10;
    conf.number_of_files = 2;
    struct output *o = must_open(&conf);
    for (int i = 0; i < 60; i++)
        assert_int_equal(write_batch(o, N_RECORDS), 0);
    o->ops->close(o);
    assert_true(file_path(&conf, 1, path, sizeof(path)));
    assert_int_equal(access(path, F_OK), 0);
    assert_true(file_path(&conf, 2, path, sizeof(path)));
    assert_int_equal(access(path, F_OK), -1);
}

static void
test_start_again(void **state)
{
    struct file_conf conf = make_conf("again");
    char path[256];

    (void)state;
    next_number = 0;
    struct output *o = must_open(&conf);
    assert_int_equal(write_batch(o, 3), 0);
    o->ops->close(o);
    assert_true(file_path(&conf, 0, path, sizeof(path)));
    assert_int_equal(truncate(path, 100), 0); /* as a crash may leave it */
    o = must_open(&conf);
    assert_int_equal(write_batch(o, 1), 0);
    o->ops->close(o);
    FILE *f = fopen(path, "r");
    char line[1024];
    assert_non_null(fgets(line, sizeof(line), f));
    assert_int_equal(strlen(line), 101);
    assert_non_null(fgets(line, sizeof(line), f));
    assert_non_null(strstr(line, "number=0000003"));
    (void)fclose(f);
    conf.rotate_on_startup = true;
    o = must_open(&conf);
    o->ops->close(o);
    assert_true(file_path(&conf, 1, path, sizeof(path)));
    assert_int_equal(access(path, F_OK), 0);
}

/* The file-size limit stands for the full disk: the same error path, no privilege needed. */
static void
test_full_disk_loses_nothing(void **state)
{
    struct file_conf conf = make_conf("full");
    struct rlimit before, tight;
    struct output_stats stats;
    int n_refused = 0, n_taken = 0;

    (void)state;
    conf.rotate_every_size = 1ull << 30;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    next_number = 0;
    struct output *o = must_open(&conf);
    tight = (struct rlimit){.rlim_cur = 100001, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    for (int i = 0; i < 100; i++) {
        int rc = write_batch(o, N_RECORDS);
        n_taken += rc == 0;
        n_refused += rc < 0;
    }
    assert_true(n_refused > 50);
    o->ops->stats(o, &stats);
    assert_true(stats.errors > 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    for (int i = 0; i < 20; i++, n_taken++)
        assert_int_equal(write_batch(o, N_RECORDS), 0);
    o->ops->stats(o, &stats);
    assert_int_equal(stats.dropped, 0);
    o->ops->close(o);
    assert_int_equal(check_all(&conf, 0), n_taken * N_RECORDS);
}

static void
test_bad_settings(void **state)
{
    struct file_conf conf = make_conf("a/b");
    struct output *o = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(output_file.open(&conf, schema, &o, &err), ERR_USAGE);
    assert_non_null(strstr(err.text, "a/b"));
    conf = make_conf("x");
    conf.permissions = "rw";
    assert_int_equal(output_file.open(&conf, schema, &o, &err), ERR_USAGE);
    conf = make_conf("x");
    conf.path = "/proc/nowhere";
    assert_true(output_file.open(&conf, schema, &o, &err) < 0);
    assert_non_null(strstr(err.text, "/proc/nowhere"));
    conf = make_conf("null");
    conf.path = "/dev/null";
    assert_true(output_file.open(&conf, schema, &o, &err) < 0);
    conf = make_conf("folder");
    char path[256];
    assert_true(file_path(&conf, 0, path, sizeof(path)));
    assert_int_equal(mkdir(path, 0700), 0);
    assert_true(output_file.open(&conf, schema, &o, &err) < 0);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(rmdir(path), 0);
}

static void
test_registry(void **state)
{
    struct section sections[8];
    size_t n = output_sections(sections, 8);

    (void)state;
    assert_in_range(n, 2, 8);
    assert_string_equal(sections[0].name, "output.console");
    for (size_t i = 0; i < n; i++) {
        assert_non_null(output_find(sections[i].name + strlen("output.")));
        assert_int_equal(sections[i].settings[0].offset, 0);
        assert_string_equal(sections[i].settings[0].name, "enabled");
    }
    assert_null(output_find("nothing"));
}

/* Defaults and examples of the tables parse, and the enabled outputs open. */
static void
test_settings(void **state)
{
    struct section sections[9] = {{0}};
    const char *overrides[] = {"output.console.enabled=true", "output.console.format=ndjson"};
    struct config_source source = {.overrides = overrides, .n_overrides = 2};
    struct config *config = NULL;
    struct output *outputs[8];
    size_t n = 8, n_sections = output_sections(sections, 8);
    struct err err = {0};

    (void)state;
    if (config_load(sections, &source, &config, &err) < 0)
        fail_msg("%s", err.text);
    const struct file_conf *file = config_get(config, "output.file");
    assert_false(file->enabled);
    assert_int_equal(file->rotate_every_size, 10 << 20);
    assert_int_equal(file->number_of_files, 7);
    assert_string_equal(file->permissions, "0600");
    assert_int_equal(output_open_enabled(config, schema, outputs, &n, &err), 0);
    assert_int_equal(n, 1);
    outputs[0]->ops->close(outputs[0]);
    config_free(config);
    for (size_t i = 0; i < n_sections; i++)
        for (const struct setting *row = sections[i].settings; row->name; row++) {
            char text[256];
            const char *one = text;
            struct config_source example = {.overrides = &one, .n_overrides = 1};
            (void)snprintf(text, sizeof(text), "%s.%s=%s", sections[i].name, row->name,
                           row->example);
            if (config_load(sections, &example, &config, &err) < 0)
                fail_msg("%s", err.text);
            config_free(config);
        }
}

static void
test_table(void **state)
{
    struct table t = {.width = 120};
    struct record_head head = {.time_ns = 1445291269900657000u};
    struct cells c;
    struct buf out;

    (void)state;
    cells_init(&c, cells_mem, CAP, CAP);
    cells_ip(&c, FIELD_SOURCE_IP, (const uint8_t[]){192, 0, 2, 1}, 4);
    cells_uint(&c, FIELD_SOURCE_PORT, 40000);
    cells_ip(&c, FIELD_DESTINATION_IP, (const uint8_t[16]){0x20, 0x01, 0x0d, 0xb8, [15] = 1}, 16);
    cells_uint(&c, FIELD_DESTINATION_PORT, 80);
    cells_text(&c, FIELD_STATUS, KIND_TEXT, SLICE("OK"));
    cells_number(&c, FIELD_EVENT_DURATION, KIND_DURATION, 3210000);
    cells_text(&c, FIELD_QUERY, KIND_TEXT,
               SLICE("GET /\033[31m\xe2\x80\xae\n\xff caf\xc3\xa9 and more and more, to be cut"));
    head.n_cells = c.n;
    struct record r = {.head = &head, .cells = c.p, .end = c.p + c.len};
    buf_init(&out, CAP);
    table_row(&t, schema, &r, &out);
    buf_add_byte(&out, 0);
    assert_string_equal(
        (const char *)out.p,
        "21:47:49.900 flow   192.0.2.1:40000       > [2001:db8::1]:80      OK       "
        " 3.21 ms GET /?[31m?"
        " ? caf\xc3\xa9 and more and more"
        "\n");
    buf_fini(&out);
}

static int
set_up(void **state)
{
    (void)state;
    log_set_level(LOG_LEVEL_ERROR);
    (void)setenv("TZ", "UTC", 1);
    schema = schema_builtin();
    return mkdtemp(dir) ? 0 : -1;
}

static int
tear_down(void **state)
{
    static const char *const names[] = {"turns", "few", "again", "full"};
    char path[256];

    (void)state;
    for (size_t k = 0; k < 4; k++) {
        struct file_conf conf = make_conf(names[k]);
        for (unsigned i = 0; i < ALL_FILES; i++) {
            (void)file_path(&conf, i, path, sizeof(path));
            (void)unlink(path);
        }
    }
    schema_free(schema);
    return rmdir(dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_turns_by_size),
        cmocka_unit_test(test_oldest_goes),
        cmocka_unit_test(test_start_again),
        cmocka_unit_test(test_full_disk_loses_nothing),
        cmocka_unit_test(test_bad_settings),
        cmocka_unit_test(test_registry),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
