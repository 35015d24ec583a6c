# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of drills: what each does to whom, how soon people must be served again, and what code that proves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# What a drill measures, and how many seconds apart.
STREAMS: Mapping[str, float] = {"connect": 0.2, "page": 1.0, "write": 0.5, "session": 1.0, "login": 2.0}

# What the globs of ``exercises`` are below; a result is older than its code when one of the files has changed.
PATRONI = ("roles/patroni/defaults/main.yml", "roles/patroni/templates/dynamic.yml.j2", "roles/patroni/vars/main.yml")
ETCD = ("roles/etcd/defaults/main.yml", "roles/etcd/templates/*", "images/etcd/Dockerfile")
EDGE = ("roles/virtual_ip/defaults/main.yml", "roles/virtual_ip/templates/*")


@dataclass(frozen=True)
class Scenario:
    """One drill.

    ``at`` says whom it strikes, in the words of ``drill_plan.VICTIMS``; ``service`` is the container, "" where the
    fault is one of the host. ``bounds`` are seconds that users may go without being served, by stream. The fault stays
    for ``seconds``; it is a median of ``repeat`` drills that has to be within the bounds.
    """

    does: str
    fault: str
    at: str
    bounds: Mapping[str, float]
    exercises: tuple[str, ...]
    service: str = ""
    seconds: int = 20
    repeat: int = 1
    streams: tuple[str, ...] = field(default=("connect", "page", "write"))


SCENARIOS: Mapping[str, Scenario] = {
    "postgresql_killed": Scenario(
        "PostgreSQL's first process on the leader is killed; Patroni has to bring it back or another member to lead.",
        "postgresql_killed", "postgresql leader", {"write": 5.0}, PATRONI, "patroni", seconds=12, repeat=5,
    ),
    "leader_host_lost": Scenario(
        "The host of PostgreSQL's leader loses its power; etcd's leader is on another one.",
        "lost", "postgresql leader without etcd's", {"write": 25.0}, PATRONI + ETCD, seconds=45,
    ),
    "edge_killed": Scenario(
        "The edge with the virtual address is killed and stays away; its host goes on.",
        "killed", "edge with the address", {"connect": 1.5}, EDGE, "traefik", seconds=15,
    ),
}  # fmt: skip
