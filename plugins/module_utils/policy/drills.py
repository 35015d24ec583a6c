# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of drills: what each does to whom, how soon people must be served again, and what code that proves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# What a drill measures, and how many seconds apart.
STREAMS: Mapping[str, float] = {"connect": 0.2, "page": 1.0, "write": 0.5, "session": 1.0, "login": 2.0}

# Globs of what drills exercise; a result is older than its code when one of the files has changed.
PATRONI = (
    "roles/patroni/defaults/main.yml",
    "roles/patroni/templates/*",
    "roles/patroni/vars/main.yml",
    "images/postgresql/Dockerfile",
)
ETCD = (
    "roles/etcd/defaults/main.yml",
    "roles/etcd/templates/*",
    "roles/etcd/vars/main.yml",
    "images/etcd/Dockerfile",
)
SESSION_STORE = ("images/odoo/addons/erpops_session_redis/*.py",)
REDIS = (
    "roles/redis_sentinel/defaults/main.yml",
    "roles/redis_sentinel/templates/*",
    "roles/redis_sentinel/vars/main/*",
    "images/redis/Dockerfile",
    *SESSION_STORE,
)
ODOO_ITSELF = ("roles/odoo/vars/main.yml", "images/odoo/Dockerfile", "images/odoo/requirements.txt")
ODOO = ("roles/odoo/templates/odoo.conf.j2", "roles/odoo/templates/pg_service.conf.j2", *ODOO_ITSELF)
TRAEFIK = ("images/traefik/Dockerfile", "images/traefik/requirements.txt")
EDGE = (
    "roles/virtual_ip/defaults/main.yml",
    "roles/virtual_ip/templates/*",
    "roles/virtual_ip/vars/main.yml",
    *TRAEFIK,
)
ROUTES = (
    "roles/traefik/defaults/main.yml",
    "roles/traefik/templates/*",
    "roles/traefik/vars/main.yml",
    *TRAEFIK,
)
STORE = (
    "roles/object_storage/templates/*",
    "roles/odoo/templates/aws_*",
    "images/odoo/addons/erpops_attachment/*.py",
    *ODOO_ITSELF,
)
ENGINE = ("plugins/module_utils/policy/docker_engine.py", "roles/docker_engine/vars/main.yml")
# Every drill has users whose requests wait and are run again inside Odoo, and is measured and judged.
EVERY = (
    "images/odoo/addons/erpops_estate/*.py",
    "plugins/module_utils/members/drill_watch.py",
    "plugins/module_utils/policy/drill_verdict.py",
)


@dataclass(frozen=True)
class Scenario:
    """One drill.

    ``at`` says whom it strikes, in the words of ``drill_plan.VICTIMS``; ``service`` is the container, "" where the
    fault is one of the host. ``bounds`` are seconds that users may go without being served, by stream. ``exercises``
    are globs of the code that this one is about. The fault stays for ``seconds``; it is a median of ``repeat`` drills
    that has to be within the bounds.
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

    @property
    def covers(self) -> tuple[str, ...]:
        """Return the globs of all code that a result says something about."""
        return (*self.exercises, *EVERY)


# What users see of Redis: what they do in a session, and that they get one.
SESSIONS = ("page", "write", "session", "login")

SCENARIOS: Mapping[str, Scenario] = {
    "postgresql_killed": Scenario(
        "PostgreSQL's first process on the leader is killed; Patroni has to bring it back or another member to lead.",
        "postgresql_killed",
        "postgresql leader",
        {"write": 5.0},
        PATRONI,
        "patroni",
        seconds=12,
        repeat=5,
    ),
    "leader_host_lost": Scenario(
        "The host of PostgreSQL's leader loses its power; etcd's leader is on another one.",
        "lost",
        "postgresql leader without etcd's",
        {"write": 25.0},
        PATRONI + ETCD,
        seconds=45,
    ),
    "leader_host_lost_with_etcd": Scenario(
        "The host of PostgreSQL's leader loses its power, and etcd's leader with it.",
        "lost",
        "postgresql leader with etcd's",
        # The timer of the role leases keeps the two apart; this is how long it takes where it has not come round yet.
        {"write": 30.0},
        PATRONI + ETCD,
        seconds=45,
    ),
    "leader_cut_off": Scenario(
        "PostgreSQL, Patroni and etcd on the leader's host lose everybody else, and run on.",
        "cut_off",
        "postgresql leader",
        {"write": 30.0},
        PATRONI + ETCD,
        seconds=40,
    ),
    "standby_disk_full": Scenario(
        "There is no room left on the volume of a standby of PostgreSQL; the other standby has to do.",
        "disk_full",
        "postgresql standby",
        {"write": 3.0},
        PATRONI,
        "patroni",
        seconds=40,
    ),
    "leader_wal_full": Scenario(
        "There is no room left on the volume of the leader's WAL, while much is written; another member has to lead.",
        "disk_full",
        "postgresql leader",
        {"write": 10.0},
        PATRONI,
        "patroni",
        seconds=60,
    ),
    "etcd_member_lost": Scenario(
        "etcd's leader is killed and stays away.",
        "killed",
        "etcd leader",
        {"write": 3.0},
        ETCD,
        "etcd",
        seconds=15,
    ),
    "etcd_majority_lost": Scenario(
        "A majority of etcd is killed and stays away: nothing can be decided, and nobody may notice.",
        "killed",
        "etcd majority",
        {"write": 3.0},
        PATRONI + ETCD,
        "etcd",
        seconds=30,
    ),
    "redis_master_killed": Scenario(
        "Redis' master is killed and stays away.",
        "killed",
        "redis master",
        {"login": 10.0, "session": 10.0},
        REDIS,
        "redis",
        streams=SESSIONS,
    ),
    "redis_master_frozen": Scenario(
        "Redis' master hangs: it takes connections and answers nothing.",
        "frozen",
        "redis master",
        {"login": 10.0, "session": 10.0},
        REDIS,
        "redis",
        streams=SESSIONS,
    ),
    "redis_master_cut_off": Scenario(
        "Redis' master loses its replicas, all other Sentinels and Odoo on other hosts, and runs on.",
        "cut_off",
        "redis master",
        {"login": 10.0, "session": 10.0},
        REDIS,
        streams=SESSIONS,
    ),
    "sentinel_lost": Scenario(
        "One Sentinel is killed and stays away.",
        "killed",
        "sentinel",
        # Somebody logs in every two seconds, and a login on a busy machine takes one or two.
        {"login": 5.0, "session": 3.0},
        REDIS,
        "sentinel",
        seconds=15,
        streams=SESSIONS,
    ),
    "odoo_killed": Scenario(
        "A container that serves Odoo's users is killed; the engine has to start it again.",
        "crashed",
        "odoo",
        {"page": 5.0, "write": 5.0},
        ROUTES + ODOO,
        "odoo_{instance}_web",
        seconds=15,
    ),
    "odoo_hung": Scenario(
        "A container that serves Odoo's users hangs: it takes connections and answers nothing.",
        "frozen",
        "odoo",
        {"page": 5.0, "write": 5.0},
        ROUTES + ODOO,
        "odoo_{instance}_web",
    ),
    "odoo_clock_wrong": Scenario(
        "A container that serves Odoo's users starts anew and believes that it is an hour later.",
        "wrong_clock",
        "odoo",
        {"page": 5.0, "write": 5.0, "session": 5.0},
        SESSION_STORE + ODOO,
        "odoo_{instance}_web",
        seconds=30,
        streams=SESSIONS,
    ),
    "edge_killed": Scenario(
        "The edge with the virtual address is killed and stays away; its host goes on.",
        "killed",
        "edge with the address",
        {"connect": 1.5},
        EDGE,
        "traefik",
        seconds=15,
    ),
    "edge_host_lost": Scenario(
        "The host of the edge with the virtual address loses its power.",
        "lost",
        "edge with the address",
        {"connect": 1.5},
        EDGE,
        seconds=15,
    ),
    "object_store_unreachable": Scenario(
        "The object store is gone from the network for two minutes: orders and pages go on.",
        "isolated",
        "object store",
        {"page": 3.0, "write": 3.0},
        STORE,
        seconds=130,
    ),
    "engine_restarted": Scenario(
        "The Docker engine on the host of PostgreSQL's leader restarts; its containers live on.",
        "engine_restarted",
        "postgresql leader",
        {"page": 3.0, "write": 3.0},
        ENGINE,
        seconds=15,
    ),
}

# Nothing is promised of those that stand here, and no result of them is missed.
UNPROVEN: frozenset[str] = frozenset()
