/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Countries and places of public addresses from files in MaxMind's format. Reads both shapes that
 * are around: nested (country.iso_code, city.names.en, location.latitude) and flat (country_code,
 * city, latitude). Each address is looked up once while it stays in the cache.
 */
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "enrich/enricher.h"
#include "enrich/ip_set.h"

enum {
    MAX_FILES = 4,
    CACHE_SLOTS = 2048, /* direct-mapped; 128 bytes each */
    MAX_CITY = 64,
    MAX_LOCATION = 32,
    SIDE_BYTES = 8 + 8 + 8 + MAX_CITY + 8 + MAX_LOCATION
};

struct place {
    uint8_t addr[16];
    uint8_t addr_len; /* 0: empty slot */
    uint8_t country_len, city_len, location_len;
    char country[4];
    char city[MAX_CITY];
    char location[MAX_LOCATION];
};

struct geoip {
    MMDB_s files[MAX_FILES];
    size_t n_files;
    uint64_t lookups, hits;
    struct place cache[CACHE_SLOTS];
};

/* Fields of the two sides, in the order country, city, location. */
static const uint16_t side_fields[2][3] = {
    {FIELD_SOURCE_COUNTRY, FIELD_SOURCE_CITY, FIELD_SOURCE_LOCATION},
    {FIELD_DESTINATION_COUNTRY, FIELD_DESTINATION_CITY, FIELD_DESTINATION_LOCATION},
};

static void
geoip_close(void *state)
{
    struct geoip *g = state;

    for (size_t i = 0; i < g->n_files; i++)
        MMDB_close(&g->files[i]);
    free(g);
}

static int
geoip_open(const struct enrich_options *options, void **ret, struct err *err)
{
    const struct text_list *files = &options->conf->geoip;

    if (files->n == 0)
        return 0;
    if (files->n > MAX_FILES)
        return err_set(err, ERR_USAGE, "enrich.geoip: %zu files are too many: at most %d", files->n,
                       MAX_FILES);
    struct geoip *g = calloc(1, sizeof(*g));
    if (!g)
        return err_set(err, ERR_NOMEM, "no memory for enrich.geoip");
    for (size_t i = 0; i < files->n; i++) {
        char path[32];
        const char *from = files->v[i];
        if (options->geoip_fds) {
            (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", options->geoip_fds[i]);
            from = path;
        }
        int rc = MMDB_open(from, MMDB_MODE_MMAP, &g->files[i]);
        if (rc != MMDB_SUCCESS) {
            geoip_close(g);
            return err_set(
                err, rc == MMDB_FILE_OPEN_ERROR || rc == MMDB_IO_ERROR ? ERR_IO : ERR_FORMAT,
                "enrich.geoip: cannot use %s: %s; give a file in MaxMind's format (mmdb), or "
                "leave the setting out",
                files->v[i], MMDB_strerror(rc));
        }
        g->n_files++;
    }
    *ret = g;
    return 0;
}

static uint8_t
get_text(MMDB_entry_s *entry, const char *const *path, char *out, size_t cap)
{
    MMDB_entry_data_s data;

    if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data ||
        data.type != MMDB_DATA_TYPE_UTF8_STRING)
        return 0;
    size_t len = data.data_size < cap ? data.data_size : cap;
    memcpy(out, data.utf8_string, len);
    return (uint8_t)len;
}

static bool
get_number(MMDB_entry_s *entry, const char *const *path, double *ret)
{
    MMDB_entry_data_s data;

    if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data)
        return false;
    if (data.type == MMDB_DATA_TYPE_DOUBLE)
        *ret = data.double_value;
    else if (data.type == MMDB_DATA_TYPE_FLOAT)
        *ret = (double)data.float_value;
    else
        return false;
    return true;
}

static void
read_entry(MMDB_entry_s *entry, struct place *p)
{
    static const char *const country[][3] = {{"country", "iso_code", NULL},
                                             {"country_code", NULL},
                                             {"registered_country", "iso_code", NULL}};
    static const char *const city[][4] = {{"city", "names", "en", NULL}, {"city", NULL}};
    static const char *const latitude[][3] = {{"location", "latitude", NULL}, {"latitude", NULL}};
    static const char *const longitude[][3] = {{"location", "longitude", NULL},
                                               {"longitude", NULL}};
    double lat, lon;

    for (size_t i = 0; i < 3 && p->country_len == 0; i++)
        p->country_len = get_text(entry, country[i], p->country, sizeof(p->country));
    for (size_t i = 0; i < 2 && p->city_len == 0; i++)
        p->city_len = get_text(entry, city[i], p->city, sizeof(p->city));
    for (size_t i = 0; i < 2 && p->location_len == 0; i++)
        if (get_number(entry, latitude[i], &lat) && get_number(entry, longitude[i], &lon) &&
            lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180)
            p->location_len =
                (uint8_t)snprintf(p->location, sizeof(p->location), "%.4f,%.4f", lat, lon);
}

static void
look_up(struct geoip *g, struct place *p)
{
    struct sockaddr_in6 sa6 = {.sin6_family = AF_INET6};
    struct sockaddr_in sa4 = {.sin_family = AF_INET};
    const struct sockaddr *sa = (const struct sockaddr *)&sa6;

    if (p->addr_len == 4) {
        memcpy(&sa4.sin_addr, p->addr, 4);
        sa = (const struct sockaddr *)&sa4;
    } else {
        memcpy(&sa6.sin6_addr, p->addr, 16);
    }
    for (size_t i = 0; i < g->n_files && p->country_len == 0; i++) {
        int rc = MMDB_SUCCESS;
        if (p->addr_len == 16 && g->files[i].metadata.ip_version == 4)
            continue;
        MMDB_lookup_result_s found = MMDB_lookup_sockaddr(&g->files[i], sa, &rc);
        if (rc == MMDB_SUCCESS && found.found_entry)
            read_entry(&found.entry, p);
    }
}

static const struct place *
find(struct geoip *g, struct slice addr)
{
    uint64_t h = 0x9e3779b97f4a7c15u;

    for (size_t i = 0; i < addr.len; i += 4) {
        uint32_t word;
        memcpy(&word, addr.p + i, sizeof(word));
        h = (h ^ word) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    struct place *p = &g->cache[h % CACHE_SLOTS];
    g->lookups++;
    if (p->addr_len == addr.len && memcmp(p->addr, addr.p, addr.len) == 0) {
        g->hits++;
        return p;
    }
    *p = (struct place){.addr_len = (uint8_t)addr.len};
    memcpy(p->addr, addr.p, addr.len);
    look_up(g, p);
    return p;
}

static void
add_side(struct geoip *g, const struct cell *ip, const uint16_t *fields, struct cells *add)
{
    if (!ip_is_public(ip->bytes))
        return;
    const struct place *p = find(g, ip->bytes);
    if (p->country_len)
        cells_text(add, fields[0], KIND_TEXT, slice_of(p->country, p->country_len));
    if (p->city_len)
        cells_text(add, fields[1], KIND_TEXT, slice_of(p->city, p->city_len));
    if (p->location_len)
        cells_text(add, fields[2], KIND_TEXT, slice_of(p->location, p->location_len));
}

static void
geoip_record(void *state, const struct enrich_record *r, struct cells *add)
{
    if (enrich_has(r, SEEN_SOURCE_IP) && !enrich_has(r, SEEN_SOURCE_COUNTRY))
        add_side(state, &r->seen[SEEN_SOURCE_IP], side_fields[0], add);
    if (enrich_has(r, SEEN_DESTINATION_IP) && !enrich_has(r, SEEN_DESTINATION_COUNTRY))
        add_side(state, &r->seen[SEEN_DESTINATION_IP], side_fields[1], add);
}

static void
geoip_stats(const void *state, struct enrich_stats *ret)
{
    const struct geoip *g = state;

    ret->geo_lookups = g->lookups;
    ret->geo_hits = g->hits;
}

const struct enricher enricher_geoip = {.name = "geoip",
                                        .max_bytes = 2 * SIDE_BYTES,
                                        .open = geoip_open,
                                        .record = geoip_record,
                                        .close = geoip_close,
                                        .stats = geoip_stats};
