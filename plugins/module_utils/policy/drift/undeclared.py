# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on a host that nobody declared: containers, people, packages, tables of the firewall."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.difference import Difference

NOTHING = "nothing"
# Groups whose members can become root.
MIGHTY = ("root", "sudo", "wheel", "admin", "docker", "lxd", "disk")
# Debian's ranges: below are the accounts of packages, above are nobody's.
PEOPLE = range(1000, 60000)
NO_LOGIN = ("nologin", "false", "sync")
# What the engine makes by itself through iptables.
ENGINE_TABLES = frozenset(
    f"{family} {table}" for family in ("ip", "ip6") for table in ("filter", "mangle", "nat", "raw", "security")
)
VIRTUAL_IP_TABLE = "ip erpops_virtual_ip"
INSTALLED = "installed"


def containers(
    host: str, found: Iterable[Mapping[str, Any]], declared: Collection[str], *, told: bool
) -> Iterator[Difference]:
    """Yield the containers that are no declared service.

    Where not everything was told of a host, those that the collection made are left out: they may well be declared.
    """
    for entry in found:
        if entry["name"] not in declared and (told or not entry["managed"]):
            state = "runs" if entry["running"] else "is stopped"
            yield Difference(
                "container", host, str(entry["name"]), "nothing of this name", f"{entry['image']}, {state}"
            )


def people(host: str, found: Mapping[str, Any], known: Collection[str]) -> Iterator[Difference]:
    """Yield accounts that can log in or become root, and grants of sudo, beyond those that are known."""
    allowed = {"root", str(found.get("login") or "root"), *known}
    for account in found.get("accounts") or ():
        name, mighty = str(account["name"]), [group for group in account["groups"] if group in MIGHTY]
        if name in allowed:
            continue
        if account["uid"] == 0:
            yield Difference("user", host, name, NOTHING, "an account with the user id of root")
        elif mighty:
            yield Difference("user", host, name, "no member of it", f"a member of {', '.join(mighty)}")
        elif account["uid"] in PEOPLE and str(account["shell"]).rpartition("/")[2] not in NO_LOGIN:
            yield Difference("user", host, name, NOTHING, f"an account that can log in ({account['shell']})")
    for grant in found.get("grants") or ():
        who = str(grant["who"])
        if who not in allowed and who.removeprefix("%") not in MIGHTY:
            yield Difference("user", host, who, "no grant of sudo", f"one in {grant['file']}")


def grants(file: str, content: str) -> list[dict[str, str]]:
    """Return to whom a file of sudoers grants something, by user or %group."""
    found = []
    for line in content.replace("\\\n", " ").splitlines():
        words = line.split()
        # Aliases and defaults grant nothing; in the old words a file is included by #include.
        if not words or words[0].startswith(("#", "@", "Defaults")) or words[0].endswith("_Alias") or "=" not in line:
            continue
        found += [{"file": file, "who": who} for who in words[0].split(",")]
    return found


def packages(host: str, wanted: Mapping[str, str], found: Mapping[str, Mapping[str, Any]]) -> Iterator[Difference]:
    """Yield the packages that are missing, half installed or held; ``wanted`` has the role of each."""
    for name, role in sorted(wanted.items()):
        entry = found.get(name)
        if entry is None or entry["state"] != INSTALLED:
            state = NOTHING if entry is None else str(entry["state"])
            yield Difference("package", host, name, INSTALLED, state, role)
        elif entry["held"]:
            yield Difference("package", host, name, "one that follows the distribution", "one that is held", role)


def versions(
    found: Mapping[str, Mapping[str, Mapping[str, Any]]], systems: Mapping[str, str], wanted: Mapping[str, str]
) -> Iterator[Difference]:
    """Yield the packages that have another version on one host than on most hosts of the same system."""
    for system in sorted(set(systems.values())):
        hosts = sorted(host for host, one in systems.items() if one == system and host in found)
        for name, role in sorted(wanted.items()):
            have = {host: str(found[host][name]["version"]) for host in hosts if name in found[host]}
            counted = sorted(set(have.values()), key=lambda version: (-list(have.values()).count(version), version))
            for host, version in have.items():
                if version != counted[0]:
                    yield Difference("package", host, name, f"{counted[0]}, as on other hosts", version, role)


def installed(listing: str) -> dict[str, dict[str, Any]]:
    """Return state, version and hold by package from dpkg-query's lines: want, state, name, version."""
    rows = (line.split(maxsplit=3) for line in listing.splitlines())
    return {
        row[2]: {"state": row[1], "version": row[3] if len(row) > 3 else "", "held": row[0] == "hold"}
        for row in rows
        if len(row) > 2 and row[1] != "not-installed"
    }


def tables(host: str, contents: Mapping[str, Any], known: Collection[str], *, virtual_ip: bool) -> Iterator[Difference]:
    """Yield the tables of the firewall that nobody declared, and the one of the virtual address where it is another."""
    found = set(contents["tables"])
    ours = {VIRTUAL_IP_TABLE} if virtual_ip else set()
    for table in sorted(ours - found):
        yield Difference("firewall", host, f"table {table}", "the rules of the virtual address", NOTHING, "virtual_ip")
    for table in sorted(ours & set(contents.get("altered_tables") or ())):
        yield Difference("firewall", host, f"table {table}", "the rules of its file", "other rules", "virtual_ip")
    for table in sorted(found - ours - ENGINE_TABLES - set(known)):
        yield Difference("firewall", host, f"table {table}", NOTHING, "a table of rules")


def table_names(listing: str) -> list[str]:
    """Return family and name of each table from the output of ``nft --json list tables``."""
    entries: Sequence[Mapping[str, Any]] = json.loads(listing or "{}").get("nftables", [])
    return sorted(f"{entry['table']['family']} {entry['table']['name']}" for entry in entries if "table" in entry)


def rules_by_table(listing: str) -> dict[str, str]:
    """Return by family and name of each table what nft lists of it."""
    pieces = re.split(r"^table (\S+ \S+) ", listing, flags=re.MULTILINE)
    return {name: rules.strip() for name, rules in zip(pieces[1::2], pieces[2::2], strict=True)}
