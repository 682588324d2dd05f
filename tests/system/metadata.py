"""Metadata services of the tests' own, as strict as those of EC2, GCP and Azure.

Each one answers nothing to who does not ask by its rules, and tells of the machine's end when a test says so.
It serves cloud-init as well as agents. As a program (`metadata.py ADDRESS:PORT DIRECTORY`) it is EC2's, reads
what it tells from the files of DIRECTORY anew for each question (`user-data`, `meta-data/instance-id`,
`meta-data/spot/instance-action`, …), and lets the first version of the service in where `DIRECTORY/v1` exists:
cloud-init asks by that one where it finds no firmware of EC2's.
"""

from __future__ import annotations

import json
import secrets
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN_TTL = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN = "X-aws-ec2-metadata-token"
EC2_VERSIONS = ("1.0", "2009-04-04", "2021-03-23", "latest")
USUAL_FACTS = {
    "instance-id": "i-0123456789abcdef0",
    "instance-type": "c7g.large",
    "placement/availability-zone": "eu-1a",
}


def iso_time(unix_s: float) -> str:
    """As EC2 writes times."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(unix_s))


def http_time(unix_s: float) -> str:
    """As Azure writes times."""
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(unix_s))


class MetadataService:
    """A context manager: it serves at `endpoint` until it is left."""

    def __init__(self, address: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service._answer(self, "GET")

            def do_PUT(self) -> None:
                service._answer(self, "PUT")

            def do_POST(self) -> None:
                service._answer(self, "POST")

            def log_message(self, *_: object) -> None:
                pass

        self.asked: list[str] = []  # every path that was asked for, with its method
        self.out_of_order: int | None = None  # a status that everybody gets in place of an answer
        self._server = ThreadingHTTPServer(address, Handler)
        self._server.daemon_threads = True

    @property
    def endpoint(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> Any:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve_forever(self) -> None:
        self._server.serve_forever()

    def _answer(self, request: BaseHTTPRequestHandler, method: str) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        self.asked.append(f"{method} {request.path}")
        if self.out_of_order is not None:
            status, text, headers = self.out_of_order, "out of order", {}
        else:
            status, text, headers = self.reply(method, request.path, dict(request.headers.items()), body)
        data = text.encode()
        request.send_response(status)
        for name, value in {"Content-Type": "text/plain", "Content-Length": str(len(data)), **headers}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(data)

    def reply(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str, dict[str, str]]:
        raise NotImplementedError


def header(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for key, value in headers.items() if key.lower() == name.lower()), None)


class Ec2(MetadataService):
    """Its second version: a token first, and no token without its lifetime."""

    def __init__(
        self,
        facts: Mapping[str, str] = USUAL_FACTS,
        address: tuple[str, int] = ("127.0.0.1", 0),
        token_lasts_s: float = 21600.0,
    ) -> None:
        super().__init__(address)
        self.token_lasts_s = token_lasts_s  # at most: less than what is asked for is a service that was restarted
        self.user_data: str | None = None
        self.allows_first_version = False
        self._facts = dict(facts)
        self._tokens: dict[str, float] = {}

    # ------------------------------------------------------------ what a test makes it tell

    def interrupt(self, in_s: float, action: str = "terminate") -> None:
        when = iso_time(time.time() + in_s)
        self._facts["spot/instance-action"] = json.dumps({"action": action, "time": when})
        self._facts["spot/termination-time"] = when

    def recommend_rebalance(self) -> None:
        now = iso_time(time.time())
        self._facts["events/recommendations/rebalance"] = json.dumps({"noticeTime": now})

    def set_lifecycle_state(self, state: str) -> None:
        """`InService`, `Terminated`, …: what Auto Scaling makes of the machine."""
        self._facts["autoscaling/target-lifecycle-state"] = state

    def take_back(self) -> None:
        """No notice of any kind is there any more."""
        for path in ("spot/instance-action", "spot/termination-time", "events/recommendations/rebalance",
                     "autoscaling/target-lifecycle-state"):
            self._facts.pop(path, None)

    def facts(self) -> Mapping[str, str]:
        return self._facts

    # ------------------------------------------------------------ the service

    def reply(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str, dict[str, str]]:
        if method == "PUT":
            return self._reply_to_put(path, headers)
        if method != "GET":
            return 405, "", {}
        token = header(headers, TOKEN)
        is_known = self._tokens.get(token, 0.0) > time.monotonic() if token is not None else False
        if not is_known and (token is not None or not self.allows_first_version):
            return 401, "Unauthorized", {}
        text = self._document(path)
        return (404, "Not Found", {}) if text is None else (200, text, {})

    def _reply_to_put(self, path: str, headers: Mapping[str, str]) -> tuple[int, str, dict[str, str]]:
        ttl = header(headers, TOKEN_TTL)
        if path != "/latest/api/token" or header(headers, "X-Forwarded-For") is not None:
            return 403, "Forbidden", {}
        if ttl is None or not ttl.isdecimal() or not 1 <= int(ttl) <= 21600:
            return 400, "Bad Request", {}
        token = secrets.token_urlsafe(40)
        self._tokens[token] = time.monotonic() + min(float(ttl), self.token_lasts_s)
        return 200, token, {TOKEN_TTL: ttl}

    def _document(self, path: str) -> str | None:
        if path.strip("/") == "":
            return "\n".join(EC2_VERSIONS)
        version, _, rest = path.lstrip("/").partition("/")
        if version not in EC2_VERSIONS:
            return None
        if rest == "":
            return "dynamic\nmeta-data\nuser-data"
        if rest == "user-data":
            return self.user_data
        if rest in ("meta-data", "meta-data/"):
            return self._listing("")
        return self._fact(rest.removeprefix("meta-data/")) if rest.startswith("meta-data/") else None

    def _fact(self, path: str) -> str | None:
        if path.endswith("/"):
            return self._listing(path)
        return self.facts().get(path)

    def _listing(self, folder: str) -> str | None:
        names = set()
        for path in self.facts():
            if path.startswith(folder):
                name, slash, _ = path.removeprefix(folder).partition("/")
                names.add(name + slash)
        return "\n".join(sorted(names)) if names else None


class Ec2FromFiles(Ec2):
    """What it tells stands in files, so that whoever runs it says what happens."""

    def __init__(self, address: tuple[str, int], directory: Path) -> None:
        super().__init__({}, address)
        self._directory = directory

    def facts(self) -> Mapping[str, str]:
        root = self._directory / "meta-data"
        files = (path for path in root.rglob("*") if path.is_file())
        return {str(path.relative_to(root)): path.read_text().strip() for path in files}

    def reply(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str, dict[str, str]]:
        user_data = self._directory / "user-data"
        self.user_data = user_data.read_text() if user_data.exists() else None
        self.allows_first_version = (self._directory / "v1").exists()
        return super().reply(method, path, headers, body)


class Gcp(MetadataService):
    """Whoever does not name its flavour, or comes through a proxy, is turned away."""

    preempted = False

    def reply(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str, dict[str, str]]:
        google = {"Metadata-Flavor": "Google"}
        if header(headers, "Metadata-Flavor") != "Google" or header(headers, "X-Forwarded-For") is not None:
            return 403, "Forbidden", google
        facts = {
            "instance/preempted": "TRUE" if self.preempted else "FALSE",
            "instance/zone": "projects/123/zones/europe-west1-b",
            "instance/machine-type": "projects/123/machineTypes/t2a-standard-4",
            "instance/maintenance-event": "NONE",
        }
        fact = facts.get(urlsplit(path).path.removeprefix("/computeMetadata/v1/"))
        return (404, "Not Found", google) if method != "GET" or fact is None else (200, fact, google)


class Azure(MetadataService):
    """It tells of the events of every machine of a group; a machine knows its own by its name."""

    def __init__(self, machine: str = "worker_1") -> None:
        super().__init__()
        self.machine = machine
        self.events: list[dict[str, Any]] = []
        self.started: list[str] = []  # the events that somebody asked to begin at once

    def schedule(self, in_s: float, kind: str = "Preempt", machine: str | None = None) -> None:
        self.events.append({
            "EventId": secrets.token_hex(8),
            "EventType": kind,
            "ResourceType": "VirtualMachine",
            "Resources": [machine or self.machine],
            "EventStatus": "Scheduled",
            "NotBefore": http_time(time.time() + in_s),
        })

    def reply(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str, dict[str, str]]:
        asked = urlsplit(path)
        if header(headers, "Metadata") != "true" or "api-version" not in parse_qs(asked.query):
            return 400, json.dumps({"error": "Bad request"}), {}
        as_json = {"Content-Type": "application/json"}
        if asked.path == "/metadata/scheduledevents" and method == "GET":
            return 200, json.dumps({"DocumentIncarnation": len(self.events), "Events": self.events}), as_json
        if asked.path == "/metadata/scheduledevents" and method == "POST":
            self.started += [event["EventId"] for event in json.loads(body)["StartRequests"]]
            return 200, "", {}
        facts = {"name": self.machine, "location": "westeurope", "zone": "1", "vmSize": "Standard_D2ps_v5"}
        if asked.path == "/metadata/instance/compute" and method == "GET":
            return 200, json.dumps(facts), as_json
        fact = facts.get(asked.path.removeprefix("/metadata/instance/compute/"))
        return (404, "Not Found", {}) if method != "GET" or fact is None else (200, fact, {})


def main() -> None:
    host, _, port = sys.argv[1].rpartition(":")
    Ec2FromFiles((host, int(port)), Path(sys.argv[2])).serve_forever()


if __name__ == "__main__":
    main()
