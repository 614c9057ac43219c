/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the DNS folder. */
#ifndef PROTO_DNS_PRIV_H
#define PROTO_DNS_PRIV_H

#include "base/reader.h"
#include "proto/proto.h"
#include "schema/field.h"

enum {
#include "schema/field_enum.h"
#include "proto/dns/dns.def"
};

enum {
    DNS_HEAD = 12,
    DNS_NAME_WIRE = 255,  /* RFC 1035 section 3.1 */
    DNS_NAME_TEXT = 1024, /* of 255 bytes, each as \DDD at worst */
    DNS_DATA_TEXT = 4096  /* of a record; longer ones are cut and marked by "..." */
};

enum { DNS_TYPE_A = 1, DNS_TYPE_NS = 2, DNS_TYPE_CNAME = 5, DNS_TYPE_SOA = 6, DNS_TYPE_AAAA = 28, DNS_TYPE_OPT = 41, DNS_TYPE_IXFR = 251,
       DNS_TYPE_AXFR = 252 };

enum { DNS_QR = 0x8000, DNS_AA = 0x0400, DNS_TC = 0x0200, DNS_RD = 0x0100, DNS_RA = 0x0080, DNS_Z = 0x0040, DNS_AD = 0x0020, DNS_CD = 0x0010 };

struct dns_head {
    uint16_t id, flags;
    uint16_t n[4]; /* questions, answers, authorities, additionals */
};

/* Text of a name in presentation form, without the final dot; "." is the root. */
struct dns_name {
    size_t len;
    char text[DNS_NAME_TEXT];
};

struct dns_question {
    struct dns_name name;
    uint16_t type, class;
};

struct dns_record {
    struct dns_name name;
    uint16_t type, class;
    uint32_t ttl;
    struct slice data;
};

/* Text that grows up to a bound; what does not fit is left out and `is_cut` says so. */
struct text {
    char *p;
    size_t len, cap;
    bool is_cut;
};
void text_add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_bytes(struct text *t, const void *p, size_t len);
void text_string(struct text *t, const char *s);

/* message.c. All take the whole message, because names point back into it. */
bool dns_read_head(struct slice msg, struct dns_head *ret);
/* A name at r->p, r walking over `msg`. Pointers go backwards only, so that it ends. false: none, r is short. */
bool dns_read_name(struct slice msg, struct reader *r, struct dns_name *ret);
/* The same without making text. */
bool dns_skip_name(struct slice msg, struct reader *r);
bool dns_read_question(struct slice msg, struct reader *r, struct dns_question *ret);
/* Name, fixed part and data of a record. */
bool dns_read_record(struct slice msg, struct reader *r, struct dns_record *ret);
/* Are these bytes one message, perhaps without its end? MORE: the first question has not come yet. Strict: it
 * guards detection on any port. `may_be_padded`: bytes may follow the last record (Windows ends transfers by "MS"). */
enum dns_look { DNS_LOOK_NO, DNS_LOOK_MORE, DNS_LOOK_YES };
enum dns_look dns_look(struct slice msg, bool may_be_padded);

/* rdata.c: the data of a record as text (RFC 3597's form for types that are not known). */
void dns_data_text(struct slice msg, const struct dns_record *rr, struct text *out);

/* names.c: names of numbers; the number itself, in `scratch`, where there is none. */
const char *dns_type_name(uint16_t type, char scratch[16]);
const char *dns_class_name(uint16_t class, char scratch[16]);
const char *dns_rcode_name(unsigned rcode, char scratch[16]);
const char *dns_opcode_name(unsigned opcode, char scratch[16]);

#endif
