"""Peers that speak the protocol by hand (common/protocol/PROTOCOL.md), so that they can also break it.

Speaker is a socket and its handshake; Peer asks as a client does; HandAgent is an agent that computes nothing
by itself: a test decides what it claims, and when.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgpack
import zmq
from zmq.utils.monitor import recv_monitor_message

from waiting import PATIENCE_S

Message = dict[str, Any]
LeaseId = tuple[int, int]

PROTOCOL_VERSION = 1
RETRY_MS = 100
HANDSHAKES = (
    zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)

_numbers = itertools.count(1)


def random_bits() -> int:
    return random.getrandbits(64)


def pack(kind: str, fields: Message, version: int = PROTOCOL_VERSION) -> bytes:
    return msgpack.packb({"v": version, "t": kind, **fields})


def read(message: bytes) -> Message:
    return msgpack.unpackb(message)


class Speaker:
    """A DEALER. Without keys it speaks the NULL mechanism: no encryption, no name."""

    def __init__(
        self,
        endpoint: str,
        head_key: str,
        keys: tuple[str, str] | None,
        retry_ms: int = RETRY_MS,
        options: Mapping[int, int] = {},
    ) -> None:
        context = zmq.Context.instance()
        self._socket = context.socket(zmq.DEALER)
        self._socket.linger = 0
        self._socket.reconnect_ivl = retry_ms
        for option, value in options.items():
            self._socket.setsockopt(option, value)
        if keys is not None:
            self._socket.curve_publickey, self._socket.curve_secretkey = (key.encode() for key in keys)
            self._socket.curve_serverkey = head_key.encode()
        events = f"inproc://events-of-speaker-{next(_numbers)}"
        self._socket.monitor(events, HANDSHAKES | zmq.EVENT_DISCONNECTED)
        self._monitor = context.socket(zmq.PAIR)
        self._monitor.rcvhwm = 0  # with a bound, ZeroMQ's own thread would wait for a test that does not look
        self._monitor.connect(events)
        self._socket.connect(endpoint)

    def close(self) -> None:
        self._socket.disable_monitor()
        self._monitor.close(linger=0)
        self._socket.close()

    def send(self, *frames: bytes) -> None:
        """Dropped where the head has hung up for good; a send that waits would do so for ever."""
        with suppress(zmq.Again):
            self._socket.send_multipart(frames, zmq.NOBLOCK)

    def receive(self, within: float = PATIENCE_S) -> bytes | None:
        """The next message, or None if none comes within that many seconds."""
        if not self._socket.poll(int(within * 1000)):
            return None
        frames = self._socket.recv_multipart()
        assert len(frames) == 1, f"the head sends one frame a message, not {frames!r}"
        return frames[0]

    def expect_event(self, *expected: zmq.Event) -> None:
        """Waits until a handshake ends in one of these ways; others may come before."""
        deadline = time.monotonic() + PATIENCE_S
        seen: list[zmq.Event] = []
        while not seen or seen[-1] not in expected:
            assert time.monotonic() < deadline, f"none of {expected} within {PATIENCE_S:g} s, but {seen}"
            if self._monitor.poll(1000):
                seen.append(zmq.Event(recv_monitor_message(self._monitor)["event"]))


    def events(self) -> list[zmq.Event]:
        """Those that have not been looked at."""
        seen = []
        while self._monitor.poll(0):
            seen.append(zmq.Event(recv_monitor_message(self._monitor)["event"]))
        return seen


class Peer:
    """One who asks: each question carries a number, and its answer the same."""

    def __init__(self, speaker: Speaker) -> None:
        self.speaker = speaker
        self._asked = 0

    def send(self, kind: str, **fields: Any) -> int:
        self._asked += 1
        self.speaker.send(pack(kind, {"q": self._asked, **fields}))
        return self._asked

    def receive(self, within: float = PATIENCE_S) -> Message:
        answer = self.speaker.receive(within)
        assert answer is not None, f"the head has not answered within {within:g} s"
        return read(answer)

    def receive_or_none(self, within: float) -> Message | None:
        answer = self.speaker.receive(within)
        return None if answer is None else read(answer)

    def ask(self, kind: str, **fields: Any) -> Message:
        question = self.send(kind, **fields)
        answer = self.receive()
        assert answer.get("q") == question, f"an answer to another question than {question}: {answer}"
        return answer

    def hears_nothing(self, for_s: float) -> bool:
        return self.speaker.receive(for_s) is None

    def submit(
        self, begin: int, end: int, kernel: str = "primes", request: list[int] | None = None
    ) -> Message:
        return self.ask("submit", id=request or new_request(), spec=job_spec(begin, end, kernel))


def new_request() -> list[int]:
    return [random_bits(), random_bits()]


def job_spec(begin: int, end: int, kernel: str = "primes") -> Message:
    return {
        "range": [begin, end],
        "kernel": kernel,
        "fold": "sum",
        "name": "",
        "priority": 0,
        "attempts_max": 3,
        "failures_max": 100,
    }


class Lease:
    """A lease as its holder sees it; a test moves `upto`, `value` and `end`."""

    def __init__(self, order: Message) -> None:
        self.id: LeaseId = (order["lease"][0], order["lease"][1])
        self.job: int = order["job"]
        self.begin, self.end = order["range"]
        self.upto: int = self.begin
        self.value: int | float | bytes | None = None

    def commit(self, upto: int, value: int | float | bytes) -> None:
        self.upto, self.value = upto, value

    def view(self) -> Message:
        view: Message = {"lease": list(self.id), "begin": self.begin, "upto": self.upto, "end": self.end}
        return view if self.value is None else {**view, "value": self.value}


SIEVES = ("primes", "twins", "triplets", "quadruplets", "quintuplets", "sextuplets")


class HandAgent:
    """An agent by hand: it takes what it is given, and says what it is told to say."""

    def __init__(
        self, speaker: Speaker, name: str = "by-hand", slots: int = 1, kernels: tuple[str, ...] = SIEVES
    ) -> None:
        self.name = name
        self.slots = slots
        self.kernels = kernels
        self.version = PROTOCOL_VERSION
        self.incarnation = random_bits()
        self.held: dict[LeaseId, Lease] = {}
        self._seq = 0
        self._epoch = 0
        self._orders_seen = 0
        self.speak_through(speaker)

    def speak_through(self, speaker: Speaker) -> None:
        """Introduces itself; also once more, to a head that was started again."""
        self.speaker = speaker
        self._say("hello", version="0", slots=self.slots, kernels=list(self.kernels), labels=[])
        welcome = self._hear()
        assert welcome["t"] == "welcome", welcome

    def _say(self, kind: str, **fields: Any) -> None:
        who = {"name": self.name, "incarnation": self.incarnation}
        self.speaker.send(pack(kind, {**who, **fields}, self.version))

    def _hear(self) -> Message:
        message = self.speaker.receive()
        assert message is not None, f"the head has not answered {self.name}"
        return msgpack.unpackb(message)

    def beat(self, draining: bool = False) -> Message:
        """Tells all that it holds, and follows the answer: a lease that is not confirmed is gone."""
        self.say_beat(draining)
        orders = self._hear()
        if orders["t"] == "orders":
            self._follow(orders)
        return orders

    def say_beat(self, draining: bool = False) -> None:
        self._seq += 1
        self._say(
            "beat",
            seq=self._seq,
            epoch=self._epoch,
            orders_seen=self._orders_seen,
            leases=[lease.view() for lease in self.held.values()],
            paces=[],
            draining=draining,
        )

    def say_goodbye(self) -> None:
        self._say("goodbye")

    def _follow(self, orders: Message) -> None:
        if orders["epoch"] == self._epoch and orders["number"] <= self._orders_seen:
            return
        self._epoch, self._orders_seen = orders["epoch"], orders["number"]
        confirmed = {tuple(order["lease"]): order for order in orders["leases"]}
        self.held = {id: lease for id, lease in self.held.items() if id in confirmed}
        for id, order in confirmed.items():
            if id not in self.held:
                self.held[id] = Lease(order)

    def beat_until_it_holds(self, leases: int, within: float = PATIENCE_S) -> list[Lease]:
        """Each beat waits for its answer, so this needs no pause of its own."""
        deadline = time.monotonic() + within
        while len(self.held) < leases:
            self.beat()
            assert time.monotonic() < deadline, f"{self.name} holds {len(self.held)} leases, not {leases}"
        return list(self.held.values())


def word_of(answer: Message | bytes) -> str:
    """The error word of a refusal; any other answer fails."""
    message = msgpack.unpackb(answer) if isinstance(answer, bytes) else answer
    assert message["t"] == "refusal", f"this should have been refused: {message}"
    return message["word"]
