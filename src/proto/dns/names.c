/* SPDX-License-Identifier: Apache-2.0 */
/* Names of types, classes, result and operation codes: IANA's registry of DNS parameters. */
#include <stdio.h>

#include "proto/dns/dns_priv.h"

static const char *const types[] = {
    [1] = "A", [2] = "NS", [5] = "CNAME", [6] = "SOA", [10] = "NULL", [11] = "WKS", [12] = "PTR", [13] = "HINFO", [14] = "MINFO",
    [15] = "MX", [16] = "TXT", [17] = "RP", [18] = "AFSDB", [24] = "SIG", [25] = "KEY", [28] = "AAAA", [29] = "LOC", [33] = "SRV",
    [35] = "NAPTR", [36] = "KX", [37] = "CERT", [39] = "DNAME", [41] = "OPT", [42] = "APL", [43] = "DS", [44] = "SSHFP",
    [45] = "IPSECKEY", [46] = "RRSIG", [47] = "NSEC", [48] = "DNSKEY", [49] = "DHCID", [50] = "NSEC3", [51] = "NSEC3PARAM",
    [52] = "TLSA", [53] = "SMIMEA", [55] = "HIP", [59] = "CDS", [60] = "CDNSKEY", [61] = "OPENPGPKEY", [62] = "CSYNC",
    [63] = "ZONEMD", [64] = "SVCB", [65] = "HTTPS", [99] = "SPF", [108] = "EUI48", [109] = "EUI64", [249] = "TKEY", [250] = "TSIG",
    [251] = "IXFR", [252] = "AXFR", [253] = "MAILB", [254] = "MAILA", [255] = "ANY", [256] = "URI", [257] = "CAA",
};

static const char *const rcodes[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET",
                                     "NOTAUTH", "NOTZONE", "DSOTYPENI", NULL,       NULL,      NULL,     NULL,       "BADVERS", "BADKEY",
                                     "BADTIME", "BADMODE", "BADNAME",   "BADALG",   "BADTRUNC", "BADCOOKIE"};

static const char *const opcodes[] = {"QUERY", "IQUERY", "STATUS", NULL, "NOTIFY", "UPDATE", "DSO"};

static const char *
name_in(const char *const *table, size_t n, unsigned value, const char *prefix, char scratch[16])
{
    if (value < n && table[value])
        return table[value];
    (void)snprintf(scratch, 16, "%s%u", prefix, value);
    return scratch;
}

const char *
dns_type_name(uint16_t type, char scratch[16])
{
    if (type == 32768)
        return "TA";
    if (type == 32769)
        return "DLV";
    return name_in(types, sizeof(types) / sizeof(types[0]), type, "TYPE", scratch);
}

const char *
dns_class_name(uint16_t class, char scratch[16])
{
    switch (class & 0x7fff) { /* the top bit is mDNS's (RFC 6762 section 10.2) */
    case 1:
        return "IN";
    case 3:
        return "CH";
    case 4:
        return "HS";
    case 254:
        return "NONE";
    case 255:
        return "ANY";
    default:
        (void)snprintf(scratch, 16, "CLASS%u", class);
        return scratch;
    }
}

const char *
dns_rcode_name(unsigned rcode, char scratch[16])
{
    return name_in(rcodes, sizeof(rcodes) / sizeof(rcodes[0]), rcode, "RCODE", scratch);
}

const char *
dns_opcode_name(unsigned opcode, char scratch[16])
{
    return name_in(opcodes, sizeof(opcodes) / sizeof(opcodes[0]), opcode, "OPCODE", scratch);
}
