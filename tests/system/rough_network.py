"""Two network namespaces, and between them a router of our own that loses, delays, repeats, reorders and cuts.

It can also forget the connections that go through it, as an address translation does after a while or a restart: their
packets vanish from then on, and new connections are fair.

Its two ends are tun devices, one in each namespace; this file run as a program is the router, which copies IP packets
from one to the other. So what crosses it is real TCP of the kernel's, and nothing of pq knows of it. The weather is
told to the router on its stdin, one JSON line for each change, and it answers each with what it has done so far.
"""

from __future__ import annotations

import fcntl
import heapq
import itertools
import json
import os
import random
import selectors
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from program import die_with_parent

HEAD_ADDRESS = "10.77.0.1"
AGENTS_ADDRESS = "10.77.0.2"
PACKET_BYTES_MAX = 65536
PACKETS_WAITING_MAX = 10_000  # then the router drops, as they all do

_TUNSETIFF = 0x400454CA
_IFF_TUN_WITHOUT_HEADERS = 0x1001


@dataclass(frozen=True)
class Weather:
    """Of one direction. Packets overtake each other where `jitter_ms` is not zero."""

    cut: bool = False
    loss: float = 0.0  # of one
    twice: float = 0.0  # of one
    delay_ms: float = 0.0
    jitter_ms: float = 0.0


FAIR = Weather()
CUT = Weather(cut=True)


@dataclass(frozen=True)
class Traffic:
    """Packets since the router's start."""

    carried: int = 0
    lost: int = 0
    repeated: int = 0


class RoughNetwork:
    def __init__(self, head: Path, agents: Path, router: subprocess.Popen[str]) -> None:
        self.head = head  # namespaces, as files
        self.agents = agents
        self._router = router

    def be(self, to_head: Weather, to_agents: Weather) -> Traffic:
        """From now on; packets that are on their way arrive as they would have."""
        return self._tell([asdict(to_head), asdict(to_agents)])

    def _tell(self, what: object) -> Traffic:
        assert self._router.stdin and self._router.stdout
        self._router.stdin.write(json.dumps(what) + "\n")
        self._router.stdin.flush()
        return Traffic(**json.loads(self._router.stdout.readline()))

    def heal(self) -> Traffic:
        return self.be(FAIR, FAIR)

    def forget_connections(self) -> Traffic:
        return self._tell("forget")


# ---------------------------------------------------------------- its making


@contextmanager
def rough_network() -> Iterator[RoughNetwork]:
    """Fair weather at first. Skips the test where this user or this container may not make networks."""
    with ExitStack() as undo:
        try:
            tag = f"pq{os.getpid()}"
            head, agents = (undo.enter_context(namespace(f"{tag}-{side}")) for side in ("head", "agents"))
            devices = [
                undo.enter_context(tun_device(f"{tag}h", head, HEAD_ADDRESS)),
                undo.enter_context(tun_device(f"{tag}a", agents, AGENTS_ADDRESS)),
            ]
        except (OSError, subprocess.CalledProcessError) as error:
            words = error.stderr.strip() if isinstance(error, subprocess.CalledProcessError) else error
            pytest.skip(f"networks cannot be made here (root and /dev/net/tun are needed): {words}")
        router = undo.enter_context(running_router(devices))
        yield RoughNetwork(head, agents, router)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


@contextmanager
def namespace(name: str) -> Iterator[Path]:
    ip("netns", "add", name)
    try:
        ip("-n", name, "link", "set", "lo", "up")
        yield Path("/run/netns") / name
    finally:
        ip("netns", "del", name)


@contextmanager
def tun_device(name: str, into: Path, address: str) -> Iterator[int]:
    """What is read from it was sent in the namespace, and what is written to it arrives there."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    try:
        fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN_WITHOUT_HEADERS))
        ip("link", "set", name, "netns", into.name)
        ip("-n", into.name, "address", "add", f"{address}/30", "dev", name)
        ip("-n", into.name, "link", "set", name, "up")
        yield device
    finally:
        os.close(device)


@contextmanager
def running_router(devices: list[int]) -> Iterator[subprocess.Popen[str]]:
    router = subprocess.Popen(
        [sys.executable, __file__, *(str(device) for device in devices)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=devices,
        preexec_fn=die_with_parent,
    )
    try:
        yield router
    finally:
        router.kill()
        router.communicate()


# ---------------------------------------------------------------- the router itself


class Router:
    def __init__(self, at_head: int, at_agents: int) -> None:
        self.weather = {at_agents: FAIR, at_head: FAIR}  # by where a packet leaves it
        self._leaves_at = {at_head: at_agents, at_agents: at_head}
        self._waiting: list[tuple[float, int, int, bytes]] = []  # due, a number, where, what
        self._numbers = itertools.count()
        self._luck = random.Random(5)
        self._carried = self._lost = self._repeated = 0
        self._at_agents = at_agents
        self._known: set[int] = set()  # connections, by their port on the agents' side
        self._forgotten: set[int] = set()

    def forget(self) -> None:
        self._forgotten |= self._known

    def _is_forgotten(self, packet: bytes, leaves_at: int) -> bool:
        port = port_of(packet, is_sender=leaves_at != self._at_agents)
        if port is not None:
            self._known.add(port)
        return port in self._forgotten

    def traffic(self) -> Traffic:
        return Traffic(self._carried, self._lost, self._repeated)

    def take(self, entered_at: int) -> None:
        """All packets that have come in there."""
        leaves_at = self._leaves_at[entered_at]
        weather = self.weather[leaves_at]
        while True:
            try:
                packet = os.read(entered_at, PACKET_BYTES_MAX)
            except BlockingIOError:
                return
            self._put(packet, leaves_at, weather)
            if self._luck.random() < weather.twice:
                self._repeated += 1
                self._put(packet, leaves_at, weather)

    def _put(self, packet: bytes, leaves_at: int, weather: Weather) -> None:
        is_lost = weather.cut or self._is_forgotten(packet, leaves_at) or self._luck.random() < weather.loss
        if is_lost or len(self._waiting) >= PACKETS_WAITING_MAX:
            self._lost += 1
            return
        delay_s = (weather.delay_ms + self._luck.random() * weather.jitter_ms) / 1000
        heapq.heappush(self._waiting, (time.monotonic() + delay_s, next(self._numbers), leaves_at, packet))

    def deliver(self) -> float | None:
        """All that is due; returns the seconds until the next one is."""
        while self._waiting:
            wait_s = self._waiting[0][0] - time.monotonic()
            if wait_s > 0:
                return wait_s
            _, _, leaves_at, packet = heapq.heappop(self._waiting)
            os.write(leaves_at, packet)
            self._carried += 1
        return None


def port_of(packet: bytes, is_sender: bool) -> int | None:
    """The one or the other end's, of a TCP packet over IPv4."""
    if packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_TCP:
        return None
    at = (packet[0] & 15) * 4 + (0 if is_sender else 2)
    return int.from_bytes(packet[at : at + 2], "big")


def run_router(at_head: int, at_agents: int) -> None:
    router = Router(at_head, at_agents)
    ready = selectors.DefaultSelector()
    for source in (at_head, at_agents, sys.stdin.fileno()):
        ready.register(source, selectors.EVENT_READ)
    while True:
        for key, _ in ready.select(router.deliver()):
            if key.fd != sys.stdin.fileno():
                router.take(key.fd)
                continue
            line = sys.stdin.readline()  # one at a time: each waits for its answer
            if not line:
                return
            told = json.loads(line)
            if told == "forget":
                router.forget()
            else:
                to_head, to_agents = told
                router.weather = {at_head: Weather(**to_head), at_agents: Weather(**to_agents)}
            print(json.dumps(asdict(router.traffic())), flush=True)


if __name__ == "__main__":
    run_router(*(int(word) for word in sys.argv[1:]))
