/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config: settings of all sections, read from YAML files of three dialects (remora.yml, today's
 * packetbeat.yml, 1.x packetbeat.yml/topbeat.yml), from -E key=value, and from defaults. Immutable
 * once loaded. Passed to other processes as a snapshot (flat text), which needs no YAML to read.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/buf.h"
#include "base/err.h"
#include "config/setting.h"

struct config;

enum config_dialect { DIALECT_REMORA, DIALECT_PACKETBEAT, DIALECT_PACKETBEAT_1X, DIALECT_TOPBEAT_1X };

struct config_source {
    const char *const *files;     /* paths, in order: later ones win */
    size_t n_files;
    const char *const *overrides; /* "http.ports=[80,8080]" */
    size_t n_overrides;
};

/*
 * Reads and checks. On failure `err` has one sentence with file:line:column, the key, and the
 * nearest known name. Keys that are known of the peers but not supported (yet) become warnings.
 * The sections (ends with {0}) are borrowed for good.
 */
int config_load(const struct section *sections, const struct config_source *source,
                struct config **ret, struct err *err);
/* The same for texts instead of files; `name` stands for the file in messages. */
int config_load_text(const struct section *sections, const char *name, const char *text,
                     const struct config_source *source, struct config **ret, struct err *err);
void config_free(struct config *c);

/* The filled struct of a section; never NULL for a known name (ASSERTs). */
const void *config_get(const struct config *c, const char *section);

enum config_dialect config_dialect(const struct config *c);
/* One sentence each, with file:line. */
size_t config_n_warnings(const struct config *c);
const char *config_warning(const struct config *c, size_t i);

/* Snapshot: flat, complete, checked again when read. Generation as the caller counts it. */
void config_snapshot(const struct config *c, uint32_t generation, struct buf *out);
int config_restore(const struct section *sections, struct slice snapshot, uint32_t *ret_generation,
                   struct config **ret, struct err *err);

/*
 * Forms of the settings: "effective" (YAML of what holds; secrets masked), "default" (commented
 * default file), "markdown" (reference page), "json" (for the page: name, value, default, source,
 * help, type, unit, choices, live). Unknown: ERR_USAGE.
 */
int config_export(const struct config *c, const char *form, struct buf *out, struct err *err);

#endif
