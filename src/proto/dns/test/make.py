#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes dns.pcap: the situations that dns.ndjson expects, one after the other."""
import ipaddress
import pathlib
import struct

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, LOC, SRV, NAPTR, DS, SSHFP, NSEC, DNSKEY, NSEC3, TLSA, SVCB, HTTPS, OPT, IXFR, AXFR, URI, CAA = (
    1, 2, 5, 6, 12, 15, 16, 28, 29, 33, 35, 43, 44, 47, 48, 50, 52, 64, 65, 41, 251, 252, 256, 257)
frames = []
clock = [1_700_000_000.0]
seqs = {}


def name(text):
    out = b""
    for label in text.rstrip(".").split(".") if text.rstrip(".") else []:
        out += bytes([len(label)]) + label.encode()
    return out + b"\0"


def rr(owner, kind, data, ttl=60, cls=1):
    owner = owner if isinstance(owner, bytes) else name(owner)
    return owner + struct.pack("!HHIH", kind, cls, ttl, len(data)) + data


def opt(size=1232, do=False, rcode=0, version=0):
    return rr(b"\0", OPT, b"", ttl=rcode << 24 | version << 16 | do << 15, cls=size)


def message(ident, flags, question, answers=(), authorities=(), additionals=(), kind=A, cls=1):
    q = b"" if question is None else name(question) + struct.pack("!HH", kind, cls)
    return struct.pack("!6H", ident, flags, question is not None, len(answers), len(authorities), len(additionals)) + q + b"".join(
        (*answers, *authorities, *additionals))


def query(ident, what, kind=A, extra=(), cls=1):
    return message(ident, 0x0100, what, additionals=extra, kind=kind, cls=cls)


def answer(ident, what, kind=A, answers=(), authorities=(), extra=(), rcode=0):
    return message(ident, 0x8180 | rcode, what, answers, authorities, extra, kind)


def frame(src, dst, proto, payload):
    a, b = ipaddress.ip_address(src), ipaddress.ip_address(dst)
    if a.version == 4:
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, proto, 0) + a.packed + b.packed
        ether = 0x0800
    else:
        ip = struct.pack("!IHBB", 6 << 28, len(payload), proto, 64) + a.packed + b.packed
        ether = 0x86DD
    frames.append((clock[0], bytes.fromhex("020000000002020000000001") + struct.pack("!H", ether) + ip + payload))
    clock[0] += 0.001


def udp(src, sport, dst, dport, payload):
    frame(src, dst, 17, struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload)


def tcp(src, sport, dst, dport, payload, flags=0x18):
    key = (src, sport, dst, dport)
    seq, ack = seqs.setdefault(key, 1000), seqs.setdefault((dst, dport, src, sport), 1000)
    frame(src, dst, 6, struct.pack("!HHIIBBHHH", sport, dport, seq, ack if flags & 0x10 else 0, 0x50, flags, 65535, 0, 0) + payload)
    seqs[key] = seq + len(payload) + bool(flags & 3)


C, S = "192.0.2.10", "192.0.2.53"
port = [40000]


def ask(q, *answers, dport=53):
    port[0] += 1
    udp(C, port[0], S, dport, q)
    for a in answers:
        udp(S, dport, C, port[0], a)


def prefix(m):
    return struct.pack("!H", len(m)) + m


soa = name("ns1.example.com") + name("admin.example.com") + struct.pack("!5I", 2024, 7200, 3600, 1209600, 300)
ask(query(1, "www.example.com"), answer(1, "www.example.com", answers=[rr(b"\xc0\x0c", CNAME, name("web.example.com")),
                                                                      rr("web.example.com", A, bytes([203, 0, 113, 5]))]))
ask(query(2, "nothing.example.com"), answer(2, "nothing.example.com", authorities=[rr("example.com", SOA, soa)], rcode=3))
# the client asks twice, the server answers twice
port[0] += 1
for _ in range(2):
    udp(C, port[0], S, 53, query(3, "twice.example.com"))
for _ in range(2):
    udp(S, 53, C, port[0], answer(3, "twice.example.com", answers=[rr(b"\xc0\x0c", A, bytes([203, 0, 113, 6]))]))
ask(query(4, "silence.example.com"))
# the same id for another name before the answer
port[0] += 1
udp(C, port[0], S, 53, query(5, "first.example.com"))
udp(C, port[0], S, 53, query(5, "second.example.com"))
udp(S, 53, C, port[0], answer(5, "second.example.com", answers=[rr(b"\xc0\x0c", A, bytes([203, 0, 113, 7]))]))
# EDNS, BADVERS by its bits
ask(query(6, "example.com", extra=[opt(do=True, version=1)]), answer(6, "example.com", extra=[opt(4096, rcode=1)]))
# a port that nobody knows, IPv6
udp("2001:db8::10", 5300, "2001:db8::53", 15353, query(7, "example.com", AAAA))
udp("2001:db8::53", 15353, "2001:db8::10", 5300, answer(7, "example.com", AAAA, [rr(b"\xc0\x0c", AAAA, ipaddress.ip_address("2001:db8::80").packed)]))
# records of many types
angle = 1 << 31
types = [
    (MX, struct.pack("!H", 10) + name("mx.example.com")), (TXT, b"\x05hello\x08a \"text\""), (SRV, struct.pack("!HHH", 1, 5, 5060) + name("sip.example.com")),
    (NAPTR, struct.pack("!HH", 100, 10) + b"\x01S\x07SIP+D2U\x00" + name("_sip._udp.example.com")), (CAA, b"\x00\x05issueca.example.net"),
    (TLSA, bytes([3, 1, 1]) + bytes(range(8))), (SSHFP, bytes([4, 2]) + bytes(range(8))), (PTR, name("host.example.com")),
    (LOC, bytes([0, 0x12, 0x16, 0x13]) + struct.pack("!III", angle + 52 * 3600000 + 22 * 60000 + 23000, angle - 4 * 3600000, 10000000 - 200)),
    (DS, struct.pack("!HBB", 12345, 8, 2) + bytes(range(8))), (DNSKEY, struct.pack("!HBB", 257, 3, 8) + b"key!"),
    (NSEC, name("b.example.com") + bytes([0, 4, 0x40, 0x01, 0, 0x08])), (NSEC3, bytes([1, 0, 0, 10, 2, 0xaa, 0xbb, 5]) + b"\x00\x44\x32\x14\xc7" + bytes([0, 1, 0x40])),
    (URI, struct.pack("!HH", 10, 1) + b"https://www.example.com/"), (HTTPS, struct.pack("!H", 1) + b"\0" + struct.pack("!HH", 1, 6) + b"\x02h3\x02h2" +
                                                                     struct.pack("!HHH", 3, 2, 8443) + struct.pack("!HH", 4, 4) + bytes([203, 0, 113, 9])),
    (SOA, soa), (4660, b"\x01\x02"), (A, b"\x01\x02"),
]
ask(query(8, "all.example.com", 255), answer(8, "all.example.com", 255, [rr(b"\xc0\x0c", k, d) for k, d in types]))
# odd labels; a pointer that points at itself; a message cut by its sender
odd = b"\x04a.b\\\x03\xff \x00\x00" + struct.pack("!HH", A, 1)
ask(struct.pack("!6H", 9, 0x0100, 1, 0, 0, 0) + odd, struct.pack("!6H", 9, 0x8180, 1, 0, 0, 0) + odd)
ask(query(10, "loop.example.com"), message(10, 0x8180, "loop.example.com", [b"\xc0\x22" + struct.pack("!HHIH", A, 1, 60, 4) + bytes(4)]))
ask(query(11, "cut.example.com"), answer(11, "cut.example.com", answers=[rr(b"\xc0\x0c", A, bytes(4))] * 2)[:-9])
ask(message(12, 0x2800, "example.com", kind=SOA), message(12, 0xA800, "example.com", kind=SOA))  # UPDATE
# multicast: queries and answers come from many
udp(C, 5353, "224.0.0.251", 5353, message(0, 0, "printer.local"))
udp("192.0.2.20", 5353, "224.0.0.251", 5353, message(0, 0x8400, None, [rr("printer.local", A, bytes([192, 0, 2, 20]), cls=0x8001)]))
udp(C, 50123, "224.0.0.252", 5355, message(77, 0, "laptop"))
udp("192.0.2.21", 5355, C, 50123, message(77, 0x8000, "laptop", [rr(b"\xc0\x0c", A, bytes([192, 0, 2, 21]))]))
# TCP: two queries in a segment, the answers in three pieces
c = (C, 50000, S, 53)
s = (S, 53, C, 50000)
tcp(*c, b"", 2)
tcp(*s, b"", 0x12)
tcp(*c, b"", 0x10)
tcp(*c, prefix(query(21, "one.example.com")) + prefix(query(22, "two.example.com")))
both = prefix(answer(22, "two.example.com", answers=[rr(b"\xc0\x0c", A, bytes([203, 0, 113, 22]))])) + prefix(
    answer(21, "one.example.com", answers=[rr(b"\xc0\x0c", A, bytes([203, 0, 113, 21]))]))
for piece in (both[:1], both[1:50], both[50:]):
    tcp(*s, piece)
# a transfer in three messages on the same connection, then one that breaks off
tcp(*c, prefix(query(23, "example.com", AXFR)))
tcp(*s, prefix(answer(23, "example.com", AXFR, [rr(b"\xc0\x0c", SOA, soa)])))
tcp(*s, prefix(answer(23, "example.com", AXFR, [rr(b"\xc0\x0c", NS, name("ns1.example.com")), rr("a.example.com", A, bytes([203, 0, 113, 1]))])))
tcp(*s, prefix(answer(23, "example.com", AXFR, [rr(b"\xc0\x0c", SOA, soa)])))
tcp(*c, prefix(query(24, "example.com", AXFR)))
tcp(*s, prefix(answer(24, "example.com", AXFR, [rr(b"\xc0\x0c", SOA, soa)])))
tcp(*c, b"", 0x11)
tcp(*s, b"", 0x11)
tcp(*c, b"", 0x10)

out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
for t, f in frames:
    out += struct.pack("<IIII", int(t), round(t % 1 * 1e6), len(f), len(f)) + f
pathlib.Path(__file__).with_name("dns.pcap").write_bytes(out)
