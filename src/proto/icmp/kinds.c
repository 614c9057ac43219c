/* SPDX-License-Identifier: Apache-2.0 */
/* Names of types and codes: RFC 792, 950, 1256, 1812 and the IANA registries for ICMP and ICMPv6. */
#include "proto/icmp/icmp_priv.h"

#define CODES(...) .codes = (const char *const[]){__VA_ARGS__}, .n_codes = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)

static const struct icmp_kind kinds_4[] = {
    {0, ICMP_REPLY, 8, "EchoReply", NULL, 0},
    {3, ICMP_FAULT, 0, "DestinationUnreachable",
     CODES("Net", "Host", "Protocol", "Port", "FragmentationNeeded", "SourceRoutingFailed", "NetUnknown", "HostUnknown", "SourceIsolated",
           "NetAdminProhibited", "HostAdminProhibited", "NetTOS", "HostTOS", "CommAdminProhibited", "HostPrecedence", "PrecedenceCutoff")},
    {4, ICMP_FAULT, 0, "SourceQuench", NULL, 0},
    {5, ICMP_ALONE, 0, "Redirect", CODES("Net", "Host", "TOS+Net", "TOS+Host")},
    {8, ICMP_REQUEST, 0, "EchoRequest", NULL, 0},
    {9, ICMP_ALONE, 0, "RouterAdvertisement", NULL, 0},
    {10, ICMP_ALONE, 0, "RouterSolicitation", NULL, 0},
    {11, ICMP_FAULT, 0, "TimeExceeded", CODES("TTLExceeded", "FragmentReassemblyTimeExceeded")},
    {12, ICMP_FAULT, 0, "ParameterProblem", CODES("PointerIndicatesError", "MissingOption", "BadLength")},
    {13, ICMP_REQUEST, 0, "TimestampRequest", NULL, 0},
    {14, ICMP_REPLY, 13, "TimestampReply", NULL, 0},
    {15, ICMP_REQUEST, 0, "InfoRequest", NULL, 0},
    {16, ICMP_REPLY, 15, "InfoReply", NULL, 0},
    {17, ICMP_REQUEST, 0, "AddressMaskRequest", NULL, 0},
    {18, ICMP_REPLY, 17, "AddressMaskReply", NULL, 0},
};

static const struct icmp_kind kinds_6[] = {
    {1, ICMP_FAULT, 0, "DestinationUnreachable",
     CODES("NoRouteToDst", "AdminProhibited", "BeyondScope", "AddressUnreachable", "PortUnreachable", "SrcAddressFailedPolicy",
           "RejectRouteToDst")},
    {2, ICMP_FAULT, 0, "PacketTooBig", NULL, 0},
    {3, ICMP_FAULT, 0, "TimeExceeded", CODES("HopLimitExceeded", "FragmentReassemblyTimeExceeded")},
    {4, ICMP_FAULT, 0, "ParameterProblem", CODES("ErroneousHeader", "UnrecognizedNextHeader", "UnrecognizedIPv6Option")},
    {128, ICMP_REQUEST, 0, "EchoRequest", NULL, 0},
    {129, ICMP_REPLY, 128, "EchoReply", NULL, 0},
    {130, ICMP_ALONE, 0, "MulticastListenerQuery", NULL, 0},
    {131, ICMP_ALONE, 0, "MulticastListenerReport", NULL, 0},
    {132, ICMP_ALONE, 0, "MulticastListenerDone", NULL, 0},
    {133, ICMP_ALONE, 0, "RouterSolicitation", NULL, 0},
    {134, ICMP_ALONE, 0, "RouterAdvertisement", NULL, 0},
    {135, ICMP_ALONE, 0, "NeighborSolicitation", NULL, 0},
    {136, ICMP_ALONE, 0, "NeighborAdvertisement", NULL, 0},
    {137, ICMP_ALONE, 0, "Redirect", NULL, 0},
    {143, ICMP_ALONE, 0, "MulticastListenerReportV2", NULL, 0},
};

const struct icmp_kind *
icmp_kind(unsigned version, uint8_t type)
{
    const struct icmp_kind *k = version == 4 ? kinds_4 : kinds_6;
    size_t n = version == 4 ? sizeof(kinds_4) / sizeof(*k) : sizeof(kinds_6) / sizeof(*k);

    for (size_t i = 0; i < n; i++)
        if (k[i].type == type)
            return &k[i];
    return NULL;
}
