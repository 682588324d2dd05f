"""A Prometheus of a test's own, from Debian's package, that scrapes one head; and promtool."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from program import Outcome, Program, clean_environment
from waiting import eventually

MONITORING = Path(__file__).resolve().parents[2] / "deploy" / "monitoring"
RULES = MONITORING / "pq.rules.yml"


def installed(program: str) -> str:
    path = shutil.which(program)
    assert path, f"there is no {program}; run deploy/install-dependencies.sh --tests"
    return path


def promtool(*words: str, stdin: str = "") -> Outcome:
    ended = subprocess.run([installed("promtool"), *words], input=stdin, capture_output=True, text=True, timeout=60)
    return Outcome(ended.returncode, ended.stdout, ended.stderr)


def free_port() -> int:
    """Nobody's at this moment; Prometheus does not tell which one it was given."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Prometheus:
    def __init__(self, directory: Path, target: str) -> None:
        """Scrapes `target` several times a second, by the example of deploy/monitoring and with its rules."""
        example = (MONITORING / "prometheus.yml").read_text()
        config = example.replace("127.0.0.1:7701", target).replace(": 15s", ": 200ms")
        assert target in config and "200ms" in config, "the example has changed"
        directory.mkdir()
        (directory / "prometheus.yml").write_text(config)
        shutil.copy(RULES, directory)
        self._address = f"127.0.0.1:{free_port()}"
        self._program = Program(
            "prometheus",
            (installed("prometheus"), f"--config.file={directory}/prometheus.yml",
             f"--storage.tsdb.path={directory}/data", f"--web.listen-address={self._address}"),
            directory, clean_environment(directory))
        try:
            eventually(self._is_ready, "Prometheus is ready")
        except AssertionError as error:
            self.close()
            raise AssertionError(f"{error}\n{self._program.stderr()}") from None

    def close(self) -> None:
        self._program.kill()

    def ask(self, page: str, **question: str) -> Any:
        """What its API answers, which must be no error."""
        url = f"http://{self._address}/api/v1/{page}?{urllib.parse.urlencode(question)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                told = json.load(answer)
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"{question}: {refused.read().decode()}") from None
        assert told["status"] == "success", told
        return told["data"]

    def samples(self, query: str) -> list[tuple[dict[str, str], float]]:
        """Of an instant query: labels and value of each series."""
        result = self.ask("query", query=query)["result"]
        return [(sample["metric"], float(sample["value"][1])) for sample in result]

    def value(self, query: str) -> float | None:
        """Of the only series; None if there is none yet."""
        samples = self.samples(query)
        assert len(samples) <= 1, samples
        return samples[0][1] if samples else None

    def _is_ready(self) -> bool:
        assert self._program.is_running(), f"Prometheus has ended:\n{self._program.stderr()}"
        try:
            with urllib.request.urlopen(f"http://{self._address}/-/ready", timeout=10) as answer:
                return answer.status == 200
        except OSError:
            return False
