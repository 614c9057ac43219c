#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the captures of tests/harness/captures: HTTP conversations that are hard to put together again.

usage: tests/harness/make-captures.py FOLDER
"""
import gzip
import ipaddress
import os
import struct
import sys

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
GET = b"GET /%s HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s"


def get(path):
    return GET % path.encode()


def ok(body):
    return OK % (len(body), body)


class Capture:
    """A pcap file in the making; packets are `step` seconds apart."""

    def __init__(self, step=0.0001):
        self.packets, self.now, self.step = [], 1_600_000_000.0, step

    def add(self, frame):
        self.packets.append((self.now, frame))
        self.now += self.step

    def wait(self, seconds):
        self.now += seconds

    def write(self, path):
        with open(path, "wb") as f:
            f.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1))
            for at, frame in self.packets:
                whole = int(at)
                f.write(struct.pack("<IIII", whole, int((at - whole) * 1e9), len(frame), len(frame)) + frame)


class Talk:
    """One TCP connection; side 0 asks."""

    def __init__(self, capture, client=("192.0.2.10", 40000), server=("198.51.100.20", 80), isn=(1000, 900000), syn=True):
        self.capture, self.ends = capture, (client, server)
        self.seq = list(isn)
        self.acked = [isn[1], isn[0]]  # what each side has acknowledged of the other's
        if syn:
            self.raw(0, SYN, self.seq[0], 0)
            self.seq[0] += 1
            self.raw(1, SYN | ACK, self.seq[1], self.seq[0])
            self.seq[1] += 1
            self.acked = [self.seq[1], self.seq[0]]
            self.ack(0)

    def raw(self, side, flags, seq, ack, data=b""):
        (src, sport), (dst, dport) = self.ends[side], self.ends[1 - side]
        a, b = ipaddress.ip_address(src), ipaddress.ip_address(dst)
        tcp = struct.pack("!HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 0x50, flags, 65535, 0, 0) + data
        if a.version == 4:
            ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + a.packed + b.packed
        else:
            ip = struct.pack("!IHBB", 6 << 28, len(tcp), 6, 64) + a.packed + b.packed
        kind = b"\x08\x00" if a.version == 4 else b"\x86\xdd"
        macs = (b"\x02\0\0\0\0\1", b"\x02\0\0\0\0\2")
        self.capture.add(macs[1 - side] + macs[side] + kind + ip + tcp)

    def ack(self, side):
        self.acked[side] = self.seq[1 - side]
        self.raw(side, ACK, self.seq[side], self.acked[side])

    def say(self, side, data, size=1400, reads=True, flags=0):
        """Data in segments; `reads` false: it does not acknowledge what the other said since the last time."""
        if reads:
            self.acked[side] = self.seq[1 - side]
        for at in range(0, len(data), size):
            part = data[at:at + size]
            last = at + size >= len(data)
            self.raw(side, ACK | (PSH | flags if last else 0), self.seq[side], self.acked[side], part)
            self.seq[side] += len(part)
        if flags & FIN:
            self.seq[side] += 1

    def fin(self, side):
        self.acked[side] = self.seq[1 - side]
        self.raw(side, ACK | FIN, self.seq[side], self.acked[side])
        self.seq[side] += 1

    def close(self):
        self.fin(0)
        self.fin(1)
        self.ack(0)


def pipelined(c):
    t = Talk(c)
    t.say(0, b"".join(get("p%d" % i) for i in range(4)), 100)
    t.say(1, ok(b"first") + ok(b"second" * 50), 90)
    t.say(0, get("p4") + get("p5"), reads=False)
    t.say(1, ok(b"third" * 30) + ok(b"fourth") + ok(b"") + ok(b"sixth"), 33)
    t.close()


def chunked(c):
    t = Talk(c)
    body = gzip.compress(b"a body that is zipped " * 20, mtime=0)
    cuts = [body[i:i + 17] for i in range(0, len(body), 17)]
    data = b"".join(b"%x;note=1\r\n%s\r\n" % (len(p), p) for p in cuts) + b"0\r\nX-Sum: 12\r\nX-More: a\r\n\r\n"
    t.say(0, get("zipped"))
    t.say(1, b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" + data, 61)
    t.say(0, b"POST /in HTTP/1.1\r\nHost: www.example.com\r\nExpect: 100-continue\r\nContent-Type: application/json\r\n"
             b"Transfer-Encoding: chunked\r\n\r\n")
    t.say(1, b"HTTP/1.1 100 Continue\r\n\r\n")
    t.say(0, b"5\r\n{\"a\":\r\n3\r\n12}\r\n0\r\n\r\n", 7)
    t.say(1, b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
    t.close()


def bodiless(c):
    t = Talk(c, server=("198.51.100.20", 8081))
    t.say(0, b"HEAD /big HTTP/1.1\r\nHost: a\r\n\r\n")
    t.say(1, b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    t.say(0, get("same"))
    t.say(1, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n")
    t.say(0, get("none"))
    t.say(1, b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 20)
    t.say(0, b"\r\n\r\nDELETE /x HTTP/1.1\nHost: bare\nX-Folded: one\n two\n\n")
    t.say(1, b"HTTP/1.1 404 \nContent-Length: 3\n\nno!")
    t.close()


def until_close(c):
    t = Talk(c)
    t.say(0, b"GET /old HTTP/1.0\r\n\r\n")
    t.say(1, b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + b"line\n" * 300, 500)
    t.say(1, b"the last line", flags=FIN)
    t.fin(0)
    t.ack(1)


def switched(c):
    t = Talk(c, server=("198.51.100.20", 3128))
    t.say(0, b"CONNECT secret.example.com:443 HTTP/1.1\r\nHost: secret.example.com\r\n\r\n")
    t.say(1, b"HTTP/1.1 200 Established\r\n\r\n")
    t.say(0, b"\x16\x03\x01" + bytes(range(200)))
    t.say(1, b"\x16\x03\x03" + bytes(range(250)), 40)
    t.close()
    t = Talk(c, client=("192.0.2.11", 40001))
    t.say(0, b"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
    t.say(1, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello")
    t.say(0, b"\x81\x85abcdefghi")
    t.close()
    t = Talk(c, client=("192.0.2.12", 40002), server=("198.51.100.20", 3128))
    t.say(0, b"CONNECT plain.example.com:80 HTTP/1.1\r\nHost: plain.example.com\r\n\r\n")
    t.say(1, b"HTTP/1.1 200 OK\r\n\r\n")
    t.say(0, get("inside"))
    t.say(1, ok(b"through the tunnel"))
    t.close()


def resets(c):
    t = Talk(c)
    t.say(0, get("aborted"))
    t.say(1, b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 700, 300)
    t.raw(0, RST | ACK, t.seq[0], t.seq[1])
    c.wait(0.05)
    t = Talk(c, client=("192.0.2.11", 40001))
    t.say(0, get("refused"))
    t.raw(1, RST, t.seq[1], 0)
    c.wait(0.05)
    t = Talk(c, client=("192.0.2.12", 40002))
    t.say(0, get("answered"))
    t.say(1, ok(b"done"))
    t.raw(0, RST, t.seq[0], 0)


def reused(c):
    for i in range(3):
        t = Talk(c, isn=(1000 + 5_000_000 * i, 70_000 * (i + 1)))
        t.say(0, get("life%d" % i))
        t.say(1, ok(b"of three"))
        t.close()
        c.wait(0.05)


def midstream(c):
    t = Talk(c, syn=False, client=("2001:db8::10", 50000), server=("2001:db8::20", 8080))
    t.say(0, get("middle"))
    t.say(1, ok(b"of the stream" * 100), 300)
    c.wait(0.03)
    t.say(0, get("again"))
    t.say(1, ok(b"bytes"))
    t.close()


def repeated(c):
    t = Talk(c)
    t.say(0, get("repeated"), 20)
    first = t.seq[1]
    answer = ok(b"abcdefghij" * 30)
    t.say(1, answer, 50)
    t.raw(1, ACK, first + 30, t.acked[1], answer[30:130])
    t.raw(1, ACK, first + 100, t.acked[1], answer[100:140])
    t.ack(0)
    c.wait(0.05)
    t.raw(0, ACK, t.seq[0] - 1, t.acked[0], b"\0")  # keep-alive
    t.ack(1)
    c.wait(0.05)
    t.say(0, get("next"))
    t.say(1, ok(b"once"))
    t.close()


def wrapped(c):
    t = Talk(c, isn=(0xFFFFFFFF - 30, 0xFFFFFFFF - 100))
    for i in range(4):
        t.say(0, get("wrap%d" % i), 19)
        t.say(1, ok(b"around" * 10), 41)
    t.close()


def side_by_side(c):
    talks = [Talk(c, client=("192.0.2.%d" % (10 + i), 40000 + i)) for i in range(8)]
    for i, t in enumerate(talks):
        t.say(0, get("many%d" % i), 30)
    for i, t in enumerate(talks):
        t.say(1, ok(b"%d" % i * 100), 70)
    for t in talks:
        t.close()


def broken(c):
    t = Talk(c)
    t.say(0, get("good"))
    t.say(1, ok(b"fine"))
    t.say(0, get("bad"))
    t.say(1, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\nzz\r\nno chunk")
    t.say(0, get("after"))
    t.close()
    t = Talk(c, client=("192.0.2.11", 40001))
    t.say(0, get("one") + b"\x00\x01 no request at all\r\n\r\n")
    t.say(1, ok(b"answered"))
    t.close()
    t = Talk(c, client=("192.0.2.12", 40002))
    t.say(1, b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
    t.close()


def slow(c):
    t = Talk(c)
    for i in range(3):
        t.say(0, get("slow%d" % i), 25)
        c.wait(0.3)
        t.say(1, ok(b"drop by drop " * 8), 40)
        c.wait(1.1)
    t.close()


def fast_open(c):
    t = Talk(c, syn=False, isn=(1000, 9000))
    ask = get("early")
    t.raw(0, SYN, 1000, 0, ask)
    t.seq[0] = 1001 + len(ask)
    t.raw(1, SYN | ACK, 9000, t.seq[0])
    t.seq[1] = 9001
    t.ack(0)
    t.say(1, ok(b"open"))
    t.close()


CAPTURES = [pipelined, chunked, bodiless, until_close, switched, resets, reused, midstream, repeated, wrapped, side_by_side,
            broken, slow, fast_open]

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    os.makedirs(sys.argv[1], exist_ok=True)
    for make in CAPTURES:
        capture = Capture()
        make(capture)
        capture.write(os.path.join(sys.argv[1], "http-%s.pcap" % make.__name__.replace("_", "-")))
