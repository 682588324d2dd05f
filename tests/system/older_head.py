"""A head of 0.1.0 as clients know it: it refuses questions that came later, lists its newest jobs alone, and takes one
job a question. It speaks with the keys and at the address of a head that has ended.
"""

from __future__ import annotations

import threading
from typing import Any

import msgpack
import zmq

from cluster import Cluster
from peer import PROTOCOL_VERSION, Message, job_spec

LISTED = 3


class OlderHead:
    """Jobs 1 to `jobs`, all of which wait."""

    def __init__(self, cluster: Cluster, jobs: int) -> None:
        self.states = {number: "queued" for number in range(1, jobs + 1)}
        self._stop = threading.Event()
        self._socket = zmq.Context.instance().socket(zmq.ROUTER)
        self._socket.linger = 0
        self._socket.curve_server = True
        lines = (cluster.state_dir / "keys" / "head.key").read_text().splitlines()
        self._socket.curve_secretkey = dict(line.split() for line in lines)["secret"].encode()
        self._socket.bind(cluster.endpoint)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._stop.is_set():
            if not self._socket.poll(50):
                continue
            peer, frame = self._socket.recv_multipart()
            question = msgpack.unpackb(frame)
            if question["t"] != "wait":  # all of its jobs last longer than any client waits
                answer = {"v": PROTOCOL_VERSION, **self._answer(question)}
                self._socket.send_multipart([peer, msgpack.packb(answer)])

    def _answer(self, question: Message) -> Message:
        kind, number = question["t"], question["q"]
        if kind == "ask_jobs":
            newest = sorted(self.states)[-LISTED:]
            listed = {"jobs": [self._report(job) for job in newest], "left_out": len(self.states) - len(newest)}
            return {"t": "jobs", "q": number, **listed}
        if kind in ("ask_job", "steer"):
            if question["job"] not in self.states:
                return {"t": "refusal", "q": number, "word": "no_such_job", "detail": str(question["job"])}
            if kind == "steer":
                assert question["what"] == "cancel"
                self.states[question["job"]] = "cancelled"
            return {"t": "job", "q": number, **self._report(question["job"])}
        # It has not read the number of what it cannot read.
        return {"t": "refusal", "word": "malformed", "detail": f'no message of type "{kind}"'}

    def _report(self, job: int) -> dict[str, Any]:
        return {
            "job": job, "spec": job_spec(0, 100), "state": self.states[job], "done": 0, "failed": 0,
            "leases": {"granted": 0, "expired": 0, "yielded": 0}, "recomputed": 0, "attempts_failed": 0,
            "slots_busy": 0, "rate_per_s": 0.0, "created_unix_ms": 1_700_000_000_000,
        }  # fmt: skip
