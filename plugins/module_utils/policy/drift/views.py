# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What daemons that keep their own view hold, against what is declared: Sentinel's servers, Traefik's routers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.difference import Difference

NOTHING = "nothing"


def sentinels(info: Mapping[str, Any], hosts: Mapping[str, str]) -> Iterator[Difference]:
    """Yield where a Sentinel's view is not the declared cluster: masters, replicas, other Sentinels.

    ``info`` is what M(erpops.estate.redis_sentinel_info) returned, ``hosts`` has each member's name by its address.
    """
    for row in info.get("sentinels") or ():
        host = hosts.get(str(row["address"]), str(row["address"]))
        if not row["answers"]:
            yield Difference("sentinel", host, "Sentinel", "an answer", "none")
            continue
        for name in sorted({str(info["master_name"])} ^ set(row["watches"])):
            wanted = name == info["master_name"]
            expected, found = ("to be watched", NOTHING) if wanted else (NOTHING, "a master that is watched")
            yield Difference("sentinel", host, f"master {name}", expected, found)
        if not row["master"]:
            continue
        followers = set(hosts) - {str(row["master"])}
        if row["master"] not in hosts:
            yield Difference("sentinel", host, "master", f"one of {_joined(hosts)}", str(row["master"]))
        for address in sorted(followers ^ set(row["replicas"])):
            pair = ("a replica", NOTHING) if address in followers else (NOTHING, "a replica")
            yield Difference("sentinel", host, f"replica {address}", *pair)
        if row["knows_others"] != len(hosts) - 1:
            expected, found = f"{len(hosts) - 1}", f"{row['knows_others']}"
            yield Difference("sentinel", host, "other Sentinels", expected, found)


def routers(host: str, loaded: Sequence[Mapping[str, Any]], file: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield where the routers that an edge has loaded are not those of its file."""
    declared: Mapping[str, Mapping[str, Any]] = (file.get("http") or {}).get("routers") or {}
    running = {str(router["name"]): router for router in loaded}
    for name in sorted({*declared, *running}):
        if name not in running:
            yield Difference("router", host, name, str(declared[name].get("rule")), NOTHING)
        elif name not in declared:
            yield Difference("router", host, name, NOTHING, str(running[name]["rule"]))
        else:
            yield from _router(host, name, running[name], declared[name])


def _router(host: str, name: str, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[Difference]:
    pairs = {
        "rule": (_text(wanted.get("rule")), _text(found["rule"])),
        "service": (_local(wanted.get("service")), _local(found["service"])),
        "entry points": (_joined(wanted.get("entryPoints") or ()), _joined(found["entry_points"])),
        "middlewares": (
            _joined(_local(one) for one in wanted.get("middlewares") or ()),
            _joined(_local(one) for one in found["middlewares"]),
        ),
    }
    for part, (expected, there) in pairs.items():
        if expected != there:
            yield Difference("router", host, f"{name}: {part}", expected, there)
    if found["status"] == "disabled":
        yield Difference("router", host, name, "one that is enabled", "; ".join(found["errors"]) or "a disabled one")


def _text(value: Any) -> str:
    return str(value or "").strip()


def _local(name: Any) -> str:
    return str(name or "").partition("@")[0]


def _joined(names: Any) -> str:
    return ", ".join(str(name) for name in names) or NOTHING
