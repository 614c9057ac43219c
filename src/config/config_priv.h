/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of config: values by section and row, and the steps from files to structs. */
#ifndef CONFIG_CONFIG_PRIV_H
#define CONFIG_CONFIG_PRIV_H

#include "config/config.h"

enum {
    CONFIG_MAX_SECTIONS = 64,
    CONFIG_MAX_ITEMS = 4096,     /* of one list */
    CONFIG_MAX_FILE = 1 << 20,   /* bytes */
    CONFIG_MAX_KEYS = 20000,     /* of all files together */
    CONFIG_MAX_DEPTH = 16,
    CONFIG_MAX_WARNINGS = 256
};

/* Where something was said: "packetbeat.yml:12:3", "-E", "default". */
struct origin {
    const char *name;
    unsigned line, column; /* 0: no line */
};

/* One value as texts; owned by the config's memory. */
struct value {
    const char **items;
    size_t n;
    bool is_list;
    bool is_set;
    char section[32]; /* "http.", for messages; "": none */
    struct origin origin;
};

/* One key of a file, flattened: "packetbeat.interfaces.device" and what it says. */
struct item {
    const char *path;
    struct value value;
};

struct items {
    struct item *v;
    size_t n, cap;
};

struct chunk {
    struct chunk *next;
    char bytes[];
};

struct config {
    const struct section *sections;
    size_t n_sections;
    void *structs[CONFIG_MAX_SECTIONS];
    struct value *values[CONFIG_MAX_SECTIONS]; /* by row: common rows first */
    enum config_dialect dialect;
    const char *warnings[CONFIG_MAX_WARNINGS];
    size_t n_warnings, n_warnings_lost;
    struct chunk *chunks;
};

/* Memory that lives as long as the config. NULL without memory. */
void *config_alloc(struct config *c, size_t len);
char *config_strdup(struct config *c, const char *s, size_t len);
void config_warn(struct config *c, const struct origin *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* "file:line:column" or the bare name, in a buffer of the caller. */
const char *origin_text(const struct origin *at, char *buf, size_t len);

/* Rows of a section in order: common ones, then its own. NULL behind the last. */
const struct setting *section_row(const struct section *s, size_t i);
size_t section_n_rows(const struct section *s);
const struct section *section_find(const struct config *c, const char *name, size_t len, size_t *ret_at);

/* yaml.c: a text into flat items; expands ${VAR} and ${VAR:default}. */
int yaml_flatten(struct config *c, const char *name, const char *text, size_t len,
                 struct items *ret, struct err *err);
/* One value of -E: YAML on one line. */
int yaml_value(struct config *c, const char *key, const char *text, struct items *ret, struct err *err);
int items_add(struct items *list, const char *path, const struct value *value);

/* dialect.c: which dialect the items are, and their translation to remora's own names. */
enum config_dialect dialect_of(const struct items *list);
int dialect_translate(struct config *c, enum config_dialect dialect, const struct items *from,
                      struct items *to, struct err *err);

/* value.c: texts into the typed member at `at`. */
int value_parse(struct config *c, const struct setting *row, const struct value *v, void *at,
                struct err *err);
/* The nearest of the names that `next` gives, NULL when nothing is near. */
const char *nearest_name(const char *word, const char *(*next)(void *ctx), void *ctx);

/* config.c: sets section.key from an item in remora's own names; unknown: error with the nearest. */
int config_assign(struct config *c, const struct item *item, struct err *err);

#endif
