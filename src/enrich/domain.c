/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registered domain of the name that a DNS query asks for, by the public suffix list that libpsl
 * carries: "www.example.co.uk" is "example.co.uk" below the public suffix "co.uk".
 */
#include <libpsl.h>
#include <stdlib.h>

#include "enrich/enricher.h"

enum { NAME_MAX_BYTES = 255, CACHE_SLOTS = 2048, N_PARTS = 4, CELL_BYTES = 16 };

/* Where the parts of a name begin; offsets behind the end: there is no such part. */
struct split {
    uint64_t hash; /* of the name; 0: empty slot */
    uint8_t suffix, registered, len;
};

struct domain {
    const psl_ctx_t *list;
    uint16_t registered, etld_plus_one, subdomain, top_level;
    struct split cache[CACHE_SLOTS];
};

static int
domain_open(const struct enrich_options *options, void **ret, struct err *err)
{
    struct domain *d = calloc(1, sizeof(*d));

    if (!d)
        return err_set(err, ERR_NOMEM, "no memory to enrich events");
    d->list = psl_builtin();
    d->registered = schema_find(options->schema, SLICE("dns.question.registered_domain"), NULL, NULL);
    d->etld_plus_one = schema_find(options->schema, SLICE("dns.question.etld_plus_one"), NULL, NULL);
    d->subdomain = schema_find(options->schema, SLICE("dns.question.subdomain"), NULL, NULL);
    d->top_level = schema_find(options->schema, SLICE("dns.question.top_level_domain"), NULL, NULL);
    if (!d->list || !d->registered || !d->etld_plus_one || !d->subdomain || !d->top_level) {
        free(d); /* a library built without its list, or a program without DNS */
        return 0;
    }
    *ret = d;
    return 0;
}

static void
domain_close(void *state)
{
    free(state);
}

/* One search in the list: the registered domain is the label before the suffix. */
static void
split_name(const struct domain *d, const char *name, uint8_t len, struct split *ret)
{
    const char *suffix = psl_unregistrable_domain(d->list, name);

    ret->len = ret->registered = len;
    ret->suffix = suffix ? (uint8_t)(suffix - name) : len;
    if (ret->suffix < 2 || ret->suffix >= len)
        return;
    ret->registered = (uint8_t)(ret->suffix - 1);
    while (ret->registered > 0 && name[ret->registered - 1] != '.')
        ret->registered--;
}

/* The list is in lower case; so is the name that is looked up, its parts are shown as they came. */
static const struct split *
find(struct domain *d, struct slice name)
{
    char lower[NAME_MAX_BYTES + 1];
    uint64_t h = 14695981039346656037ull;

    for (size_t i = 0; i < name.len; i++) {
        lower[i] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] + 32 : name.p[i]);
        h = (h ^ (uint8_t)lower[i]) * 1099511628211ull;
    }
    lower[name.len] = '\0';
    struct split *s = &d->cache[(h ^ h >> 32) % CACHE_SLOTS];
    if (s->hash != (h | 1) || s->len != name.len) {
        s->hash = h | 1;
        split_name(d, lower, (uint8_t)name.len, s);
    }
    return s;
}

static void
domain_record(void *state, const struct enrich_record *r, struct cells *add)
{
    struct domain *d = state;

    if (!enrich_has(r, SEEN_DNS_QUESTION))
        return;
    struct slice name = r->seen[SEEN_DNS_QUESTION].bytes;
    if (name.len == 0 || name.len > NAME_MAX_BYTES || name.p[0] == '.' || memchr(name.p, '\\', name.len))
        return;
    const struct split *s = find(d, name);
    if (s->suffix < name.len)
        (void)cells_text(add, d->top_level, KIND_TEXT, slice_from(name, s->suffix));
    if (s->registered >= name.len)
        return;
    (void)cells_text(add, d->registered, KIND_TEXT, slice_from(name, s->registered));
    (void)cells_text(add, d->etld_plus_one, KIND_TEXT, slice_from(name, s->registered));
    if (s->registered > 1)
        (void)cells_text(add, d->subdomain, KIND_TEXT, slice_head(name, s->registered - 1u));
}

const struct enricher enricher_domain = {.name = "domain",
                                         .max_bytes = N_PARTS * (NAME_MAX_BYTES + 1 + CELL_BYTES),
                                         .open = domain_open,
                                         .record = domain_record,
                                         .close = domain_close};
