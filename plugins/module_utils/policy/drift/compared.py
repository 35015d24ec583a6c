# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles say they would do, as differences: services, files, units, settings, certificates, databases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.difference import (
    ESTATE,
    UNTOLD,
    Difference,
    instance_of,
    role_of,
)

NOTHING = "nothing"
DECLARED = "what is declared"
# What a role says it would do to a file or a directory; the rest of the sentence is its path.
WRITES = ("wrote ", "write ", "set directory ")
# What it says it would do to a timer, with what was expected of it and what it is.
TIMERS = {
    "enabled ": ("one that is enabled and waits", "one that is not"),
    "reloaded ": ("what its file says", "what an older file said"),
}


def services(host: str, entries: Iterable[Mapping[str, Any]]) -> Iterator[Difference]:
    """Yield what M(erpops.estate.service) found of each service of a host."""
    for entry in entries:
        name = str(entry["service"])
        for found in entry["differences"]:
            texts = {key: str(found[key]) for key in ("kind", "object", "expected", "found")}
            yield Difference(host=host, role=role_of(name), instance=instance_of(name), **texts)


def shared_once(found: Iterable[Difference]) -> Iterator[Difference]:
    """Yield each difference once: a file that several containers share is found with each of them."""
    seen = set()
    for one in found:
        key = (one.kind, one.host, one.object) if one.kind == "file" else one
        if key not in seen:
            seen.add(key)
            yield one


def actions(host: str, role: str, kind: str, sentences: Iterable[str]) -> Iterator[Difference]:
    """Yield what a role would do on a host, by the sentences in which it says so."""
    for sentence in sentences:
        prefix = next((word for word in WRITES if sentence.startswith(f"{word}/")), "")
        timer = next((word for word in TIMERS if sentence.startswith(word)), "")
        if prefix:
            yield Difference("file", host, sentence.removeprefix(prefix), DECLARED, "something else, or nothing", role)
        elif timer:
            yield Difference(kind, host, sentence.removeprefix(timer), *TIMERS[timer], role)
        else:
            # Such as "Redis: set maxmemory"; what names no subject is the role's own.
            subject, colon, rest = sentence.partition(": ")
            yield Difference(kind, host, subject if colon else role, "nothing to do", rest if colon else sentence, role)


def redis(host: str, sentences: Iterable[str]) -> Iterator[Difference]:
    """Yield what the running Redis and Sentinel of a host are not set to."""
    for one in actions(host, "redis_sentinel", "redis", sentences):
        sentinel = one.kind == "redis" and one.object.startswith("Sentinel")
        yield Difference("sentinel", host, one.object, one.expected, one.found) if sentinel else one


def certificates(host: str, survey: Mapping[str, Any], renew_before_days: int) -> Iterator[Difference]:
    """Yield the certificates of a host that are due, and why."""
    for entry in survey.get("work") or ():
        found = "; ".join(str(reason) for reason in entry["reasons"])
        expected = f"one of the estate's CA, with its names, for more than {renew_before_days} days"
        yield Difference("certificate", host, str(entry["purpose"]), expected, found)
    for objection in survey.get("objections") or ():
        yield Difference("certificate", host, "ca.crt", "CAs that services can follow", str(objection))
    if survey and not survey.get("authorities_in_place", True):
        yield Difference("certificate", host, "/etc/erpops/tls/ca.crt", "the estate's CAs", "others, or nothing")


def dynamic_config(result: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield what Patroni's dynamic configuration is not, and what nobody declared in it."""
    before = (result.get("diff") or {}).get("before") or {}
    for path, wanted in _leaves(result.get("patch") or {}):
        yield Difference("patroni", ESTATE, ".".join(path), _said(wanted), _said(_at(before, path)))
    removed = {".".join(path) for path, wanted in _leaves(result.get("patch") or {}) if wanted is None}
    for name in result.get("undeclared") or ():
        if name not in removed:
            yield Difference("patroni", ESTATE, name, NOTHING, _said(_at(before, name.split("."))))
    for member in result.get("pending_restart") or ():
        yield Difference("postgresql", str(member), "restart", "none pending", "settings that wait for a restart")


def _leaves(tree: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value


def _at(tree: Mapping[str, Any], path: Sequence[str]) -> Any:
    found: Any = tree
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _said(value: Any) -> str:
    return NOTHING if value is None else str(value)


def instance(name: str, sentences: Iterable[str]) -> Iterator[Difference]:
    """Yield how the database of an instance differs, by the sentences of M(erpops.estate.odoo_instance)."""
    for sentence in sentences:
        work, opened, rest = sentence.partition(" (is ")
        found = rest.removesuffix(")") if opened else "that it is not so"
        verb, _space, what = work.partition(" ")
        if verb in ("install", "finish"):
            yield Difference("odoo_module", ESTATE, f"{name}/{what}", "installed", found, instance=name)
        elif verb == "set" and " to " in what and not what.endswith("storage of attachments"):
            key, _to, value = what.partition(" to ")
            yield Difference("odoo_parameter", ESTATE, f"{name}/{key}", value, found, instance=name)
        else:
            yield Difference("odoo_database", ESTATE, name, "nothing to do", sentence, instance=name)


def parameters(name: str, keys: Iterable[str]) -> Iterator[Difference]:
    """Yield the parameters of an instance that nobody declared; their values may be secrets."""
    for key in keys:
        yield Difference("odoo_parameter", ESTATE, f"{name}/{key}", NOTHING, "a parameter", instance=name)


def untold(host: str, entries: Iterable[Mapping[str, Any]]) -> Iterator[Difference]:
    """Yield what could not be compared on a host, and why."""
    for entry in entries:
        yield Difference(
            UNTOLD, host, str(entry["what"]), "to be told", str(entry["reason"]).strip(), str(entry["role"])
        )
