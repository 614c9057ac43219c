#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From packet to the row of the live stream: bench/latency.py REMORA [RATE [SECONDS]], as root.

Makes a network namespace with a veth pair, runs REMORA there, sends DNS queries with their answers at RATE (50) a
second and listens to the page's live stream. Prints percentiles in milliseconds."""
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

remora = os.path.abspath(sys.argv[1])
rate = float(sys.argv[2]) if len(sys.argv) > 2 else 50
seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 10
NS = f"rmlat{os.getpid()}"


def inside(*command):
    subprocess.run(["nsenter", f"--net=/run/netns/{NS}", "--", *command], check=True)


def frame(name, is_answer):
    labels = b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0\0\1\0\1"
    dns = struct.pack("!6H", 7, 0x8180 if is_answer else 0x0100, 1, is_answer, 0, 0) + labels
    if is_answer:
        dns += b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xcb\0\x71\x07"
    ports = (53, 40000) if is_answer else (40000, 53)
    udp = struct.pack("!HHHH", *ports, 8 + len(dns), 0) + dns
    ends = (bytes([198, 51, 100, 102]), bytes([198, 51, 100, 101]))
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0x4000, 64, 17, 0) + (ends[0] + ends[1] if is_answer else ends[1] + ends[0])
    return b"\2" + bytes(5) + b"\2" + bytes(5) + b"\x08\0" + ip + udp


def listen(seen):
    s = socket.create_connection(("127.0.0.1", 9200))
    s.sendall(b"GET /-/api/live HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
    rest = b""
    while more := s.recv(1 << 16):
        now = time.monotonic()
        *lines, rest = (rest + more).split(b"\n")
        for line in lines:
            at = line.find(b".latency.test")
            if at > 0:
                name = line[line.rfind(b'"', 0, at) + 1 : at].split(b" ")[-1].decode()
                seen.setdefault(name, now)


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p / 100))] * 1000


subprocess.run(["ip", "netns", "add", NS], check=True)
data = tempfile.mkdtemp()
os.chmod(data, 0o755)
child = None
try:
    for command in ("link set lo up", "link add pa type veth peer name pb", "link set pa up", "link set pb up"):
        inside("ip", *command.split())
    if ctypes.CDLL(None).setns(os.open(f"/run/netns/{NS}", os.O_RDONLY), 0) != 0:  # sockets are opened there
        raise OSError("setns")
    child = subprocess.Popen([remora, "run", "-i", "pa", "--data", data + "/d"], stderr=subprocess.DEVNULL)
    for _ in range(100):
        time.sleep(0.1)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", 9200)) == 0:
                break
    seen, sent = {}, {}
    threading.Thread(target=listen, args=(seen,), daemon=True).start()
    time.sleep(1)
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    raw.bind(("pb", 0))
    for i in range(int(rate * seconds)):
        name = f"n{i}"
        raw.send(frame(f"{name}.latency.test", 0))
        sent[name] = time.monotonic()
        raw.send(frame(f"{name}.latency.test", 1))
        time.sleep(max(0, 1 / rate - 0.0002))
    time.sleep(2)
    took = [seen[n] - t for n, t in sent.items() if n in seen]
    print(f"{len(took)} of {len(sent)} rows; answer to live row: median {percentile(took, 50):.1f} ms, p99 {percentile(took, 99):.1f} ms, most {percentile(took, 100):.1f} ms")
finally:
    if child:
        child.send_signal(signal.SIGTERM)
        child.wait()
    shutil.rmtree(data)
    subprocess.run(["ip", "netns", "del", NS], check=False)
