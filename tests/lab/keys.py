"""SSH keys: one for the operator, one per machine, and the known_hosts that ties them together."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from tests.lab import paths
from tests.lab.plan import Lab, Machine


def ensure(lab: Lab) -> None:
    """Make the keys that are missing, and write down the hosts' public keys where SSH will look."""
    paths.private_directory(paths.SSH)
    _generate(paths.SSH_KEY, "operator of the lab")
    for machine in lab.machines:
        _generate(host_key(lab, machine), machine.name)
    lines = []
    for machine in lab.machines:
        kind, key = host_key(lab, machine).with_suffix(".pub").read_text(encoding="ascii").split()[:2]
        lines.append(f"{lab.address(machine)},{machine.name},{machine.name}.{lab.domain} {kind} {key}\n")
    paths.write_private(known_hosts(lab), "".join(lines))


def known_hosts(lab: Lab) -> Path:
    return paths.SSH / f"known_hosts.{lab.name}"


def host_key(lab: Lab, machine: Machine) -> Path:
    """The machine's private host key; the lab makes it, so that the first connection is already verified."""
    return paths.SSH / f"{lab.container(machine)}_ed25519"


def fingerprint(lab: Lab, machine: Machine) -> str:
    """A digest over the keys a machine is made with: with others nobody can reach it."""
    public = host_key(lab, machine).with_suffix(".pub").read_text(encoding="ascii") + operator_public_key()
    return hashlib.sha256(public.encode()).hexdigest()[:24]


def operator_public_key() -> str:
    return paths.SSH_KEY.with_suffix(".pub").read_text(encoding="ascii")


def _generate(path: Path, comment: str) -> None:
    if path.exists() and path.with_suffix(".pub").exists():
        return
    path.unlink(missing_ok=True)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
