/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Query strings (query_string, ?q=) and KQL, which differs in little. AND binds tighter than OR; two words beside each other take the
 * default operator. A loop with a stack of open brackets, no recursion on what people type.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "search/search_priv.h"

enum { WORD_MAX = 1024, BRACKETS_MAX = 32 };

struct lucene {
    struct sql *q;
    const char *p;
    const char *default_field; /* NULL: free text */
    bool default_and, is_kql;
    char field[256];           /* of the bracket "field:(a OR b)" */
};

static void
skip_blanks(struct lucene *l)
{
    while (isspace((unsigned char)*l->p))
        l->p++;
}

static bool
takes(struct lucene *l, const char *word)
{
    size_t n = strlen(word);

    if ((l->is_kql ? strncasecmp(l->p, word, n) : strncmp(l->p, word, n)) != 0)
        return false;
    if (isalpha((unsigned char)word[0]) && l->p[n] != '\0' && !isspace((unsigned char)l->p[n]) && l->p[n] != '(')
        return false;
    l->p += n;
    return true;
}

/* Between a field and its value. */
static bool
is_separator(const struct lucene *l, char c)
{
    return c == ':' || (l->is_kql && (c == '<' || c == '>'));
}

/* A word up to a blank, bracket or colon; escapes stay for patterns. *ret_quoted: it was in quotes. */
static bool
read_word(struct lucene *l, char *out, bool stop_at_colon, bool *ret_quoted)
{
    size_t n = 0;

    *ret_quoted = *l->p == '"';
    if (*ret_quoted) {
        for (l->p++; *l->p && *l->p != '"' && n + 1 < WORD_MAX; l->p++) {
            if (*l->p == '\\' && l->p[1])
                l->p++;
            out[n++] = *l->p;
        }
        if (*l->p == '"')
            l->p++;
        else
            return false;
    } else {
        while (*l->p && !isspace((unsigned char)*l->p) && !strchr("()\"", *l->p) && !(stop_at_colon && is_separator(l, *l->p)) && n + 2 < WORD_MAX) {
            if (*l->p == '\\' && l->p[1]) {
                l->p++;
                if (strchr("*?", *l->p))
                    out[n++] = '\\';
            }
            out[n++] = *l->p++;
        }
    }
    out[n] = '\0';
    /* Boosts and fuzziness have no meaning here. */
    if (*l->p == '^' || *l->p == '~')
        while (*l->p && !isspace((unsigned char)*l->p) && *l->p != ')')
            l->p++;
    return *ret_quoted || n > 0;
}

/* [a TO b}, in any mixture of brackets */
static bool
read_range(struct lucene *l, const char *field)
{
    char lo[256], hi[256];
    char open = *l->p++, close = 0;
    int used = 0;

    if (sscanf(l->p, " %255[^ \t] TO %255[^]} \t] %c%n", lo, hi, &close, &used) != 3 || (close != ']' && close != '}'))
        return sql_refuse(l->q, 400, "query_shard_exception", "Failed to parse query: a range is written [a TO b]");
    l->p += used;
    sql_add(l->q, "(true");
    bool ok = true;
    if (strcmp(lo, "*") != 0) {
        json_t *v = json_string(lo);
        sql_add(l->q, " AND ");
        ok = range_sql(l->q, field, open == '[' ? ">=" : ">", v);
        json_decref(v);
    }
    if (ok && strcmp(hi, "*") != 0) {
        json_t *v = json_string(hi);
        sql_add(l->q, " AND ");
        ok = range_sql(l->q, field, close == ']' ? "<=" : "<", v);
        json_decref(v);
    }
    sql_add(l->q, ")");
    return ok;
}

static bool
field_value(struct lucene *l, const char *field)
{
    char word[WORD_MAX];
    bool quoted;
    const char *op = NULL;

    if (*l->p == '[' || *l->p == '{')
        return read_range(l, field);
    if (takes(l, ">="))
        op = ">=";
    else if (takes(l, "<="))
        op = "<=";
    else if (takes(l, ">"))
        op = ">";
    else if (takes(l, "<"))
        op = "<";
    skip_blanks(l);
    if (!read_word(l, word, false, &quoted))
        return sql_refuse(l->q, 400, "query_shard_exception", "Failed to parse query: a value is missing behind %.100s:", field);
    if (op) {
        json_t *v = json_string(word);
        bool ok = v && range_sql(l->q, field, op, v);
        json_decref(v);
        return ok;
    }
    if (!quoted && strcmp(word, "*") == 0)
        return exists_sql(l->q, field);
    if (strcmp(field, "_exists_") == 0)
        return exists_sql(l->q, word);
    return term_sql(l->q, field, word, !quoted);
}

/* One clause without its brackets: field:value, value. */
static bool
clause(struct lucene *l)
{
    char word[WORD_MAX];
    bool quoted;

    if (!read_word(l, word, true, &quoted))
        return sql_refuse(l->q, 400, "query_shard_exception", "Failed to parse query near \"%.60s\"", l->p);
    const char *behind = l->p;
    if (l->is_kql)
        skip_blanks(l);
    if (*l->p != '\0' && is_separator(l, *l->p) && !quoted) {
        l->p += *l->p == ':';
        skip_blanks(l);
        return field_value(l, word);
    }
    l->p = behind;
    if (l->field[0])
        return term_sql(l->q, l->field, word, !quoted);
    if (l->default_field && strcmp(l->default_field, "*") != 0)
        return term_sql(l->q, l->default_field, word, !quoted);
    if (!quoted && strcmp(word, "*") == 0) {
        sql_add(l->q, "true");
        return true;
    }
    return free_text_sql(l->q, word, !quoted);
}

/* "field:(": everything inside is about this field. */
static bool
opens_field_bracket(struct lucene *l)
{
    const char *p = l->p;

    while (*p && (isalnum((unsigned char)*p) || strchr("._@-", *p)))
        p++;
    const char *end = p;
    if (p == l->p || *p++ != ':' || (size_t)(end - l->p) >= sizeof(l->field))
        return false;
    while (l->is_kql && isspace((unsigned char)*p))
        p++;
    if (*p != '(')
        return false;
    (void)snprintf(l->field, sizeof(l->field), "%.*s", (int)(end - l->p), l->p);
    l->p = p;
    return true;
}

static bool
parse_string(struct lucene l, const char *text)
{
    struct sql *q = l.q;
    bool wants_operator = false; /* a clause has just ended */
    bool is_negated[BRACKETS_MAX + 1];
    int depth = 0, field_depth = 0;

    sql_add(q, "(");
    for (;;) {
        skip_blanks(&l);
        if (*l.p == '\0')
            break;
        if (*l.p == ')') {
            if (!wants_operator || depth == 0)
                return sql_refuse(q, 400, "query_shard_exception", "Failed to parse query [%.200s]", text);
            l.p++;
            if (depth == field_depth) {
                l.field[0] = '\0';
                field_depth = 0;
            }
            sql_add(q, is_negated[depth--] ? "), false)" : "))");
            continue;
        }
        if (wants_operator) {
            bool is_and = takes(&l, "AND") || takes(&l, "&&");
            bool is_or = !is_and && (takes(&l, "OR") || takes(&l, "||"));
            sql_add(q, is_and || (!is_or && l.default_and) ? " AND " : " OR ");
            skip_blanks(&l);
            wants_operator = false;
        }
        int nots = 0;
        while (takes(&l, "NOT") || takes(&l, "!") || (*l.p == '-' && takes(&l, "-")) || (*l.p == '+' && takes(&l, "+"))) {
            nots += l.p[-1] != '+';
            skip_blanks(&l);
        }
        sql_add(q, nots % 2 ? "NOT coalesce(" : "(");
        if (*l.p == '(' || opens_field_bracket(&l)) {
            if (++depth > BRACKETS_MAX)
                return sql_refuse(q, 400, "query_shard_exception", "more than %d brackets", BRACKETS_MAX);
            is_negated[depth] = nots % 2;
            if (l.field[0] && field_depth == 0)
                field_depth = depth;
            l.p++;
            sql_add(q, "(");
            continue;
        }
        if (*l.p == '\0' || !clause(&l))
            return sql_refuse(q, 400, "query_shard_exception", "Failed to parse query [%.200s]", text);
        sql_add(q, nots % 2 ? ", false)" : ")");
        wants_operator = true;
    }
    if (depth != 0 || (!wants_operator && strspn(text, " \t\n") != strlen(text)))
        return sql_refuse(q, 400, "query_shard_exception", "Failed to parse query [%.200s]", text);
    sql_add(q, wants_operator ? ")" : "true)");
    return true;
}

bool
lucene_sql(struct sql *q, const char *text, const char *default_operator, const char *default_field)
{
    struct lucene l = {.q = q, .p = text, .default_field = default_field, .default_and = strcasecmp(default_operator, "AND") == 0};

    return parse_string(l, text);
}

bool
kql_sql(struct sql *q, const char *text)
{
    struct lucene l = {.q = q, .p = text, .default_and = true, .is_kql = true};

    return parse_string(l, text);
}
