"""A tunnel to the head, as one by ssh or a load balancer: it takes connections and opens one of its own for each.

When it falls dumb, the connections that go through it stay open and lead nowhere, which no kernel can see; new ones
go through.
"""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress

BYTES_AT_ONCE = 1 << 16


class Tunnel:
    def __init__(self, endpoint: str) -> None:
        host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
        self._head = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ready = selectors.DefaultSelector()
        self._ready.register(self._listener, selectors.EVENT_READ)
        self._other_end: dict[socket.socket, socket.socket] = {}
        self._dumb: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"

    def connections(self) -> int:
        with self._lock:
            return len(self._other_end) // 2

    def fall_dumb(self) -> int:
        """Returns how many connections lead nowhere now."""
        with self._lock:
            self._dumb = set(self._other_end)
        return len(self._dumb) // 2

    def close(self) -> None:
        self._is_closed = True
        self._thread.join()

    def _run(self) -> None:
        while not self._is_closed:
            for key, _ in self._ready.select(0.05):
                with self._lock:
                    self._take(key.fileobj)
        for end in [self._listener, *self._other_end]:
            end.close()

    def _take(self, end: object) -> None:
        if end is self._listener:
            self._connect(self._listener.accept()[0])
        elif isinstance(end, socket.socket) and end in self._other_end:
            self._pass_on(end)

    def _connect(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(self._head)
        except OSError:
            return near.close()
        for end, other in ((near, far), (far, near)):
            self._other_end[end] = other
            self._ready.register(end, selectors.EVENT_READ)

    def _pass_on(self, end: socket.socket) -> None:
        other = self._other_end[end]
        received = b""
        with suppress(OSError):
            received = end.recv(BYTES_AT_ONCE)
            if received and end not in self._dumb:
                other.sendall(received)
        if not received:
            for each in (end, other):
                self._ready.unregister(each)
                del self._other_end[each]
                each.close()
