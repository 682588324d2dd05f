"""What machines are told at their first boot: user data for cloud-init, as a head's owner would write it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping

VOLUME = "/dev/xvdb"

MOUNT = f"""\
[Mount]
What={VOLUME}
Where=/var/lib/pqd
Type=ext4
Options=noatime

[Install]
WantedBy=local-fs.target
"""

HEAD_UNIT = """\
[Unit]
Description=pq head
RequiresMountsFor=/var/lib/pqd

[Service]
EnvironmentFile=/etc/pq/pqd.env
ExecStart=/usr/local/bin/pqd --state-dir /var/lib/pqd
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""

AGENT_UNIT = """\
[Unit]
Description=pq agent
Wants=network-online.target
After=network-online.target
SuccessAction=poweroff
FailureAction=poweroff

[Service]
DynamicUser=yes
CacheDirectory=pq-agent
LoadCredential=agent.token:/etc/pq/agent.token
EnvironmentFile=/etc/pq/agent.env
ExecStart=/usr/local/bin/pq-agent --key ${CREDENTIALS_DIRECTORY}/agent.token
TimeoutStopSec=25

[Install]
WantedBy=multi-user.target
"""

# Whatever goes wrong in it, the machine costs nothing any more.
FETCH_OR_POWER_OFF = """\
#!/bin/sh -eu
trap 'systemctl --no-block poweroff' EXIT
cd /usr/local/bin
{fetches}
systemctl enable --now {unit}
trap - EXIT
"""
FETCH = """\
curl -fsS --retry 20 --retry-delay 1 --retry-all-errors -o {name}.new {source}/{name}
echo '{sha256}  {name}.new' | sha256sum --check --quiet
chmod 755 {name}.new
mv {name}.new {name}"""

# An empty volume is formatted, and nothing else ever is: blkid's status 2 is "nothing is there".
MAKE_VOLUME = f"""\
#!/bin/sh -eu
found=0
blkid -p {VOLUME} || found=$?
if [ "$found" -eq 2 ]; then mkfs.ext4 -q {VOLUME}; fi
mkdir -p /var/lib/pqd
systemctl enable --now var-lib-pqd.mount
"""


@dataclass(frozen=True)
class Fetched:
    """A program that a machine fetches, and believes by its hash."""

    name: str
    sha256: str

    @staticmethod
    def of(path: Path) -> Fetched:
        return Fetched(path.name, hashlib.sha256(path.read_bytes()).hexdigest())


def head_document(source: str, programs: list[Fetched], settings: Mapping[str, str]) -> str:
    return document(
        files={
            "/etc/pq/pqd.env": env_file(settings),
            "/etc/systemd/system/var-lib-pqd.mount": MOUNT,
            "/etc/systemd/system/pqd.service": HEAD_UNIT,
            "/usr/local/sbin/make-volume": MAKE_VOLUME,
            "/usr/local/sbin/fetch-pq": fetch_script(source, programs, "pqd.service"),
        },
        commands=["/usr/local/sbin/make-volume", "/usr/local/sbin/fetch-pq"],
    )


def agent_document(source: str, program: Fetched, token: str, settings: Mapping[str, str]) -> str:
    return document(
        files={
            "/etc/pq/agent.token": token + "\n",
            "/etc/pq/agent.env": env_file(settings),
            "/etc/systemd/system/pq-agent.service": AGENT_UNIT,
            "/usr/local/sbin/fetch-pq": fetch_script(source, [program], "pq-agent.service"),
        },
        commands=["/usr/local/sbin/fetch-pq"],
    )


def env_file(settings: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def fetch_script(source: str, programs: list[Fetched], unit: str) -> str:
    fetches = "\n".join(FETCH.format(name=p.name, sha256=p.sha256, source=source) for p in programs)
    return FETCH_OR_POWER_OFF.format(fetches=fetches, unit=unit)


def document(files: Mapping[str, str], commands: list[str]) -> str:
    """JSON is YAML."""
    written: list[dict[str, Any]] = [
        {"path": path, "content": text, "permissions": "0700" if text.startswith("#!") else "0600"}
        for path, text in files.items()
    ]
    return "#cloud-config\n" + json.dumps({"write_files": written, "runcmd": [[command] for command in commands]})
