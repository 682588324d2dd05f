"""The conversation with the head: questions that are asked again until they are answered, also across a restart of it.

That is safe for every message of a client: repeating one never does anything twice. One thread owns the socket;
any thread may ask.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from contextlib import suppress
from enum import Enum
from itertools import count
from typing import Any, Callable

import zmq
from zmq.utils.monitor import recv_monitor_message

from .credentials import Credentials, CredentialsMissing, Sources
from .errors import Error, HeadUnreachable, Refused
from .wire import MESSAGE_BYTES_MAX, Message, pack, unpack

log = logging.getLogger("pq")

FIRST_CONTACT_S = 5.0
GREETING_S = 20.0  # the same where nothing speaks against a head that is only busy
GREETING_BY_HEAD_S = 4.0  # and a head that is busy does not hang up sooner
REFUSAL_USUAL_S = 0.2  # where nobody listens that is known sooner
ANSWER_S = 2.0  # unanswered for longer: the question or the answer was lost
MUTE_S = 13.0  # late by more, asked anew or not, and nothing else heard: the connection leads nowhere
BETWEEN_SENDS_S = 0.01  # of a message that the socket does not take yet
BETWEEN_LOOKS_S = 0.1  # for a head that is starting, or has come back elsewhere
REDIAL_S = 1.0
AWAY_TOLD_AFTER_S = 1.0
CLOSING_S = 1.0
REFUSED_FOR_NOW = 500  # the head's answer to a key that is let in, but not now
NEVER = float("inf")

_WATCHED = (
    zmq.EVENT_CONNECTED
    | zmq.EVENT_CONNECT_RETRIED
    | zmq.EVENT_DISCONNECTED
    | zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)
_monitors = count(1)


class NoAnswer(HeadUnreachable):
    """None within the patience of this question; the head may still be there."""


class Link(Enum):
    CONNECTING = "connecting"
    UP = "up"
    NOBODY_LISTENS = "nobody listens"
    KEY_REFUSED = "key refused"
    COME_AGAIN = "come again"
    WRONG_HEAD = "wrong head"


class Question:
    """One that is under way. `late_after_s` without an answer, it is sent again."""

    def __init__(
        self, kind: str, fields: Message, late_after_s: float, patience: float, then: Callable[[], None] | None
    ) -> None:
        self.kind = kind
        self.fields = fields
        self.late_after_s = late_after_s
        self.patience = patience
        self.give_up_at = time.monotonic() + patience
        self.send_at = 0.0
        self.mute_at = NEVER  # when a connection that has brought nothing since it was asked is given up
        self.bytes = b""
        self.ended = threading.Event()
        self._then = then
        self._answer: Message | None = None
        self._failure: Error | None = None

    def end(self, answer: Message | None = None, failure: Error | None = None) -> None:
        self._answer, self._failure = answer, failure
        self.ended.set()
        if self._then:
            self._then()

    def answer(self) -> Message:
        """Once it has ended. A refusal is an exception."""
        if self._failure is not None:
            raise self._failure
        assert self._answer is not None, "a question ends with an answer or a failure"
        if self._answer["t"] == "refusal":
            raise Refused(str(self._answer.get("word", "")), str(self._answer.get("detail", "")))
        return self._answer


class Dealer:
    """The socket of one set of credentials, and what is known of its link. Used by one thread."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], credentials: Credentials) -> None:
        self.link = Link.CONNECTING
        self._connected_at = 0.0
        self._is_connected = False  # since then
        self.redial_at = NEVER
        self._credentials = credentials
        self._is_hanging_up = False  # disconnected, and libzmq has not said yet that it tries again
        self.socket = context.socket(zmq.DEALER)
        self._configure(self.socket)
        events = f"inproc://pq.monitor.{next(_monitors)}"
        self.socket.monitor(events, _WATCHED)
        self.monitor = context.socket(zmq.PAIR)
        self.monitor.setsockopt(zmq.LINGER, 0)
        self.monitor.setsockopt(zmq.RCVHWM, 0)  # the I/O thread would wait for an owner who does not look
        self.monitor.connect(events)
        self._dial()

    def _configure(self, socket: zmq.Socket[bytes]) -> None:
        credentials = self._credentials
        options: dict[int, int] = {
            zmq.LINGER: 300,
            zmq.MAXMSGSIZE: MESSAGE_BYTES_MAX,
            # The kernel finds half-open connections; ZMTP heartbeats would burden the head (PROTOCOL.md, 2).
            zmq.TCP_KEEPALIVE: 1,
            zmq.TCP_KEEPALIVE_IDLE: 15,
            zmq.TCP_KEEPALIVE_INTVL: 5,
            zmq.TCP_KEEPALIVE_CNT: 3,
            zmq.TCP_MAXRT: 20000,
            zmq.IMMEDIATE: 1,  # a message that waited for a head to come would be out of date
            zmq.RECONNECT_IVL: 100,
            zmq.CONNECT_TIMEOUT: 10000,
            zmq.IPV6: int("[" in credentials.endpoint),
        }
        for option, value in options.items():
            socket.setsockopt(option, value)
        socket.setsockopt(zmq.CURVE_SERVERKEY, credentials.head_key.encode())
        socket.setsockopt(zmq.CURVE_PUBLICKEY, credentials.public_key.encode())
        socket.setsockopt(zmq.CURVE_SECRETKEY, credentials.secret_key.encode())

    def _dial(self) -> None:
        try:
            self.socket.connect(self._credentials.endpoint)
        except zmq.ZMQError as error:
            raise HeadUnreachable(
                f"cannot connect to {self._credentials.endpoint}: {error.strerror}; pass head='tcp://HOST:PORT'"
            ) from None

    def ungreeted_since(self) -> float | None:
        """Since when a connection stands on which nobody has greeted: a head that is stopped or busy."""
        return self._connected_at if self._is_connected and self.link is Link.CONNECTING else None

    def close(self) -> None:
        self.socket.disable_monitor()
        self.monitor.close()
        self.socket.close()

    def send(self, message: bytes) -> bool:
        try:
            self.socket.send(message, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def receive(self) -> bytes | None:
        """The next frame that is a whole message, if there is one."""
        with suppress(zmq.Again):
            while True:
                frames = self.socket.recv_multipart(zmq.NOBLOCK)
                if len(frames) == 1:
                    return frames[0]
        return None

    def follow_events(self, now: float) -> None:
        while self.monitor.poll(0):
            happened = recv_monitor_message(self.monitor)
            self._follow(happened["event"], happened["value"], now)
        # libzmq never tries again after a connection that broke its protocol: a web server at that port would
        # silence this client for good, also after the head has its port back.
        if now >= self.redial_at:
            self.redial_at = NEVER
            self._is_hanging_up = False
            with suppress(zmq.ZMQError):
                self.socket.disconnect(self._credentials.endpoint)
            self._dial()

    def _follow(self, event: int, value: int, now: float) -> None:
        if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self.link = Link.UP
        elif event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            self.link = Link.COME_AGAIN if value == REFUSED_FOR_NOW else Link.KEY_REFUSED
        elif event in (zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL, zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL):
            self.link = Link.WRONG_HEAD
        elif event == zmq.EVENT_CONNECTED:
            self._connected_at = now
            self._is_connected = True
            if self.link is Link.NOBODY_LISTENS:
                self.link = Link.CONNECTING
        elif event == zmq.EVENT_DISCONNECTED and self.link is not Link.KEY_REFUSED:
            self._is_connected = False
            # Without a handshake before it, and soon: an end of the line that speaks something else. A busy head
            # hangs up who has waited for it for five seconds.
            is_pq = self.link is Link.UP or now > self._connected_at + GREETING_BY_HEAD_S
            if self.link is not Link.COME_AGAIN:
                self.link = Link.CONNECTING if is_pq else Link.WRONG_HEAD
            self._is_hanging_up = True
            self.redial_at = now + REDIAL_S
        elif event == zmq.EVENT_CONNECT_RETRIED:
            # The first one after a connection only tells that there will be another attempt.
            if not self._is_hanging_up:
                self.link = Link.NOBODY_LISTENS
            self._is_hanging_up = False
            self.redial_at = NEVER


class Connection:
    """Connects with the first question, and again after a fork of the process."""

    def __init__(self, sources: Sources, timeout: float) -> None:
        self._sources = sources
        self._timeout = timeout
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._is_closed = False
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._new: deque[Question] = deque()
        self._open: dict[int, Question] = {}
        self._numbers = count(1)
        self._credentials: Credentials | None = None
        self._missing = ""  # why there are no credentials yet
        self._dealer: Dealer | None = None
        self._look_at = 0.0
        self._connected_at = 0.0
        self._contact_until = NEVER
        self._has_been_up = False
        self._away_since: float | None = None
        self._is_away_told = False

    # ------------------------------------------------------------ any thread

    def ask(self, kind: str, fields: Message, expected: str, **how: Any) -> Message:
        """The answer of this type, or an exception: HeadUnreachable, or Refused."""
        answer = self._answer_to(kind, fields, **how)
        if answer["t"] != expected:
            raise HeadUnreachable(
                f"the head answered {kind} by {answer['t']!r}, not {expected!r}: install the same pq on both sides"
            )
        return answer

    def _answer_to(
        self, kind: str, fields: Message, patience: float | None = None, late_after_s: float = ANSWER_S
    ) -> Message:
        within = self._timeout if patience is None else patience
        question = self.put(kind, fields, late_after_s, within)
        try:
            question.ended.wait()
        finally:
            question.ended.set()  # interrupted: nobody waits for it any more
        return question.answer()

    def put(
        self,
        kind: str,
        fields: Message,
        late_after_s: float,
        patience: float = NEVER,
        then: Callable[[], None] | None = None,
    ) -> Question:
        """Asks without waiting. `then` is called by the connection's own thread: it must not ask or wait."""
        question = Question(kind, fields, late_after_s, patience, then)
        if self._pid != os.getpid():
            self._reset()  # the thread has stayed in the parent
        with self._starting:
            if self._is_closed:
                raise HeadUnreachable("this client has been closed")
            if self._thread is None:
                self._wake_reader, self._wake_writer = os.pipe()
                os.set_blocking(self._wake_reader, False)
                os.set_blocking(self._wake_writer, False)
                self._thread = threading.Thread(target=self._run, name="pq-connection", daemon=True)
                self._thread.start()
            self._new.append(question)
            self._wake()
        return question

    def close(self) -> None:
        """What is still asked fails. Also more than once."""
        if self._pid != os.getpid():
            return
        with self._starting:
            if self._is_closed:
                return
            self._is_closed = True
            thread = self._thread
            if thread is not None:
                self._wake()
        if thread is not None and thread is not threading.current_thread():
            thread.join(CLOSING_S)

    def _wake(self) -> None:
        with suppress(BlockingIOError):  # full: it wakes anyway
            os.write(self._wake_writer, b"\0")

    def _endpoint(self) -> str:
        return self._credentials.endpoint if self._credentials else "an unknown address"

    # ------------------------------------------------------------ the connection's own thread

    def _run(self) -> None:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        try:
            while not self._is_closed:
                self._turn(context, time.monotonic())
        finally:
            self._is_closed = True
            self._take_new(0)
            self._fail_all(HeadUnreachable("this client has been closed"))
            self._hang_up()
            context.term()
            os.close(self._wake_reader)
            os.close(self._wake_writer)

    def _turn(self, context: zmq.Context[zmq.Socket[bytes]], now: float) -> None:
        self._take_new(now)
        self._open = {number: question for number, question in self._open.items() if not question.ended.is_set()}
        try:
            if self._dealer:
                self._dealer.follow_events(now)
            if self._open:
                self._look_after_link(context, now)
        except Error as failure:
            self._hang_up()
            self._fail_all(failure)
            self._has_been_up, self._away_since = False, None
        self._give_up(now)
        is_up = self._dealer is not None and self._dealer.link is Link.UP
        if is_up and any(now >= question.mute_at for question in self._open.values()):
            self._hang_up()
            self._note_away(now)
            is_up = False
        if is_up:
            self._send_due(now)
        self._sleep(is_up, now)
        self._receive()

    def _take_new(self, now: float) -> None:
        with suppress(BlockingIOError):
            os.read(self._wake_reader, 4096)
        while self._new:
            question = self._new.popleft()
            if not self._open and not self._has_been_up:
                self._contact_until = now + min(FIRST_CONTACT_S, self._timeout)
            number = next(self._numbers)
            question.bytes = pack(question.kind, number, question.fields)
            self._open[number] = question

    def _look_after_link(self, context: zmq.Context[zmq.Socket[bytes]], now: float) -> None:
        """Raises what cannot be waited out."""
        if self._dealer is None or self._dealer.link not in (Link.UP, Link.KEY_REFUSED):
            self._look_for_head(context, now)
        link = self._dealer.link if self._dealer else Link.CONNECTING
        if link is Link.UP:
            self._note_up()
        elif link is Link.KEY_REFUSED:
            raise HeadUnreachable(
                f"the head at {self._endpoint()} does not know this key: ask for one made by pq-key new"
            )
        elif self._has_been_up:
            self._note_away(now)
        elif now >= self._contact_until + self._more_patience(now):
            raise HeadUnreachable(self._no_contact_text(now))

    def _note_up(self) -> None:
        if self._away_since is not None or not self._has_been_up:
            for question in self._open.values():
                question.send_at, question.mute_at = 0, NEVER  # what was asked before is lost
        if self._is_away_told:
            log.warning("the head at %s is back", self._endpoint())
        self._has_been_up, self._away_since, self._is_away_told = True, None, False

    def _note_away(self, now: float) -> None:
        if self._away_since is None:
            self._away_since = now
        elif now > self._away_since + AWAY_TOLD_AFTER_S and not self._is_away_told:
            log.warning("the head at %s does not answer; retrying until it does", self._endpoint())
            self._is_away_told = True

    def _is_greeting(self, now: float) -> bool:
        """The attempt to connect was neither refused nor did it fail: somebody may be there and be slow."""
        dealer = self._dealer
        return dealer is not None and dealer.link is Link.CONNECTING and now > self._connected_at + REFUSAL_USUAL_S

    def _more_patience(self, now: float) -> float:
        is_to_come_again = self._dealer is not None and self._dealer.link is Link.COME_AGAIN
        if not self._is_greeting(now) and not is_to_come_again:
            return 0.0
        return min(GREETING_S, self._timeout) - min(FIRST_CONTACT_S, self._timeout)

    def _no_contact_text(self, now: float) -> str:
        if self._credentials is None:
            return self._missing
        if self._dealer and self._dealer.link is Link.WRONG_HEAD:
            return (
                f"{self._endpoint()} is not the head that this key belongs to: pass the key= or state_dir= of that head"
            )
        if self._dealer and self._dealer.link is Link.COME_AGAIN:
            return (
                f"the head at {self._endpoint()} lets nobody new in for now: its clock has jumped and it cannot tell "
                "whether this key has expired, or it has hardly any descriptors left; try again in a minute"
            )
        since = self._dealer.ungreeted_since() if self._dealer else None
        if since is not None:
            return self._silence_text(now - since)
        if self._is_greeting(now):
            return (
                f"{self._endpoint()} has not answered yet: its machine is away, or a firewall drops what is sent "
                "there; try again, or pass head="
            )
        return f"no head answers at {self._endpoint()}: start pqd there, or pass head="

    def _silence_text(self, silent_s: float) -> str:
        """It is there, so starting another one is no remedy."""
        return (
            f"connected to {self._endpoint()}, but it has been silent for {silent_s:.1f} s: the head there is stopped "
            "or busy; look at it, or pass a longer timeout="
        )

    def _no_answer_text(self, waited_s: float) -> str:
        dealer = self._dealer
        if dealer and (dealer.link is Link.UP or dealer.ungreeted_since() is not None):
            return self._silence_text(waited_s)
        return f"the head at {self._endpoint()} has not answered within {waited_s:g} s"

    def _look_for_head(self, context: zmq.Context[zmq.Socket[bytes]], now: float) -> None:
        """Makes the socket as soon as there are credentials, and a new one when they have changed."""
        if now < self._look_at:
            return
        self._look_at = now + BETWEEN_LOOKS_S
        try:
            found = self._sources.find()
        except CredentialsMissing as missing:
            self._missing = str(missing)
            if not missing.may_come and not self._has_been_up:
                raise HeadUnreachable(self._missing) from None
            return
        if self._dealer and found == self._credentials:
            return
        self._hang_up()
        self._credentials = found
        self._dealer = Dealer(context, found)
        self._connected_at = now

    def _give_up(self, now: float) -> None:
        for number in [number for number, question in self._open.items() if now >= question.give_up_at]:
            question = self._open.pop(number)
            late = self._no_answer_text(question.patience) if self._has_been_up else self._no_contact_text(now)
            question.end(failure=NoAnswer(late))

    def _send_due(self, now: float) -> None:
        assert self._dealer is not None
        for question in self._open.values():
            if now >= question.send_at:
                is_sent = self._dealer.send(question.bytes)
                if is_sent and question.mute_at == NEVER:
                    question.mute_at = now + question.late_after_s + MUTE_S
                question.send_at = now + (question.late_after_s if is_sent else BETWEEN_SENDS_S)

    def _sleep(self, is_up: bool, now: float) -> None:
        poller = zmq.Poller()
        poller.register(self._wake_reader, zmq.POLLIN)
        until = NEVER
        if self._dealer:
            poller.register(self._dealer.socket, zmq.POLLIN)
            poller.register(self._dealer.monitor, zmq.POLLIN)
            until = self._dealer.redial_at
        if self._open:
            due = min(min(q.send_at, q.mute_at) for q in self._open.values()) if is_up else now + BETWEEN_LOOKS_S
            until = min(until, due, min(question.give_up_at for question in self._open.values()))
        poller.poll(None if until == NEVER else int(max(0.0, until - time.monotonic()) * 1000) + 1)

    def _receive(self) -> None:
        is_heard = False
        while self._dealer:
            frame = self._dealer.receive()
            if frame is None:
                break
            is_heard = True
            message = unpack(frame)
            number = message.get("q", 0) if message else 0
            if message is None or (number == 0 and message["t"] == "refusal"):
                # A head that could not read a question at all does not know its number either.
                detail = message.get("detail", "") if message else "not a message of this protocol"
                self._fail_all(HeadUnreachable(f"not understood ({detail}): install the same pq on both sides"))
            elif number in self._open:
                self._open.pop(number).end(answer=message)
        if is_heard:
            mute_at = time.monotonic() + MUTE_S
            for question in self._open.values():
                question.mute_at = max(question.mute_at, mute_at)

    def _fail_all(self, failure: Error) -> None:
        while self._open:
            self._open.popitem()[1].end(failure=failure)

    def _hang_up(self) -> None:
        if self._dealer:
            self._dealer.close()
            self._dealer = None
