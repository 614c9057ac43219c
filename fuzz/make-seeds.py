#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Seeds for the fuzz targets, made of the captures and settings that the tests have: make-seeds.py FOLDER"""
import pathlib
import struct
import sys

out = pathlib.Path(sys.argv[1])
captures = sorted([*pathlib.Path("src/proto").glob("*/test/*.pcap"), *pathlib.Path("tests/harness/captures").glob("*.pcap")])


def write(target, name, data):
    (out / target).mkdir(parents=True, exist_ok=True)
    (out / target / name).write_bytes(data)


def frames(path):
    data = path.read_bytes()
    at = 24
    while at + 16 <= len(data):
        n = struct.unpack_from("<I", data, at + 8)[0]
        yield data[at + 16 : at + 16 + n]
        at += 16 + n


def payload(frame):
    """(protocol, from the lower port, bytes) of an IPv4 frame."""
    if frame[12:14] != b"\x08\0" or len(frame) < 34:
        return None
    ip = frame[14:]
    body = ip[(ip[0] & 15) * 4 : struct.unpack_from("!H", ip, 2)[0]]
    if ip[9] == 1:
        return 1, False, body
    if ip[9] == 17 and len(body) >= 8:
        return 17, body[0:2] < body[2:4], body[8:]
    if ip[9] == 6 and len(body) >= 20:
        return 6, body[0:2] < body[2:4], body[(body[12] >> 4) * 4 :]
    return None


for capture in captures:
    write("pcapfile", capture.name, capture.read_bytes()[:16000])
    packets = b"\0"
    pieces = {}
    for frame in frames(capture):
        if len(packets) + len(frame) < 16000:
            packets += struct.pack("!HB", len(frame), 1) + frame
        p = payload(frame)
        if p and p[2]:
            target = {1: "proto-icmp", 17: "proto-dns"}.get(p[0]) or ("proto-dns" if "dns" in capture.name else "proto-http")
            pieces.setdefault((target, p[0]), b"\0" if p[0] == 6 else b"\1")
            if len(pieces[target, p[0]]) + len(p[2]) < 16000:
                pieces[target, p[0]] += struct.pack("!BH", p[1], len(p[2])) + p[2]
    write("packets", capture.name, packets)
    for (target, l4), data in pieces.items():
        write(target, f"{capture.stem}-{l4}", data)
request = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
write("stream", "plain", struct.pack("!BHHBH", 2, 0, 0, 0, 0) + struct.pack("!BHHBH", 0x92, 0, 1, 0, 0) + struct.pack("!BHHBH", 24, 1, 1, 1, len(request)) + request +
      struct.pack("!BHHBH", 0x98, 1, 1 + len(request), 1, len(answer)) + answer + struct.pack("!BHHBH", 0x91, 1 + len(answer), 29, 1, 0))
write("stream", "turned", struct.pack("!BHHBH", 24, 11, 1, 1, len(request) - 10) + request[10:] + struct.pack("!BHHBH", 24, 1, 1, 1, 20) + request[:20])
for i, text in enumerate((
        '{"bool":{"filter":[{"term":{"type":"http"}},{"range":{"@timestamp":{"gte":"now-15m","lt":"now"}}}],"must_not":[{"exists":{"field":"error.message"}}]}}',
        '{"query_string":{"query":"status:OK AND (http.code:[400 TO 599] OR \\"a b\\")"}}', '{"wildcard":{"url.path":{"value":"/a*"}}}',
        'http.response.status_code >= 500 and not (url.path: /api/* or client.ip: "192.0.2.1")', 'NOT (a:b c) OR d:{1 TO 5] -x')):
    write("query", str(i), text.encode())
for i, text in enumerate(("http:\n  ports: [80, 8080]\n  send_all_headers: true\nflows:\n  timeout: 30s\n",
                          "packetbeat.interfaces.device: any\npacketbeat.protocols:\n- type: dns\n  ports: [53]\n  include_authorities: true\n",
                          "interfaces:\n  device: any\nprotocols:\n  http:\n    ports: [80]\noutput:\n  elasticsearch:\n    hosts: [\"${HOST:localhost}:9200\"]\n")):
    write("config", str(i), text.encode())
