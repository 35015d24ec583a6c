# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module declares of its host for the record of a run, as the key ``evidence`` of its result.

A module does not know what its host is called; whoever records does, and says so with each piece that is ``of`` a host.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

HOST = "host"


def moved(what: str, before: str, after: str) -> list[dict[str, Any]]:
    """Return where something of the whole estate was and where it is now."""
    return settings("", {what: before}, {what: after})


def settings(of: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what of the whole estate changed, each by its name below ``of``; what stood nowhere is not named there."""
    return [
        {"kind": kind, "data": {f"{of} {name}".strip(): value for name, value in each.items()}}
        for kind, each in (("before", before), ("after", after))
        if before or after
    ]


def change(what: str, before: Any, after: Any) -> list[dict[str, Any]]:
    """Return what stood there and what stands there now, under the same name."""
    return [
        {"kind": "before", "of": HOST, "data": {what: before}},
        {"kind": "after", "of": HOST, "data": {what: after}},
    ]


def check(what: str, *, ok: bool, details: Sequence[str] = ()) -> dict[str, Any]:
    """Return what was verified and whether it is as it should be."""
    return {"kind": "verification", "of": HOST, "data": {"name": what, "ok": ok, "details": "; ".join(details)}}
