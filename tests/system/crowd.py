"""A crowd of connections that mean no good, as a process of its own: it has its own bound on descriptors, and the
tests' own clocks do not wait for it.

    crowd.py idle HOST PORT COUNT FROM          opens them, says so, and waits until all have been dropped
    crowd.py garbage HOST PORT PER_SECOND FROM  opens so many a second with bytes that are not pq, until its stdin ends

FROM is the loopback address that they come from: each has ports of its own.
"""

from __future__ import annotations

import select
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator

from program import die_with_parent
from waiting import PATIENCE_S

NULL_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL".ljust(23, b"\0") + bytes(32)
CURVE_GREETING = NULL_GREETING.replace(b"NULL\0", b"CURVE")
GARBAGE = [
    b"",
    b"GET / HTTP/1.1\r\nHost: pq\r\n\r\n",
    bytes(range(256)),
    NULL_GREETING,
    CURVE_GREETING + b"\x04\x26\x05HELLO" + bytes(32),
    b"\xff" * 4096,
]
OPEN_AT_ONCE_MAX = 500  # of those with garbage
_IP_BIND_ADDRESS_NO_PORT = 24


class Crowd:
    def __init__(self, what: str, endpoint: str, number: int, source: str) -> None:
        host, port = endpoint.removeprefix("tcp://").split(":")
        self._process = subprocess.Popen(
            [sys.executable, __file__, what, host, port, str(number), source],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,
        )

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def says(self) -> int:
        """The next number that it tells: connections opened, or dropped by the head."""
        assert self._process.stdout
        ready, _, _ = select.select([self._process.stdout], [], [], PATIENCE_S)
        assert ready, f"within {PATIENCE_S:g} s not all connections were opened, or not all were dropped"
        return int(self._process.stdout.readline())

    def stop(self) -> int:
        """How many it has opened."""
        assert self._process.stdin
        self._process.stdin.close()
        return self.says()


def connect(host: str, port: int, source: str) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
    made.bind((source, 0))
    made.settimeout(30)
    made.connect((host, port))
    return made


def idle(host: str, port: int, count: int, source: str) -> None:
    """Of three connections one says nothing, and two say no more than a greeting or a part of one."""
    beginnings = [b"", CURVE_GREETING, CURVE_GREETING[:11]]
    still_open = {}
    dropped = select.epoll()
    for number in range(count):
        made = connect(host, port, source)
        made.sendall(beginnings[number % len(beginnings)])
        dropped.register(made, select.EPOLLRDHUP | select.EPOLLET)
        still_open[made.fileno()] = made
    print(count, flush=True)
    while still_open:
        for fd, _ in dropped.poll():
            still_open.pop(fd).close()
    print(count, flush=True)


def garbage(host: str, port: int, per_second: int, source: str) -> None:
    still_open: deque[socket.socket] = deque()
    opened = 0
    for _ in ticks(per_second):
        made = connect(host, port, source)
        try:
            made.sendall(GARBAGE[opened % len(GARBAGE)])
        except ConnectionError:
            pass  # hung up on already
        still_open.append(made)
        opened += 1
        if len(still_open) > OPEN_AT_ONCE_MAX:
            still_open.popleft().close()
    print(opened, flush=True)


def ticks(per_second: int) -> Iterator[None]:
    """At that rate on average, until stdin ends."""
    began = time.monotonic()
    count = 0
    while True:
        wait_s = began + count / per_second - time.monotonic()
        if select.select([sys.stdin], [], [], max(wait_s, 0))[0]:
            return
        yield
        count += 1


if __name__ == "__main__":
    _, what, host, port, number, source = sys.argv
    {"idle": idle, "garbage": garbage}[what](host, int(port), int(number), source)
