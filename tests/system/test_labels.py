"""Labels: what an agent finds out of its machine, and what it is told to add."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Iterator

from cluster import Cluster

FACTS = {"placement/availability-zone": "eu-1a", "instance-type": "c7g.large"}


class Metadata(BaseHTTPRequestHandler):
    """As strict as EC2's: no answer without a token, and no token without its lifetime."""

    def do_PUT(self) -> None:
        is_right = self.path == "/latest/api/token" and "X-aws-ec2-metadata-token-ttl-seconds" in self.headers
        self.reply(200 if is_right else 400, "a-token" if is_right else "")

    def do_GET(self) -> None:
        if self.headers.get("X-aws-ec2-metadata-token") != "a-token":
            return self.reply(401, "")
        fact = FACTS.get(self.path.removeprefix("/latest/meta-data/"))
        self.reply(404 if fact is None else 200, fact or "")

    def reply(self, status: int, text: str) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def metadata_service() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Metadata)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_an_agent_finds_its_zone_and_type_and_is_told_more(cluster: Cluster) -> None:
    cluster.start_head()
    with metadata_service() as endpoint:
        cluster.start_agent("found", "--imds-endpoint", endpoint)
        cluster.start_agent("told", "--imds-endpoint", endpoint, "--label", "zone=mine", "--label", "disk=a=b")
    found, told = (cluster.agents()[name]["labels"] for name in ("found", "told"))
    assert (found["zone"], found["instance_type"]) == ("eu-1a", "c7g.large")
    assert (told["zone"], told["disk"], told["instance_type"]) == ("mine", "a=b", "c7g.large")
    assert {"arch", "os", "host", "cpus"} <= found.keys()


def test_a_metadata_service_that_is_not_there_is_no_error(cluster: Cluster) -> None:
    cluster.start_head()
    cluster.start_agent("alone", "--imds-endpoint", "http://127.0.0.1:1")
    assert "zone" not in cluster.agents()["alone"]["labels"]
