"""Networks of machines: a namespace for each, and between them a router's.

All mounts of these tests, those that name the namespaces too, are in a mount namespace of pytest's own: whatever
ends it, they end with it.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from program import die_with_parent

_CLONE_NEWNS = 0x00020000
METADATA_ADDRESS = "169.254.169.254"
WEB_ADDRESS = "10.78.0.1"


def keep_mounts_to_ourselves() -> None:
    """Of this process and of what it starts from now on. Skips the test where that is refused."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) != 0:
        pytest.skip(f"a mount namespace is refused here: {os.strerror(ctypes.get_errno())}")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    for directory in ("/run/netns", "/run/systemd/nspawn"):
        Path(directory).mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "pq-machines", directory], check=True)


def ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")


class Link:
    """What joins one machine to the others: its namespace, and its line to the router."""

    def __init__(self, namespace: Path, address: str, router: str, line: str) -> None:
        self.namespace = namespace
        self.address = address
        self._router = router
        self._line = line

    def cut(self) -> None:
        ip("-n", self._router, "link", "set", self._line, "down")

    def mend(self) -> None:
        ip("-n", self._router, "link", "set", self._line, "up")


class Network:
    """A router, and lines to it: a machine's address is 10.78.N.2."""

    def __init__(self, undo: ExitStack) -> None:
        self._undo = undo
        self._router = f"pqm{os.getpid()}-router"
        self._lines = 0
        self._namespace(self._router)
        self._let_pass()

    def link(self, name: str) -> Link:
        self._lines += 1
        namespace, line, subnet = f"pqm{os.getpid()}-{name}", f"line{self._lines}", f"10.78.{self._lines}"
        self._namespace(namespace)
        # The metadata service of a machine is nobody's but its own, and is there when the line is cut.
        ip("-n", namespace, "address", "add", f"{METADATA_ADDRESS}/32", "dev", "lo")
        ip("link", "add", "eth0", "netns", namespace, "type", "veth", "peer", "name", line, "netns", self._router)
        for where, device, address in ((namespace, "eth0", f"{subnet}.2"), (self._router, line, f"{subnet}.1")):
            ip("-n", where, "address", "add", f"{address}/24", "dev", device)
            ip("-n", where, "link", "set", device, "up")
        ip("-n", namespace, "route", "add", "default", "via", f"{subnet}.1")
        return Link(Path("/run/netns") / namespace, f"{subnet}.2", self._router, line)

    def serve(self, directory: Path) -> str:
        """A web server on the router, with these files. Returns its URL as soon as it listens."""
        ip("-n", self._router, "address", "add", f"{WEB_ADDRESS}/32", "dev", "lo")
        where = ["--bind", WEB_ADDRESS, "--directory", str(directory), "80"]
        command = [sys.executable, "-u", "-m", "http.server", *where]
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  preexec_fn=partial(die_with_parent, Path("/run/netns") / self._router))
        self._undo.callback(server.communicate)
        self._undo.callback(server.kill)
        assert server.stdout is not None and server.stdout.readline(), "the web server does not start"
        return f"http://{WEB_ADDRESS}"

    def _let_pass(self) -> None:
        command = ["ip", "netns", "exec", self._router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise OSError(f"packets cannot be forwarded: {done.stderr.strip()}")

    def _namespace(self, name: str) -> None:
        ip("netns", "add", name)
        self._undo.callback(ip, "netns", "del", name)
        ip("-n", name, "link", "set", "lo", "up")


@contextmanager
def network() -> Iterator[Network]:
    """Skips the test where networks cannot be made."""
    with ExitStack() as undo:
        try:
            made = Network(undo)
        except OSError as error:
            pytest.skip(f"networks cannot be made here: {error}")
        yield made
