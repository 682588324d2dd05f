"""Static programs on a machine whose nsswitch.conf names modules: those of another C library would crash them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from cluster import Cluster
from program import BINARIES, Outcome, clean_environment

# Stands for every module that does not fit: nobody who loads it survives.
MODULE = "#include <stdlib.h>\n__attribute__((constructor)) static void fall(void) { abort(); }\n"
# What any static program does that looks up a name.
CARELESS = """
#include <netdb.h>
int main(int argc, char** argv) {
  struct addrinfo* found = 0;
  return getaddrinfo(argv[argc - 1], "7700", 0, &found);
}
"""


class Machine:
    """This one, with another /etc/nsswitch.conf and another /etc/hosts, for single processes."""

    def __init__(self, root: Path) -> None:
        self._root = root
        (root / "nsswitch.conf").write_text("".join(
            f"{database}: hostile files\n" for database in ("passwd", "group", "hosts", "services", "protocols")))
        (root / "hosts").write_text("127.0.0.1 localhost head.test\n")
        self._compile("libnss_hostile.so.2", MODULE, "-shared", "-fPIC")
        self._compile("careless", CARELESS, "-static")

    def _compile(self, name: str, text: str, *flags: str) -> None:
        source = self._root / f"{name}.c"
        source.write_text(text)
        command = ["cc", "-w", *flags, "-o", str(self._root / name), str(source)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)

    def run(self, *command: str, within: float = 60.0) -> Outcome:
        inside = ('mount --bind "$0/nsswitch.conf" /etc/nsswitch.conf && mount --bind "$0/hosts" /etc/hosts && '
                  'LD_LIBRARY_PATH=$0 exec "$@"')
        ended = subprocess.run(
            ["unshare", "--mount", "sh", "-c", inside, str(self._root), *command],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=within,
            env=clean_environment(self._root))
        return Outcome(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture
def machine(directory: Path) -> Machine:
    if os.geteuid() != 0:
        pytest.skip("only root can put another /etc/nsswitch.conf in place")
    return Machine(directory)


def test_the_machine_is_hostile(machine: Machine, directory: Path) -> None:
    assert machine.run(str(directory / "careless"), "localhost").status < 0


@pytest.mark.parametrize("host", ["localhost", "head.test"])
def test_agents_and_clients_find_their_head_by_its_name(machine: Machine, cluster: Cluster, host: str) -> None:
    cluster.start_head()
    head = ("--head", f"tcp://{host}:{cluster.endpoint.rsplit(':', 1)[1]}", "--state-dir", str(cluster.state_dir))
    job = cluster.submit("1e7:6e7")
    agent = machine.run(str(BINARIES / "pq-agent"), *head, "--idle-exit", "1s")
    assert agent.status == 0, agent
    waited = machine.run(str(BINARIES / "pq-wait"), *head, str(job))
    assert (waited.status, waited.stdout) == (0, "2897536\n"), waited


def test_a_head_serves_http_at_a_name(machine: Machine, cluster: Cluster) -> None:
    served = machine.run("timeout", "2", str(BINARIES / "pqd"), "--state-dir", str(cluster.state_dir),
                         "--listen", "tcp://127.0.0.1:*", "--http", "localhost:0")
    assert served.status == 124 and "continuing without HTTP" not in served.stderr, served
    assert " listens on " in served.stderr, served
