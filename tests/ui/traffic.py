#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server and a client that say exactly what the page is to show: traffic.py serve ADDRESS | ask ADDRESS WHAT..."""
import socket
import struct
import sys
import threading

HOSTILE = "<script>document.title='owned'</script>"
TURNED = "\u202egnp.exe\u0000\u0007"


def serve(address):
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind((address, 53))
    threading.Thread(target=answer_names, args=(names,), daemon=True).start()
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, 80))
    s.listen(64)
    while True:
        threading.Thread(target=answer, args=(s.accept()[0],), daemon=True).start()


def answer_names(s):
    while True:
        q, who = s.recvfrom(4096)
        if b"silent" in q:
            continue
        failed = b"nothing" in q
        rr = b"" if failed else b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xcb\0\x71\x05"
        s.sendto(q[:2] + (b"\x81\x83" if failed else b"\x81\x80") + q[4:6] + (b"\0\0" if failed else b"\0\1") + bytes(4) + q[12:] + rr, who)


def answer(c):
    head = b""
    while b"\r\n\r\n" not in head:
        more = c.recv(65536)
        if not more:
            return
        head += more
    path = head.split(b" ")[1]
    if path.startswith(b"/missing"):
        out = b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot here\n"
    elif path.startswith(b"/boom"):
        out = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\noops\n"
    elif path.startswith(b"/big"):
        body = HOSTILE.encode() + b"x" * 1_000_000
        out = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    elif path.startswith(b"/never"):
        c.recv(1)
        return
    elif b"script" not in path:
        out = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\nhello\n"
    else:
        out = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Odd: " + (HOSTILE + TURNED).encode() + b"\r\nContent-Length: 6\r\n\r\nhello\n"
    c.sendall(out)
    c.close()


def get(address, path, headers=b""):
    """The bytes of the answer."""
    c = socket.create_connection((address, 80))
    c.sendall(b"GET " + path.encode() + b" HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: " + headers + b"\r\n\r\n")
    n = 0
    while more := c.recv(65536):
        n += len(more)
    return n


def name(address, text):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(0.3)
    s.sendto(struct.pack("!6H", hash(text) & 0xFFFF, 0x0100, 1, 0, 0, 0) + b"".join(bytes([len(p)]) + p.encode() for p in text.split(".")) + b"\0\0\1\0\1", (address, 53))
    try:
        s.recv(4096)
    except TimeoutError:
        pass


def ask(address, what):
    for word in what:
        kind, _, n = word.partition(":")
        for i in range(int(n or 1)):
            if kind == "hostile":
                get(address, "/" + HOSTILE.replace(" ", "+"), (HOSTILE + TURNED).encode())
            elif kind == "name":
                name(address, "www.shop.example")
            elif kind == "noname":
                name(address, "nothing.shop.example")
            else:
                print(get(address, f"/{kind}" if kind != "ok" else f"/products/{i % 4}", b"traffic/1.0"))


if __name__ == "__main__":
    serve(sys.argv[2]) if sys.argv[1] == "serve" else ask(sys.argv[2], sys.argv[3:])
