# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to change in running Redis servers and Sentinels; they rewrite their files, so files alone say little."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

UNITS = {"": 1, "k": 1000, "kb": 1024, "m": 1000**2, "mb": 1024**2, "g": 1000**3, "gb": 1024**3}


def choose_master(elected: str, infos: Mapping[str, Mapping[str, str]], first: str) -> str:
    """Return whom to follow: whom the Sentinels elected, else the master most replicas follow, else the first declared.

    So whom a failover made master stays master, even when the Sentinels lost their files.
    """
    if elected:
        return elected
    followed = {
        address: int(info.get("connected_slaves", 0)) for address, info in infos.items() if info.get("role") == "master"
    }
    best = max(followed, key=lambda address: (followed[address], address == first, address), default=first)
    return best if followed.get(best) else first


def min_replicas(wanted: int, members: int) -> int:
    """Return how many replicas a master needs to take writes: as many as wanted, and no more than there can be."""
    return max(0, min(wanted, members - 1))


def plain(value: str) -> str:
    """Return a value as the server itself gives it: sizes in bytes, words lowercase only where they are units."""
    match = re.fullmatch(r"(\d+)(k|kb|m|mb|g|gb)", value.lower())
    return str(int(match[1]) * UNITS[match[2]]) if match else value


def differing(wanted: Mapping[str, str], live: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that the running server has otherwise, with the value each should have."""
    return {name: plain(value) for name, value in wanted.items() if live.get(name) != plain(value)}


def stale_lines(wanted: Mapping[str, str], text: str) -> tuple[str, ...]:
    """Return the settings that the file has otherwise.

    An absent line says nothing: a server leaves out what equals its default.
    """
    written = dict(_directives(text))
    return tuple(sorted(name for name, value in wanted.items() if name in written and written[name] != plain(value)))


def _directives(text: str) -> Iterable[tuple[str, str]]:
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, _space, rest = line.strip().partition(" ")
        try:
            value = " ".join(shlex.split(rest))
        except ValueError:
            value = rest
        yield name.lower(), plain(value)


def sentinel_secrets(text: str, master_name: str) -> dict[str, str]:
    """Return the user and password a Sentinel's file holds for its master; the Sentinel tells them to nobody."""
    found = {}
    for name, value in _directives(text):
        words = value.split(" ", 2)
        if (
            name == "sentinel"
            and len(words) == 3
            and words[0] in ("auth-user", "auth-pass")
            and words[1] == master_name
        ):
            found[words[0]] = words[2]
    return found


@dataclass(frozen=True)
class UserChanges:
    """Users to set with their rules, and users nobody asked for."""

    replace: Mapping[str, str]
    remove: tuple[str, ...]


def passwords(rules: str) -> tuple[str, ...]:
    """Return the digests of the passwords that let a user in."""
    return tuple(word for word in rules.split() if word.startswith("#"))


def shown(rules: str, before: str | None = None) -> str:
    """Return rules without the passwords in them; of one that was not in the rules ``before``, that it differs."""
    known = rules.split() if before is None else before.split()
    return " ".join(
        (word if word[0] not in "#!<>" else f"{word[0]}(secret)" if word in known else f"{word[0]}(secret, differs)")
        for word in rules.split()
    )


def with_old_passwords(wanted: Mapping[str, str], live: Mapping[str, str]) -> dict[str, str]:
    """Return the wanted rules with the live passwords added.

    Members log in to each other: all must let a new password in before the first of them uses it, and a Sentinel that
    was turned away once does not try again.
    """
    both = {}
    for name, rules in wanted.items():
        old = [word for word in passwords(live.get(name, "")) if word not in rules.split()]
        new = passwords(rules)
        both[name] = rules.replace(new[-1], " ".join([new[-1], *old])) if new and old else rules
    return both


def new_passwords(wanted: Mapping[str, str], live: Mapping[str, str]) -> list[str]:
    """Return the users whom another password lets in than is wanted, alone or beside it."""
    return [name for name, rules in with_old_passwords(wanted, live).items() if rules != wanted[name]]


def user_changes(wanted: Mapping[str, str], live: Mapping[str, str]) -> UserChanges:
    """Return how the users differ; ``default`` always exists and can only be switched off."""
    return UserChanges(
        {name: rules for name, rules in wanted.items() if live.get(name) != rules},
        tuple(sorted(name for name in live if name not in wanted and name != "default")),
    )


@dataclass(frozen=True)
class Follow:
    """What a server has to be told: to follow another, or to be master itself (``address`` is empty)."""

    address: str


def replication_change(address: str, master: str, info: Mapping[str, str], *, watched: bool) -> Follow | None:
    """Return what this server has to be told; nothing when its role is right.

    While Sentinels answer (``watched``) a master that was demoted is theirs to deal with: they elect.
    """
    role = info.get("role")
    if address == master:
        return Follow("") if role != "master" and not watched else None
    if role == "master" or info.get("master_host") != master:
        return Follow(master)
    return None
