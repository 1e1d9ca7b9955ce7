#!/usr/bin/env python3
"""Moves large bodies over HTTP with as little work of its own as a client can have, so that the server is what is measured:
files go out by sendfile, and what comes in is read into one buffer, or dropped by the kernel.
Prints MiB a second, the best of three.
Usage: bulk_client.py put|get|drop|blocks URL FILE [HEADER...]
  blocks: FILE in 64 blocks over four connections, and their list, to a URL with a query.
"""
import base64
import ctypes
import os
import socket
import sys
import threading
import time
from urllib.parse import quote, urlsplit

BLOCKS = 64
BUFFER = 1 << 20
DROPPED = 4 << 20  # most that one call drops
libc = ctypes.CDLL(None)


class Client:
    def __init__(self, url, headers):
        self.at = urlsplit(url)
        self.headers = headers
        self.socket = socket.create_connection((self.at.hostname, self.at.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method, more="", length=None):
        target = f"{self.at.path}?{self.at.query}{more}"
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.at.netloc}", *self.headers]
        if length is not None:
            lines.append(f"Content-Length: {length}")
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def answer(self):
        """How many bytes of the body are still to come."""
        head = b""
        while b"\r\n\r\n" not in head:
            some = self.socket.recv(4096)
            if not some:
                sys.exit(f"the server closed the connection after {head!r}")
            head += some
        head, _, body = head.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        if not lines[0].split()[1].startswith("2"):
            sys.exit(lines[0])
        lengths = [line.split(":")[1] for line in lines if line.lower().startswith("content-length:")]
        return int(lengths[0] if lengths else 0) - len(body)

    def send(self, file, offset, size, more=""):
        self.ask("PUT", more, size)
        while size > 0:
            count = os.sendfile(self.socket.fileno(), file.fileno(), offset, size)
            offset, size = offset + count, size - count
        self.read(self.answer())

    def read(self, size):
        buffer = bytearray(BUFFER)
        while size > 0:
            size -= self.got(self.socket.recv_into(buffer))

    def drop(self, size):
        while size > 0:
            size -= self.got(libc.recv(self.socket.fileno(), None, ctypes.c_size_t(DROPPED), socket.MSG_TRUNC))

    @staticmethod
    def got(count):
        return count if count > 0 else sys.exit("the body ended early")


def put(url, path, headers):
    with open(path, "rb") as file:
        Client(url, headers).send(file, 0, os.path.getsize(path))


def get(url, _, headers):
    client = Client(url, headers)
    client.ask("GET")
    client.read(client.answer())


def drop(url, _, headers):
    client = Client(url, headers)
    client.ask("GET")
    client.drop(client.answer())


def blocks(url, path, headers):
    ids = [base64.b64encode(b"block-%02d" % n).decode() for n in range(BLOCKS)]
    size = os.path.getsize(path) // BLOCKS
    left = iter(range(BLOCKS))  # next() on it is atomic

    def send():
        client = Client(url, headers)
        with open(path, "rb") as file:
            for n in left:
                client.send(file, n * size, size, f"&comp=block&blockid={quote(ids[n], safe='')}")

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    latest = "".join(f"<Latest>{one}</Latest>" for one in ids)
    body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{latest}</BlockList>'.encode()
    client = Client(url, headers)
    client.ask("PUT", "&comp=blocklist", len(body))
    client.socket.sendall(body)
    client.read(client.answer())


def main():
    what, url, path, *headers = sys.argv[1:]
    move = {"put": put, "get": get, "drop": drop, "blocks": blocks}[what]
    best = float("inf")
    for _ in range(3):
        begun = time.perf_counter()
        move(url, path, headers)
        best = min(best, time.perf_counter() - begun)
    print(int(os.path.getsize(path) / (1 << 20) / best))


main()
