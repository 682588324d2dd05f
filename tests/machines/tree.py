"""The root tree that all machines share: Debian with systemd and cloud-init, made once and kept.

It is what a cloud's image is: nothing of pq is in it. Each machine writes to a layer of its own above it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

KEPT_IN = Path(os.environ.get("PQ_TEST_CACHE", "/var/cache/pq-tests"))
SUITE = "bookworm"
PACKAGES = (
    "ca-certificates", "cloud-init", "curl", "dbus", "e2fsprogs", "iproute2", "libcpp-httplib0.11", "libgmp10",
    "libhttp-parser2.9", "libprimesieve11", "libspdlog1.10", "libsqlite3-0", "libutf8proc2", "libzmq5", "procps",
    "python3", "systemd", "systemd-sysv",
)

# EC2's service alone, soon given up. No network to configure: the tests have made it. Of Debian's modules those that
# find something to do in such a machine.
CLOUD_INIT = """\
datasource_list: [ Ec2 ]
datasource: {Ec2: {strict_id: false, metadata_urls: ['http://169.254.169.254'], max_wait: 20, timeout: 5}}
network: {config: disabled}
apt: {preserve_sources_list: true}
cloud_init_modules: [seed_random, bootcmd, write-files, set_hostname, update_hostname, users-groups]
cloud_config_modules: [apt-configure, runcmd]
cloud_final_modules: [package-update-upgrade-install, scripts-per-instance, scripts-user, final-message]
"""

FILES = {
    "etc/cloud/cloud.cfg.d/99-pq-tests.cfg": CLOUD_INIT,
    "etc/machine-id": "",  # each machine draws its own
    "etc/fstab": "",
    "etc/systemd/journald.conf.d/kept.conf": "[Journal]\nStorage=persistent\nSyncIntervalSec=1s\n",
}

# Timers and mounts of an image that a test of seconds has no use for.
MASKED = ("apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer", "fstrim.timer", "dpkg-db-backup.timer")


def root_tree() -> Path:
    """Skips the test where it cannot be made."""
    recipe = hashlib.sha256(repr((SUITE, PACKAGES, sorted(FILES.items()), MASKED)).encode()).hexdigest()[:12]
    tree = KEPT_IN / f"machine-{SUITE}-{recipe}"
    if not tree.exists():
        KEPT_IN.mkdir(parents=True, exist_ok=True)
        for old in KEPT_IN.glob("machine-*"):  # of other recipes, or half made
            shutil.rmtree(old)
        make(tree)
    return tree


def make(tree: Path) -> None:
    """It has its name only when it is whole."""
    half_made = tree.with_name(f"{tree.name}.{os.getpid()}")
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(half_made)]
    try:
        made = subprocess.run(command, capture_output=True, text=True)
        if made.returncode != 0:
            pytest.skip(f"mmdebstrap cannot make a machine's root tree here: {made.stderr.strip()[-300:]}")
        finish(half_made)
        half_made.rename(tree)
    finally:
        shutil.rmtree(half_made, ignore_errors=True)


def finish(tree: Path) -> None:
    for name, text in FILES.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    switch = tree / "etc/nsswitch.conf"  # no DNS is there, and waiting for it would take half a minute
    lines = switch.read_text().splitlines()
    switch.write_text("\n".join("hosts: files" if line.startswith("hosts:") else line for line in lines) + "\n")
    for unit in MASKED:
        (tree / "etc/systemd/system" / unit).symlink_to("/dev/null")
    (tree / "var/cache/apt/pkgcache.bin").unlink(missing_ok=True)
    for downloaded in (tree / "var/cache/apt/archives").glob("*.deb"):
        downloaded.unlink()
