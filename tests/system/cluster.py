"""A head, its agents and its clients as real processes over one state directory of their own.

A Cluster ends everything that it has started when it is closed, also when a test fails. A head that is
started again listens at the port that the first one was given, as a restarted daemon would.
"""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import schemas
from peer import RETRY_MS, Peer, Speaker
from program import BINARIES, Outcome, Program, clean_environment, die_with_parent
from waiting import PATIENCE_S, eventually

Json = dict[str, Any]

QUICK_BEATS = ("--beat", "100ms")
SHORT_TERM = ("--beat", "100ms", "--lease-term", "2s")


class Cluster:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.state_dir = root / "state"
        self.programs: list[Program] = []
        self.environment = clean_environment(root)
        self.address = "127.0.0.1"
        self.network: Path | None = None  # the namespace of the head and the clients; the tests' own if None
        self._endpoint: str | None = None
        self._head: Program | None = None
        self._numbers = itertools.count(1)
        self._speakers: list[Speaker] = []

    def close(self) -> None:
        """Also more than once."""
        self.close_speakers()
        for program in self.programs:
            program.kill()

    def close_speakers(self) -> None:
        while self._speakers:
            self._speakers.pop().close()

    # ------------------------------------------------------------ processes

    @property
    def head(self) -> Program:
        assert self._head is not None, "no head has been started"
        return self._head

    @property
    def endpoint(self) -> str:
        assert self._endpoint is not None, "no head has been started"
        return self._endpoint

    def start(
        self,
        program: str,
        *words: str,
        name: str = "",
        state_dir: bool = True,
        network: Path | None = None,
    ) -> Program:
        """Any program of pq, in the background."""
        unique = f"{name or program}-{next(self._numbers)}"
        command = (program, *self._where(state_dir), *words)
        started = Program(unique, command, self.root, self.environment, network=network or self.network)
        self.programs.append(started)
        return started

    def spawn_head(self, *flags: str) -> Program:
        """Returns at once."""
        listen = self._endpoint or f"tcp://{self.address}:*"
        self._head = self.start("pqd", "--listen", listen, "--http", "none", *flags)
        return self._head

    def start_head(self, *flags: str) -> Program:
        """Returns as soon as it listens."""
        address = self.state_dir / "head.endpoint"
        head = self.spawn_head(*flags)
        eventually(lambda: " listens on " in head.stderr() or not head.is_running(), "the head listens")
        assert head.is_running(), f"the head has ended:\n{head.stderr()}"
        self._endpoint = address.read_text().strip()
        return head

    def restart_head(self, *flags: str) -> Program:
        """kill -9, and another one in its place."""
        self.head.kill()
        return self.start_head(*flags)

    def spawn_agent(
        self, name: str, *flags: str, slots: int = 1, network: Path | None = None
    ) -> Program:
        """Returns at once."""
        words = ("--name", name, "--slots", str(slots), *flags)
        return self.start("pq-agent", *words, name=name, network=network)

    def start_agent(
        self, name: str, *flags: str, slots: int = 1, network: Path | None = None
    ) -> Program:
        """Returns as soon as the head knows it."""
        agent = self.spawn_agent(name, *flags, slots=slots, network=network)
        known = "the head knows this agent"
        eventually(lambda: known in agent.stderr() or not agent.is_running(), f"{name} is known")
        assert agent.is_running(), f"{name} has ended:\n{agent.stderr()}"
        return agent

    def run(
        self,
        program: str,
        *words: str,
        environment: Mapping[str, str] = {},
        within: float = PATIENCE_S,
        state_dir: bool = True,
    ) -> Outcome:
        """Any program of pq, to its end."""
        ended = subprocess.run(
            [str(BINARIES / program), *self._where(state_dir), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env={**self.environment, **environment},
            timeout=within,
            preexec_fn=partial(die_with_parent, self.network),
        )
        if "--json" in words and program != "pq-agent":
            schemas.check_lines(ended.stdout)
        return Outcome(ended.returncode, ended.stdout, ended.stderr)

    def _where(self, state_dir: bool) -> tuple[str, ...]:
        return ("--state-dir", str(self.state_dir)) if state_dir else ()

    # ------------------------------------------------------------ what users ask

    def ask(self, program: str, *words: str) -> Json:
        """The one JSON line of a command that must succeed."""
        outcome = self.run(program, *words, "--json")
        assert outcome.status == 0, outcome
        return json.loads(outcome.stdout)

    def submit(self, range_text: str, *flags: str) -> int:
        outcome = self.run("pq-submit", "--range", range_text, *flags)
        assert outcome.status == 0, outcome
        return int(outcome.stdout)

    def job(self, job: int) -> Json:
        return self.ask("pq-status", str(job))

    def agents(self) -> dict[str, Json]:
        return {agent["name"]: agent for agent in self.ask("pq-agents")["agents"]}

    def wait(self, job: int, within: float = 2 * PATIENCE_S) -> Json:
        """The job at its end, whatever that is."""
        outcome = self.run("pq-wait", str(job), "--json", "--timeout", f"{within:.0f}s", within=within + 30)
        assert outcome.status in (0, 1, 5), outcome
        return json.loads(outcome.stdout)

    def verify(self, job: int) -> None:
        outcome = self.run("pq-verify", str(job))
        assert outcome.status == 0, outcome

    def progress(self, job: int, beyond: int = 0, within: float = PATIENCE_S) -> Json:
        """The job as soon as more than `beyond` of its integers are done."""

        def seen() -> Json | None:
            report = self.job(job)
            return report if int(report["done"]) > beyond else None

        return eventually(seen, f"more than {beyond} integers of job {job} are done", within)

    # ------------------------------------------------------------ peers that speak by hand

    def key(self, name: str) -> tuple[str, str]:
        """The public and the secret key of keys/NAME.key."""
        lines = (self.state_dir / "keys" / f"{name}.key").read_text().splitlines()
        words = dict(line.split() for line in lines)
        return words["public"], words["secret"]

    def head_key(self) -> str:
        return (self.state_dir / "head.public").read_text().strip()

    def speaker(
        self,
        keys: tuple[str, str] | None,
        head_key: str | None = None,
        retry_ms: int = RETRY_MS,
        options: Mapping[int, int] = {},
    ) -> Speaker:
        """A socket with these keys, or with none. It looks for a head that is away every `retry_ms`."""
        made = Speaker(self.endpoint, head_key or self.head_key(), keys, retry_ms, options)
        self._speakers.append(made)
        return made

    def hang_up(self, speaker: Speaker) -> None:
        self._speakers.remove(speaker)
        speaker.close()

    def peer(self, key_name: str = "operator") -> Peer:
        return Peer(self.speaker(self.key(key_name)))

