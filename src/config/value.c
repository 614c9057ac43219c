/* SPDX-License-Identifier: Apache-2.0 */
/* Texts into typed values, with bounds and units. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/config_priv.h"

struct unit {
    const char *name;
    double factor;
};

static const struct unit duration_units[] = {
    {"ns", 1}, {"us", 1e3}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9},
    {NULL, 0},
};

static const struct unit size_units[] = {
    {"b", 1},           {"k", 1024},     {"kb", 1000},   {"kib", 1024},      {"m", 1048576},
    {"mb", 1e6},        {"mib", 1048576}, {"g", 1073741824}, {"gb", 1e9}, {"gib", 1073741824},
    {"tb", 1e12},       {"tib", 1099511627776}, {NULL, 0},
};

static int
value_refuse(const struct setting *row, const struct value *v, struct err *err, const char *want)
{
    char at[256];
    const char *got = v->n > 0 ? v->items[0] : "";
    const char *example = row->example ? row->example : row->default_text ? row->default_text : "";

    return err_set(err, ERR_FORMAT, "%s: %s%s: \"%.80s\" is not %s. For example: %s%s: %s",
                   origin_text(&v->origin, at, sizeof(at)), v->section, row->name, got, want, v->section, row->name, example);
}

/* Number with an optional unit; false when it is neither. Several parts add up: "1h30m". */
static bool
parse_units(const char *s, const struct unit *units, double bare, double *ret)
{
    double sum = 0;
    bool negative = *s == '-';

    if (negative || *s == '+')
        s++;
    if (*s == '\0')
        return false;
    while (*s != '\0') {
        char *end;
        if (*s < '0' || *s > '9')
            return false;
        double number = strtod(s, &end);
        while (*end == ' ')
            end++;
        size_t len = strcspn(end, "0123456789.- ");
        double factor = len == 0 ? bare : 0;
        for (const struct unit *u = units; len > 0 && u->name; u++)
            if (strlen(u->name) == len && strncasecmp(u->name, end, len) == 0)
                factor = u->factor;
        if (factor == 0)
            return false;
        sum += number * factor;
        s = end + len;
    }
    *ret = negative ? -sum : sum;
    return true;
}

static bool
out_of_bounds(const struct setting *row, double n)
{
    return (row->min != 0 || row->max != 0) &&
           (n < (double)row->min || (row->max != 0 && n > (double)row->max));
}

static int
value_bounds(const struct setting *row, const struct value *v, double n, struct err *err)
{
    char at[256];

    if (!out_of_bounds(row, n))
        return 0;
    return err_set(err, ERR_FORMAT, "%s: %s%s: %s is out of bounds (%" PRId64 " to %" PRId64 "%s%s)",
                   origin_text(&v->origin, at, sizeof(at)), v->section, row->name, v->items[0], row->min, row->max,
                   row->unit && *row->unit ? " " : "", row->unit ? row->unit : "");
}

static int
parse_bool(const struct setting *row, const struct value *v, void *at, struct err *err)
{
    static const char *const yes[] = {"true", "yes", "on", "1"}, *const no[] = {"false", "no", "off", "0"};

    for (size_t i = 0; i < 4; i++) {
        if (strcasecmp(v->items[0], yes[i]) == 0) {
            *(bool *)at = true;
            return 0;
        }
        if (strcasecmp(v->items[0], no[i]) == 0) {
            *(bool *)at = false;
            return 0;
        }
    }
    return value_refuse(row, v, err, "true or false");
}

static int
parse_number(const struct setting *row, const struct value *v, void *at, struct err *err)
{
    char *end;

    errno = 0;
    long long n = strtoll(v->items[0], &end, 0);
    if (*v->items[0] == '\0' || *end != '\0' || errno != 0)
        return value_refuse(row, v, err, "a whole number");
    if (row->type == SETTING_UINT && n < 0)
        return value_refuse(row, v, err, "a number from 0 on");
    int rc = value_bounds(row, v, (double)n, err);
    if (rc < 0)
        return rc;
    if (row->type == SETTING_UINT)
        *(uint64_t *)at = (uint64_t)n;
    else
        *(int64_t *)at = n;
    return 0;
}

static int
parse_amount(const struct setting *row, const struct value *v, void *at, struct err *err)
{
    bool is_duration = row->type == SETTING_DURATION;
    double n;

    if (!parse_units(v->items[0], is_duration ? duration_units : size_units, is_duration ? 1e9 : 1, &n) ||
        n > 9.2e18 || n < -9.2e18)
        return value_refuse(row, v, err, is_duration ? "a duration (10s, 200ms, 1h)" : "a size (64MiB, 10MB, 512k)");
    if (n < 0 && (row->type == SETTING_SIZE || row->min >= 0))
        return value_refuse(row, v, err, "an amount from 0 on");
    int rc = value_bounds(row, v, n, err);
    if (rc < 0)
        return rc;
    if (is_duration)
        *(int64_t *)at = (int64_t)n;
    else
        *(uint64_t *)at = (uint64_t)n;
    return 0;
}

static int
parse_choice(const struct setting *row, const struct value *v, void *at, struct err *err)
{
    char where[256], list[256] = "";

    for (int i = 0; row->choices[i]; i++) {
        if (strcasecmp(row->choices[i], v->items[0]) == 0) {
            *(int *)at = i;
            return 0;
        }
        size_t len = strlen(list);
        (void)snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "", row->choices[i]);
    }
    return err_set(err, ERR_FORMAT, "%s: %s%s: \"%.80s\" is none of %s",
                   origin_text(&v->origin, where, sizeof(where)), v->section, row->name, v->items[0], list);
}

static int
parse_list(struct config *c, const struct value *v, void *at, struct err *err)
{
    const char **items = config_alloc(c, (v->n + 1) * sizeof(*items));

    if (!items)
        return err_set(err, ERR_NOMEM, "no memory for the configuration");
    for (size_t i = 0; i < v->n; i++)
        items[i] = v->items[i];
    *(struct text_list *)at = (struct text_list){.v = items, .n = v->n};
    return 0;
}

static int
parse_ports(struct config *c, const struct setting *row, const struct value *v, void *at, struct err *err)
{
    uint16_t *ports = config_alloc(c, (v->n + 1) * sizeof(*ports));

    if (!ports)
        return err_set(err, ERR_NOMEM, "no memory for the configuration");
    for (size_t i = 0; i < v->n; i++) {
        char *end;
        long port = strtol(v->items[i], &end, 10);
        if (*v->items[i] == '\0' || *end != '\0' || port < 1 || port > 65535) {
            struct value one = *v;
            one.items = &v->items[i];
            one.n = 1;
            return value_refuse(row, &one, err, "a port (1 to 65535)");
        }
        ports[i] = (uint16_t)port;
    }
    *(struct port_list *)at = (struct port_list){.v = ports, .n = (uint16_t)v->n, .is_set = v->is_set};
    return 0;
}

int
value_parse(struct config *c, const struct setting *row, const struct value *v, void *at, struct err *err)
{
    bool wants_list = row->type == SETTING_LIST || row->type == SETTING_PORTS;

    if (v->n > CONFIG_MAX_ITEMS)
        return value_refuse(row, v, err, "a list of at most 4096 values");
    if (!wants_list && (v->is_list || v->n != 1))
        return value_refuse(row, v, err, "one value");
    switch ((enum setting_type)row->type) {
    case SETTING_BOOL:
        return parse_bool(row, v, at, err);
    case SETTING_UINT:
    case SETTING_INT:
        return parse_number(row, v, at, err);
    case SETTING_DURATION:
    case SETTING_SIZE:
        return parse_amount(row, v, at, err);
    case SETTING_CHOICE:
        return parse_choice(row, v, at, err);
    case SETTING_TEXT:
    case SETTING_SECRET:
        *(const char **)at = v->items[0];
        return 0;
    case SETTING_LIST:
        return parse_list(c, v, at, err);
    case SETTING_PORTS:
        return parse_ports(c, row, v, at, err);
    case SETTING_END:
        break;
    }
    return err_set(err, ERR_FORMAT, "%s: a setting of an unknown type", row->name);
}

/* Edit distance of two words of at most 40 letters; longer ones are far. */
static unsigned
distance(const char *a, const char *b)
{
    enum { WORD = 40 };
    unsigned row[WORD + 1];
    size_t la = strlen(a), lb = strlen(b);

    if (la > WORD || lb > WORD)
        return UINT_MAX;
    for (unsigned j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            unsigned up = row[j];
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);
            if (up + 1 < best)
                best = up + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
            diagonal = up;
        }
    }
    return row[lb];
}

const char *
nearest_name(const char *word, const char *(*next)(void *ctx), void *ctx)
{
    const char *best = NULL, *name;
    unsigned least = (unsigned)strlen(word) / 3 + 2;

    while ((name = next(ctx))) {
        unsigned d = distance(word, name);
        if (d < least) {
            least = d;
            best = name;
        }
    }
    return best;
}
