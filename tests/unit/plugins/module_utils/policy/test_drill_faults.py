# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fault of a drill does to a host, and what lifts it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.drill_faults import KINDS, Fault, objection

FAULTS = [Fault(kind, "odoo_north_web", ["10.0.0.2", "10.0.0.3"], [5432, 8008]) for kind in KINDS]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.kind))
def test_a_fault_is_shell(fault: Fault) -> None:
    for script in (fault.inject(), fault.lift()):
        subprocess.run(["sh", "-n", "-c", f"set -eu\n{script}"], check=True)


@pytest.mark.parametrize(
    ("kind", "done", "lifted"),
    [
        ("killed", "docker kill redis", "docker start redis"),
        ("frozen", "docker pause redis", "docker unpause redis"),
        ("crashed", "{{.State.Pid}}", ":"),
        ("wrong_clock", "FAKETIME=+1h FAKETIME_DONT_FAKE_MONOTONIC=1", "rm -f /usr/local/lib/erpops-drill-clock.so"),
        ("postgresql_killed", "docker exec redis sh -c 'kill -KILL ", ":"),
        ("engine_restarted", "systemctl restart docker.service", ":"),
        ("disk_full", "/proc/self/mounts", 'rm -f "$each/.erpops-drill"'),
        ("cut_off", "ip saddr { 10.0.0.2, 10.0.0.3 } tcp dport { 5432, 8008 } drop", "delete table inet erpops_drill"),
        ("cut_off", "ip daddr { 10.0.0.2, 10.0.0.3 } tcp sport { 5432, 8008 } drop", "delete table inet erpops_drill"),
        ("isolated", "input priority -300; iif lo accept; tcp dport 2222 accept; drop;", "delete table"),
        ("lost", "systemctl stop docker.socket docker.service", "systemctl start docker.socket docker.service"),
    ],
)
def test_what_a_fault_does_and_what_lifts_it(kind: str, done: str, lifted: str) -> None:
    fault = Fault(kind, "redis", ["10.0.0.3", "10.0.0.2"], [8008, 5432], 2222)
    assert done in fault.inject()
    assert lifted in fault.lift()


def test_ssh_stays_open_where_all_packets_are_dropped() -> None:
    for kind in ("isolated", "lost"):
        text = Fault(kind, ssh_port=2222).inject()
        for chain in ("input", "output"):
            rules = next(line for line in text.splitlines() if f"chain {chain}" in line)
            assert rules.index("2222 accept") < rules.index("drop")


def test_nft_reads_the_rules() -> None:
    """Where nft is there; the drills themselves prove it on every host."""
    for fault in FAULTS if shutil.which("nft") else ():
        if "nft -f -" in fault.inject() and fault.kind != "lost":
            script = fault.inject().replace("nft -f -", "nft --check -f -")
            subprocess.run(["sh", "-c", script], check=True)


def test_a_disk_that_others_share_is_not_filled(tmp_path: Path) -> None:
    """What the container mounts is a directory here, not a volume."""
    engine = tmp_path / "docker"
    engine.write_text(f"#!/bin/sh\necho {tmp_path}\n")
    engine.chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", f"set -eu\n{Fault('disk_full', 'patroni').inject()}"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "expected a volume of its own below patroni, found none\n")
    assert [file.name for file in tmp_path.iterdir()] == ["docker"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("killed"), "fault killed: expected the name of a container, found none"),
        (Fault("cut_off", peers=["10.0.0.2"]), "fault cut_off: expected the addresses and ports of peers, found none"),
        (Fault("lost"), ""),
    ],
)
def test_what_a_fault_lacks(fault: Fault, said: str) -> None:
    assert objection(fault) == said
