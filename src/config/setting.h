/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: one row of a settings table. Each module exports a table; everything else (parsing,
 * defaults, checks, effective configuration, reference page, commented default file, man page)
 * comes from the rows. A module reads its settings from its own struct, never by name.
 */
#ifndef CONFIG_SETTING_H
#define CONFIG_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum setting_type {
    SETTING_END,
    SETTING_BOOL,     /* bool */
    SETTING_UINT,     /* uint64_t */
    SETTING_INT,      /* int64_t */
    SETTING_DURATION, /* int64_t ns; "10s", "200ms", "1h"; a bare number is seconds; -1s allowed where min < 0 */
    SETTING_SIZE,     /* uint64_t bytes; "64MiB", "10MB", "512k" */
    SETTING_TEXT,     /* const char *, NULL when unset; owned by the config */
    SETTING_CHOICE,   /* int: index in choices */
    SETTING_LIST,     /* struct text_list */
    SETTING_PORTS,    /* struct port_list */
    SETTING_SECRET    /* const char *, never printed */
};

enum setting_reload { RELOAD_LIVE, RELOAD_RESTART };

struct text_list {
    const char *const *v;
    size_t n;
};

struct port_list {
    const uint16_t *v;
    uint16_t n;
    bool is_set; /* the configuration names them (perhaps as an empty list) */
};

struct setting {
    const char *name;           /* within its section: "ports" of section "http" */
    const char *default_text;   /* as one would write it; NULL: unset */
    const char *const *choices; /* CHOICE: ends with NULL */
    const char *help;           /* one or two sentences, ends with a full stop */
    const char *example;        /* a value that parses */
    const char *unit;           /* "" or "ms", "bytes" ... for the reference */
    int64_t min, max;           /* numbers, durations (ns), sizes; both 0: no bound */
    uint16_t offset;            /* in the section's struct */
    uint8_t type;               /* enum setting_type */
    uint8_t reload;             /* enum setting_reload */
};

/* A section: a table and the struct it fills. Names may have dots ("output.file"). */
struct section {
    const char *name;
    const char *summary;
    const struct setting *settings;
    size_t size;
    const struct setting *common; /* rows that stand before its own (what all protocols have), or NULL */
};

#endif
