/* SPDX-License-Identifier: Apache-2.0 */
/* The query DSL as conditions of SQL. Three-valued logic ends at must_not: (x) IS NOT TRUE. */
#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "search/search_priv.h"

static int64_t
unit_ns(char unit)
{
    switch (unit) {
    case 's':
        return 1000000000;
    case 'm':
        return 60000000000;
    case 'h':
    case 'H':
        return 3600000000000;
    case 'd':
        return 86400000000000;
    case 'w':
        return 7 * 86400000000000;
    default:
        return 0;
    }
}

/* "+1d-3h/m" behind now or a date */
static bool
date_math(const char *s, bool round_up, int64_t *t)
{
    while (*s) {
        char op = *s++;
        if (op == '/') {
            int64_t unit = unit_ns(*s++);
            if (unit == 0)
                return false;
            *t -= *t % unit;
            if (round_up)
                *t += unit - 1;
            continue;
        }
        char *end;
        long n = strtol(s, &end, 10);
        if ((op != '+' && op != '-') || end == s || unit_ns(*end) == 0)
            return false;
        *t += (op == '+' ? 1 : -1) * n * unit_ns(*end);
        s = end + 1;
    }
    return true;
}

/* 2026-11-25[T12:34:56[.123456][Z|+01:00]] */
static const char *
iso_time(const char *s, int64_t *ret)
{
    struct tm tm = {0};
    int year, month, day, used = 0;
    int64_t fraction = 0;

    if (sscanf(s, "%4d-%2d-%2d%n", &year, &month, &day, &used) < 3 || used == 0)
        return NULL;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    s += used;
    if (*s == 'T' || *s == ' ') {
        used = 0;
        if (sscanf(s + 1, "%2d:%2d%n", &tm.tm_hour, &tm.tm_min, &used) < 2 || used == 0)
            return NULL;
        s += 1 + used;
        if (*s == ':') {
            tm.tm_sec = (int)strtol(s + 1, NULL, 10);
            s += 3;
        }
        if (*s == '.') {
            int64_t digit = 100000000;
            for (s++; *s >= '0' && *s <= '9'; s++, digit /= 10)
                fraction += (*s - '0') * digit;
        }
    }
    int64_t offset = 0;
    if (*s == 'Z') {
        s++;
    } else if (*s == '+' || (*s == '-' && strlen(s) >= 6 && s[3] == ':')) {
        int h = 0, m = 0;
        (void)sscanf(s + 1, "%2d:%2d", &h, &m);
        offset = (*s == '+' ? 1 : -1) * (int64_t)(h * 3600 + m * 60);
        s += 6;
    }
    *ret = ((int64_t)timegm(&tm) - offset) * 1000000000 + fraction;
    return s;
}

bool
parse_time(const char *text, int64_t now_ns, bool round_up, int64_t *ret)
{
    if (strncmp(text, "now", 3) == 0) {
        *ret = now_ns;
        return date_math(text + 3, round_up, ret);
    }
    const char *rest = iso_time(text, ret);
    if (rest) {
        /* A date without a clock stands for the whole day. */
        if (strlen(text) == 10 && round_up)
            *ret += 86400000000000 - 1;
        return *rest == '\0' || (strncmp(rest, "||", 2) == 0 && date_math(rest + 2, round_up, ret));
    }
    char *end;
    double ms = strtod(text, &end);
    if (end == text || *end != '\0')
        return false;
    *ret = (int64_t)(ms * 1e6);
    return true;
}

/* The text of a JSON scalar, in memory of the caller. */
static const char *
scalar_text(const json_t *v, char *out, size_t len)
{
    if (json_is_string(v))
        return json_string_value(v);
    if (json_is_integer(v))
        (void)snprintf(out, len, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    else if (json_is_real(v))
        (void)snprintf(out, len, "%.15g", json_real_value(v));
    else if (json_is_boolean(v))
        (void)snprintf(out, len, "%s", json_is_true(v) ? "true" : "false");
    else
        return NULL;
    return out;
}

/* "172.16.0.0/12": bounds of an IPv4 network as numbers. */
static bool
parse_cidr(const char *text, uint32_t *lo, uint32_t *hi)
{
    char address[32];
    struct in_addr a;
    const char *slash = strchr(text, '/');
    long bits = slash ? strtol(slash + 1, NULL, 10) : -1;

    if (!slash || bits < 0 || bits > 32 || (size_t)(slash - text) >= sizeof(address))
        return false;
    memcpy(address, text, (size_t)(slash - text));
    address[slash - text] = '\0';
    if (inet_pton(AF_INET, address, &a) != 1)
        return false;
    uint32_t mask = bits == 0 ? 0 : ~0u << (32 - bits);
    *lo = ntohl(a.s_addr) & mask;
    *hi = *lo | ~mask;
    return true;
}

static void
ip_number(struct sql *q, const char *value)
{
    sql_add(q, "(TRY_CAST(split_part(%s, '.', 1) AS BIGINT) * 16777216 + TRY_CAST(split_part(%s, '.', 2) AS BIGINT) * 65536 + "
               "TRY_CAST(split_part(%s, '.', 3) AS BIGINT) * 256 + TRY_CAST(split_part(%s, '.', 4) AS BIGINT))",
            value, value, value, value);
}

/* Elasticsearch's * and ? as LIKE with \ as escape. */
static struct slice
like_pattern(const char *text, char *out, size_t len)
{
    size_t n = 0;

    for (; *text && n + 2 < len; text++) {
        if (*text == '\\' && text[1]) {
            text++;
            if (*text == '%' || *text == '_' || *text == '\\')
                out[n++] = '\\';
            out[n++] = *text;
        } else if (*text == '*') {
            out[n++] = '%';
        } else if (*text == '?') {
            out[n++] = '_';
        } else {
            if (*text == '%' || *text == '_')
                out[n++] = '\\';
            out[n++] = *text;
        }
    }
    return slice_of(out, n);
}

static bool
count_clause(struct sql *q)
{
    if (++q->n_clauses > QUERY_MAX_CLAUSES)
        return sql_refuse(q, 400, "too_many_clauses", "maxClauseCount is set to 1024");
    return true;
}

static bool
bad_number(struct sql *q, const char *field, const char *value)
{
    return sql_refuse(q, 400, "query_shard_exception", "failed to create query: For input string: \"%.100s\" (field [%.100s])", value, field);
}

static void
like_sql(struct sql *q, const struct field_ref *f, const char *value)
{
    char pattern[1024];
    struct slice p = like_pattern(value, pattern, sizeof(pattern));

    if (f->place == PLACE_KV) {
        sql_add(q, "(list_any_value(list_filter(%s, x -> x LIKE ", f->list);
        sql_text(q, p);
        sql_add(q, " ESCAPE '\\')) IS NOT NULL)");
    } else if (f->is_number || f->is_time || f->kind == KIND_BOOL) {
        sql_add(q, "(CAST(%s AS VARCHAR) LIKE ", f->value);
        sql_text(q, p);
        sql_add(q, " ESCAPE '\\')");
    } else {
        sql_add(q, "(%s LIKE ", f->value);
        sql_text(q, p);
        sql_add(q, " ESCAPE '\\')");
    }
}

static bool
equal_number(struct sql *q, const struct field_ref *f, const char *field, const char *value)
{
    char number[4096], *end;
    double d = strtod(value, &end);

    if (f->is_time) {
        int64_t lo, hi;
        if (!parse_time(value, q->now_ns, false, &lo) || !parse_time(value, q->now_ns, true, &hi))
            return sql_refuse(q, 400, "parse_exception", "failed to parse date field [%.100s]", value);
        sql_add(q, "(%s BETWEEN ", f->value);
        sql_int(q, lo);
        sql_add(q, " AND ");
        sql_int(q, hi);
        sql_add(q, ")");
        return true;
    }
    if (end == value || *end != '\0')
        return bad_number(q, field, value);
    field_number(f, number, sizeof(number));
    sql_add(q, "(%s = ", number);
    sql_double(q, d);
    sql_add(q, ")");
    return true;
}

bool
term_sql(struct sql *q, const char *field, const char *value, bool wildcard)
{
    struct field_ref f;
    uint32_t lo, hi;

    field_find(q->schema, field, &f);
    if (!count_clause(q))
        return false;
    if (f.place == PLACE_NONE) {
        sql_add(q, "false");
        return true;
    }
    if (wildcard && strpbrk(value, "*?")) {
        like_sql(q, &f, value);
        return true;
    }
    if (f.is_ip && parse_cidr(value, &lo, &hi)) {
        sql_add(q, "(");
        ip_number(q, f.value);
        sql_add(q, " BETWEEN ");
        sql_int(q, lo);
        sql_add(q, " AND ");
        sql_int(q, hi);
        sql_add(q, ")");
        return true;
    }
    if (f.is_ip && strchr(value, '/'))
        return sql_refuse(q, 400, "illegal_argument_exception", "'%.60s' is no IPv4 network; networks of IPv6 are not supported", value);
    if (f.place == PLACE_COLUMN && (f.is_number || f.is_time))
        return equal_number(q, &f, field, value);
    if (f.place == PLACE_KV) {
        sql_add(q, "list_contains(%s, ", f.list);
        sql_text(q, slice_text(value));
        sql_add(q, ")");
    } else if (f.kind == KIND_BOOL) {
        sql_add(q, "(%s = %s)", f.value, strcmp(value, "true") == 0 || strcmp(value, "1") == 0 ? "true" : "false");
    } else {
        sql_add(q, "(%s = ", f.value);
        sql_text(q, slice_text(value));
        sql_add(q, ")");
    }
    return true;
}

bool
range_sql(struct sql *q, const char *field, const char *op, const json_t *value)
{
    char text[64], number[4096];
    struct field_ref f;
    const char *v = scalar_text(value, text, sizeof(text));

    field_find(q->schema, field, &f);
    if (!v || !count_clause(q))
        return sql_refuse(q, 400, "parsing_exception", "[range] query does not support a value of this kind");
    if (f.place == PLACE_NONE) {
        sql_add(q, "false");
        return true;
    }
    if (f.is_time) {
        int64_t t;
        if (!parse_time(v, q->now_ns, strcmp(op, "<=") == 0 || strcmp(op, ">") == 0, &t))
            return sql_refuse(q, 400, "parse_exception", "failed to parse date field [%.100s]", v);
        sql_add(q, "(%s%s %s ", f.place == PLACE_KV ? "epoch_ns(TRY_CAST(" : "", f.value, "");
        if (f.place == PLACE_KV)
            sql_add(q, " AS TIMESTAMP_NS))");
        sql_add(q, "%s ", op);
        sql_int(q, t);
        sql_add(q, ")");
        return true;
    }
    if (f.is_number || f.place == PLACE_KV) {
        char *end;
        double d = strtod(v, &end);
        if (*v == '\0' || *end != '\0')
            return bad_number(q, field, v);
        field_number(&f, number, sizeof(number));
        sql_add(q, "(%s %s ", number, op);
        sql_double(q, d);
        sql_add(q, ")");
        return true;
    }
    sql_add(q, "(%s %s ", f.value, op);
    sql_text(q, slice_text(v));
    sql_add(q, ")");
    return true;
}

bool
exists_sql(struct sql *q, const char *field)
{
    struct field_ref f;

    if (!count_clause(q))
        return false;
    field_find(q->schema, field, &f);
    if (f.place == PLACE_KV) {
        sql_add(q, "(%s IS NOT NULL)", f.list);
    } else if (f.place == PLACE_COLUMN || f.place == PLACE_INDEX) {
        sql_add(q, "(%s IS NOT NULL)", f.value);
    } else { /* an object: any field below it */
        char prefix[256], inside[260];
        (void)snprintf(prefix, sizeof(prefix), "%.250s.", field);
        (void)snprintf(inside, sizeof(inside), "\037%s", prefix);
        sql_add(q, "(contains(kv, ");
        sql_text(q, slice_text(inside));
        sql_add(q, ")");
        for (uint16_t id = 1; id < schema_n_fields(q->schema); id++) {
            const struct field *one = schema_field(q->schema, id);
            if (one && (one->flags & FIELD_COLUMN) && strncmp(one->name, prefix, strlen(prefix)) == 0)
                sql_add(q, " OR \"%s\" IS NOT NULL", one->name);
        }
        sql_add(q, ")");
    }
    return true;
}

bool
free_text_sql(struct sql *q, const char *word, bool wildcard)
{
    char pattern[1024];
    bool has_star = wildcard && strpbrk(word, "*?");
    struct slice like = like_pattern(word, pattern + 1, sizeof(pattern) - 2);

    if (!count_clause(q))
        return false;
    pattern[0] = '%';
    pattern[1 + like.len] = '%';
    struct slice inside = has_star ? like : slice_of(pattern, like.len + 2);
    sql_add(q, "(");
    for (uint16_t id = 1, n = 0; id < schema_n_fields(q->schema); id++) {
        const struct field *f = schema_field(q->schema, id);
        if (!f || !(f->flags & FIELD_COLUMN) || (f->kind != KIND_TEXT && f->kind != KIND_IP))
            continue;
        if (f->flags & FIELD_FREE_TEXT && !has_star) { /* three times as fast as ILIKE */
            sql_add(q, "%scontains(lower(\"%s\"), lower(", n++ ? " OR " : "", f->name);
            sql_text(q, slice_text(word));
            sql_add(q, "))");
            continue;
        }
        sql_add(q, "%s\"%s\" ", n++ ? " OR " : "", f->name);
        if (f->flags & FIELD_FREE_TEXT) {
            sql_add(q, "ILIKE ");
            sql_text(q, inside);
            sql_add(q, " ESCAPE '\\'");
        } else if (has_star) {
            sql_add(q, "LIKE ");
            sql_text(q, like);
            sql_add(q, " ESCAPE '\\'");
        } else {
            sql_add(q, "= ");
            sql_text(q, slice_text(word));
        }
    }
    /* First the whole text, which has the names in it too; then the values alone. */
    if (has_star) {
        sql_add(q, " OR (kv ILIKE ");
        sql_text(q, slice_of(pattern, like.len + 2));
        sql_add(q, " ESCAPE '\\'");
    } else {
        sql_add(q, " OR (contains(lower(kv), lower(");
        sql_text(q, slice_text(word));
        sql_add(q, "))");
    }
    sql_add(q, " AND list_any_value(list_filter(flatten(list_transform(string_split(kv, '\037'), p -> string_split(split_part(p, '\036', 2), '\035'))), "
               "x -> x ILIKE ");
    sql_text(q, inside);
    sql_add(q, " ESCAPE '\\')) IS NOT NULL))");
    return true;
}

/* The one member of {"field": value}; refuses other shapes. */
static const char *
single(struct sql *q, const char *kind, const json_t *body, json_t **ret)
{
    if (!json_is_object(body) || json_object_size(body) < 1) {
        (void)sql_refuse(q, 400, "parsing_exception", "[%s] query malformed, no field given", kind);
        return NULL;
    }
    void *it = json_object_iter((json_t *)(uintptr_t)body);
    *ret = json_object_iter_value(it);
    return json_object_iter_key(it);
}

static bool
one_value(struct sql *q, const char *kind, const json_t *body, const char *member, bool wildcard)
{
    char text[64];
    json_t *v = NULL;
    const char *field = single(q, kind, body, &v);

    if (!field)
        return false;
    if (json_is_object(v))
        v = json_object_get(v, member) ? json_object_get(v, member) : json_object_get(v, "query");
    const char *value = scalar_text(v, text, sizeof(text));
    if (!value)
        return sql_refuse(q, 400, "parsing_exception", "[%s] query does not support this value", kind);
    return term_sql(q, field, value, wildcard);
}

static bool
terms_sql(struct sql *q, const json_t *body)
{
    char text[64];
    json_t *list = NULL;
    const char *field = single(q, "terms", body, &list);

    if (!field)
        return false;
    size_t n = json_array_size(list);
    if (!json_is_array(list))
        return sql_refuse(q, 400, "parsing_exception", "[terms] query requires a list of values");
    sql_add(q, "(false");
    for (size_t i = 0; i < n; i++) {
        const char *value = scalar_text(json_array_get(list, i), text, sizeof(text));
        if (!value)
            return sql_refuse(q, 400, "parsing_exception", "[terms] query does not support this value");
        sql_add(q, " OR ");
        if (!term_sql(q, field, value, false))
            return false;
    }
    sql_add(q, ")");
    return true;
}

static bool
prefix_sql(struct sql *q, const json_t *body)
{
    json_t *v = NULL;
    const char *field = single(q, "prefix", body, &v);
    struct field_ref f;

    if (!field)
        return false;
    const char *value = json_string_value(json_is_object(v) ? json_object_get(v, "value") : v);
    if (!value)
        return sql_refuse(q, 400, "parsing_exception", "[prefix] query requires a text");
    field_find(q->schema, field, &f);
    if (f.place == PLACE_NONE) {
        sql_add(q, "false");
        return true;
    }
    sql_add(q, "starts_with(CAST(%s AS VARCHAR), ", f.value);
    sql_text(q, slice_text(value));
    sql_add(q, ")");
    return count_clause(q);
}

static bool
range_query(struct sql *q, const json_t *body)
{
    static const char *const ops[][2] = {{"gt", ">"}, {"gte", ">="}, {"lt", "<"}, {"lte", "<="}, {"from", ">="}, {"to", "<="}};
    json_t *v = NULL;
    const char *field = single(q, "range", body, &v);

    if (!field || !json_is_object(v))
        return sql_refuse(q, 400, "parsing_exception", "[range] query malformed");
    sql_add(q, "(true");
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        json_t *bound = json_object_get(v, ops[i][0]);
        if (!bound || json_is_null(bound))
            continue;
        sql_add(q, " AND ");
        if (!range_sql(q, field, ops[i][1], bound))
            return false;
    }
    sql_add(q, ")");
    return true;
}

static bool
join_sql(struct sql *q, const json_t *list, const char *between, const char *wrap, int depth)
{
    size_t n = json_is_array(list) ? json_array_size(list) : 1;

    sql_add(q, "(");
    for (size_t i = 0; i < n; i++) {
        sql_add(q, "%s(", i ? between : "");
        if (!query_sql(q, json_is_array(list) ? json_array_get(list, i) : list, depth + 1))
            return false;
        sql_add(q, ")%s", wrap);
    }
    sql_add(q, n ? ")" : "true)");
    return true;
}

static bool
bool_sql(struct sql *q, const json_t *body, int depth)
{
    json_t *must = json_object_get(body, "must"), *filter = json_object_get(body, "filter");
    json_t *should = json_object_get(body, "should"), *must_not = json_object_get(body, "must_not");
    json_t *minimum = json_object_get(body, "minimum_should_match");
    bool ok = true;

    if (!json_is_object(body))
        return sql_refuse(q, 400, "parsing_exception", "[bool] query malformed, no start_object after query name");
    sql_add(q, "(true");
    if (must) {
        sql_add(q, " AND ");
        ok = join_sql(q, must, " AND ", "", depth);
    }
    if (ok && filter) {
        sql_add(q, " AND ");
        ok = join_sql(q, filter, " AND ", "", depth);
    }
    if (ok && must_not && (!json_is_array(must_not) || json_array_size(must_not) > 0)) {
        sql_add(q, " AND ");
        ok = join_sql(q, must_not, " AND ", " IS NOT TRUE", depth);
    }
    int64_t least = minimum ? (json_is_integer(minimum) ? json_integer_value(minimum) : 1) : (must || filter) ? 0 : 1;
    if (ok && should && least > 0 && (!json_is_array(should) || json_array_size(should) > 0)) {
        sql_add(q, " AND ");
        ok = join_sql(q, should, " OR ", "", depth);
    }
    sql_add(q, ")");
    return ok;
}

static bool
ids_sql(struct sql *q, const json_t *body)
{
    json_t *values = json_object_get(body, "values");

    sql_add(q, "(\"event.id\" IN ('-'");
    for (size_t i = 0; i < json_array_size(values); i++) {
        const char *id = json_string_value(json_array_get(values, i));
        sql_add(q, ", ");
        sql_text(q, slice_text(id ? id : ""));
    }
    sql_add(q, "))");
    return count_clause(q);
}

static bool
multi_match_sql(struct sql *q, const json_t *body)
{
    const char *text = json_string_value(json_object_get(body, "query"));
    json_t *fields = json_object_get(body, "fields");

    if (!text)
        return sql_refuse(q, 400, "parsing_exception", "[multi_match] requires query value");
    if (json_array_size(fields) == 0)
        return free_text_sql(q, text, false);
    sql_add(q, "(false");
    for (size_t i = 0; i < json_array_size(fields); i++) {
        char name[256];
        (void)snprintf(name, sizeof(name), "%s", json_string_value(json_array_get(fields, i)) ? json_string_value(json_array_get(fields, i)) : "");
        name[strcspn(name, "^")] = '\0';
        sql_add(q, " OR ");
        if (!term_sql(q, name, text, false))
            return false;
    }
    sql_add(q, ")");
    return true;
}

static bool
string_query(struct sql *q, const json_t *body)
{
    const char *text = json_string_value(json_object_get(body, "query"));
    const char *op = json_string_value(json_object_get(body, "default_operator"));
    const char *field = json_string_value(json_object_get(body, "default_field"));

    if (!text)
        return sql_refuse(q, 400, "parsing_exception", "[query_string] requires query value");
    return lucene_sql(q, text, op ? op : "OR", field);
}

static bool
wildcard_sql(struct sql *q, const json_t *body)
{
    json_t *v = NULL;
    const char *field = single(q, "wildcard", body, &v);

    if (!field)
        return false;
    if (json_is_object(v))
        v = json_object_get(v, "value") ? json_object_get(v, "value") : json_object_get(v, "wildcard");
    if (!json_is_string(v))
        return sql_refuse(q, 400, "parsing_exception", "[wildcard] query requires a text");
    return term_sql(q, field, json_string_value(v), true);
}

static bool
exists_query(struct sql *q, const json_t *body)
{
    const char *field = json_string_value(json_object_get(body, "field"));
    return field ? exists_sql(q, field) : sql_refuse(q, 400, "parsing_exception", "[exists] must be provided with a [field]");
}

bool
query_sql(struct sql *q, const json_t *query, int depth)
{
    json_t *body = NULL;

    if (depth > QUERY_MAX_DEPTH)
        return sql_refuse(q, 400, "x_content_parse_exception", "the query is nested deeper than %d levels", QUERY_MAX_DEPTH);
    if (json_is_object(query) && json_object_size(query) == 0) {
        sql_add(q, "true");
        return true;
    }
    const char *kind = single(q, "query", query, &body);
    if (!kind)
        return false;
    if (strcmp(kind, "match_all") == 0 || strcmp(kind, "match_none") == 0) {
        sql_add(q, kind[6] == 'a' ? "true" : "false");
        return true;
    }
    if (strcmp(kind, "bool") == 0)
        return bool_sql(q, body, depth);
    if (strcmp(kind, "term") == 0)
        return one_value(q, kind, body, "value", false);
    if (strcmp(kind, "match") == 0 || strcmp(kind, "match_phrase") == 0)
        return one_value(q, kind, body, "query", false);
    if (strcmp(kind, "terms") == 0)
        return terms_sql(q, body);
    if (strcmp(kind, "range") == 0)
        return range_query(q, body);
    if (strcmp(kind, "exists") == 0)
        return exists_query(q, body);
    if (strcmp(kind, "prefix") == 0 || strcmp(kind, "match_phrase_prefix") == 0)
        return prefix_sql(q, body);
    if (strcmp(kind, "wildcard") == 0)
        return wildcard_sql(q, body);
    if (strcmp(kind, "ids") == 0)
        return ids_sql(q, body);
    if (strcmp(kind, "query_string") == 0 || strcmp(kind, "simple_query_string") == 0)
        return string_query(q, body);
    if (strcmp(kind, "kql") == 0) { /* our own: what the command line sends */
        const char *text = json_string_value(json_object_get(body, "query"));
        return text ? kql_sql(q, text) : sql_refuse(q, 400, "parsing_exception", "[kql] requires query value");
    }
    if (strcmp(kind, "multi_match") == 0)
        return multi_match_sql(q, body);
    if (strcmp(kind, "constant_score") == 0)
        return query_sql(q, json_object_get(body, "filter"), depth + 1);
    return sql_refuse(q, 400, "parsing_exception", "unknown query [%.60s]", kind);
}
