# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the answers of Redis servers mean: role, link, replicas in sync."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict

# Bytes of the replication stream a replica may be behind and still count as caught up: a second of busy sessions.
MAX_LAG_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Servers:
    """What was seen in one look.

    ``expected`` are the declared addresses, ``infos`` the answers to INFO, ``silent`` why the others did not answer.
    ``elected`` is the master of the Sentinels; nothing when none of them answers, as while the estate is being raised.
    """

    expected: Sequence[str]
    infos: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)
    elected: str = ""
    min_replicas: int = 1
    max_lag_seconds: int = 5


def master_of(servers: Servers) -> str:
    """Return the master: whom the Sentinels elected, else the only server in that role; nothing when unclear."""
    if servers.elected:
        return servers.elected
    masters = [address for address, info in servers.infos.items() if info.get("role") == "master"]
    return masters[0] if len(masters) == 1 else ""


def replicas_in_sync(info: Mapping[str, str], max_lag_seconds: int) -> tuple[str, ...]:
    """Return the addresses of the replicas that a master counts as good."""
    good = []
    for name, value in sorted(info.items()):
        if not (name.startswith("slave") and name[5:].isdigit()):
            continue
        replica = dict(part.split("=", 1) for part in value.split(",") if "=" in part)
        if replica.get("state") == "online" and int(replica.get("lag", -1)) in range(max_lag_seconds + 1):
            good.append(replica["ip"])
    return tuple(good)


def role_of(info: Mapping[str, Any]) -> str:
    """Return the server's role in the words of today's documentation; its protocol still says slave."""
    return str({"slave": "replica"}.get(info.get("role", ""), info.get("role", "")))


def lag_bytes(address: str, servers: Servers) -> int:
    """Return how far a server is behind its master; -1 when that cannot be known."""
    master, own = servers.infos.get(master_of(servers)), servers.infos.get(address)
    if not master or not own:
        return -1
    return max(
        0,
        int(master.get("master_repl_offset", 0)) - int(own.get("slave_repl_offset", own.get("master_repl_offset", 0))),
    )


def member_health(address: str, servers: Servers) -> Verdict:
    """Return whether this server does what its role asks and has caught up."""
    info = servers.infos.get(address, {})
    facts = {"role": role_of(info), "version": info.get("redis_version", ""), "lag": lag_bytes(address, servers)}
    return Verdict.of(_objections(address, servers), **facts)


def may_leave(address: str, servers: Servers) -> Verdict:
    """Return whether the master would still take writes without this server."""
    if len(servers.expected) == 1:
        return Verdict(True, ("Redis was declared with a single member: nobody is protected by waiting",))
    master = master_of(servers)
    if not master:
        return Verdict(False, (f"Redis {address}: expected a master that is known before it leaves, found none",))
    if master == address:
        return Verdict(False, (f"Redis {address}: expected another master before it leaves, found itself",))
    objections = _objections(master, servers)
    remaining = [
        other for other in replicas_in_sync(servers.infos.get(master, {}), servers.max_lag_seconds) if other != address
    ]
    if len(remaining) < servers.min_replicas:
        objections.append(
            f"Redis master {master}: expected at least {servers.min_replicas} replicas in sync without {address}, "
            f"found {', '.join(remaining) or 'none'}"
        )
    return Verdict.of(objections, master=master, remaining=remaining)


def drained(address: str, servers: Servers) -> Verdict:
    """Return whether the replicas in sync have everything that this master has, while its writes are held."""
    info = servers.infos.get(address, {})
    behind = {
        replica: lag_bytes(replica, servers)
        for replica in replicas_in_sync(info, servers.max_lag_seconds)
        if lag_bytes(replica, servers) != 0
    }
    return Verdict.of(
        f"Redis {replica}: expected everything that {address} has, found {lag} bytes missing"
        for replica, lag in behind.items()
    )


def may_hand_over(address: str, servers: Servers) -> Verdict:
    """Return whether a replica can take over and still have a replica of its own when this master has left.

    A replica that has just fallen silent is in sync for a while yet; writes would be held in vain until it answers.
    """
    in_sync = replicas_in_sync(servers.infos.get(address, {}), servers.max_lag_seconds)
    good = [replica for replica in in_sync if replica in servers.infos]
    needed = 1 + servers.min_replicas
    if len(good) >= needed:
        return Verdict(True)
    found = ", ".join(good) or "none"
    return Verdict(
        False, (f"Redis master {address}: expected {needed} replicas in sync to hand over to, found {found}",)
    )


def _objections(address: str, servers: Servers) -> list[str]:
    name = f"Redis {address}"
    if address not in servers.infos:
        return [f"{name}: expected an answer, found {servers.silent.get(address, 'none')}"]
    info = servers.infos[address]
    objections = []
    if info.get("loading", "0") != "0":
        objections.append(f"{name}: expected its data to be loaded, found it loading")
    if info.get("aof_last_write_status", "ok") != "ok":
        objections.append(f"{name}: expected writes to reach the disk, found {info['aof_last_write_status']}")
    role = info.get("role", "")
    master = master_of(servers)
    wanted = "master" if address == master else "slave"
    if not master:
        objections.append(f"{name}: expected one master among {', '.join(servers.expected)}, found none or several")
    elif role != wanted:
        objections.append(f"{name}: expected role {wanted} since {master} is the master, found {role}")
    elif role == "master":
        objections += _master_objections(name, info, servers)
    else:
        objections += _replica_objections(address, info, servers, master)
    return objections


def _master_objections(name: str, info: Mapping[str, str], servers: Servers) -> list[str]:
    good = replicas_in_sync(info, servers.max_lag_seconds)
    needed = min(servers.min_replicas, len(servers.expected) - 1)
    if len(good) >= needed:
        return []
    return [
        f"{name}: expected at least {needed} replicas in sync, found {', '.join(good) or 'none'}; it refuses writes"
    ]


def _replica_objections(address: str, info: Mapping[str, str], servers: Servers, master: str) -> list[str]:
    name = f"Redis {address}"
    if info.get("master_host") != master:
        return [f"{name}: expected to follow {master}, found {info.get('master_host')}"]
    if info.get("master_link_status") != "up":
        syncing = " while it copies the data" if info.get("master_sync_in_progress") == "1" else ""
        return [f"{name}: expected its link to {master} to be up, found it down{syncing}"]
    objections = []
    if master in servers.infos and address not in replicas_in_sync(servers.infos[master], servers.max_lag_seconds):
        objections.append(f"{name}: expected {master} to count it as in sync, found that it does not")
    lag = lag_bytes(address, servers)
    if lag > MAX_LAG_BYTES:
        objections.append(f"{name}: expected at most {MAX_LAG_BYTES} bytes behind {master}, found {lag}")
    return objections
