# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the files of governance look like, as JSON Schema. A ``description`` is the remedy for who does not fit it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import ENVIRONMENTS, EVIDENCE, KINDS
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.difference import KINDS as DRIFTS
from ansible_collections.erpops.estate.plugins.module_utils.policy.planes import PLANES

Schema = Mapping[str, Any]

CHANGE_ID = r"CHG-[A-Za-z0-9][A-Za-z0-9-]{0,40}"
WAIVER_ID = r"WVR-[A-Za-z0-9][A-Za-z0-9-]{0,40}"
NAME = {"type": "string", "pattern": r"^[a-z][a-z0-9_-]{0,40}$", "description": "Use small letters, digits, - and _"}
LABEL = {"type": "string", "pattern": r"^[a-z0-9][a-z0-9 -]{0,60}$", "description": "Use small letters, digits and -"}
PERSON = {
    "type": "string",
    "pattern": r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,80}$",
    "description": "Name a person as approvers/people.yml does, such as ada@example.com",
}
TEXT = {"type": "string", "pattern": r"\S", "description": "Say it in a sentence"}
MOMENT = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$",
    "description": "Write a time with its zone, such as 2026-11-23T22:00+01:00",
}
FLAG = {"type": "boolean"}
VERSION = {"const": 1, "description": "This is version 1"}
BREAK_GLASS_SKIPS = ("window", "freeze", "approvals", "overlap")
# What a waiver for drift begins with: it excuses differences, the others requirements of a change.
DRIFT = "drift:"
WAIVABLE = ("window", *(f"evidence:{kind}" for kind in EVIDENCE), *(f"{DRIFT}{kind}" for kind in DRIFTS))


def number(least: int, most: int) -> Schema:
    """Return the schema of a whole number."""
    return {
        "type": "integer",
        "minimum": least,
        "maximum": most,
        "description": f"Use a whole number from {least} to {most}",
    }


def names(item: Schema, least: int = 0) -> Schema:
    """Return the schema of a list in which nothing stands twice."""
    return {"type": "array", "items": item, "uniqueItems": True, "minItems": least}


def one_of(words: Sequence[str]) -> Schema:
    """Return the schema of one of these words."""
    return {"enum": list(words)}


def mapping(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """Return the schema of a mapping with these keys and no other."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def keyed(name: Schema, value: Schema, least: int = 0) -> Schema:
    """Return the schema of a mapping whose keys are names."""
    return {"type": "object", "propertyNames": name, "additionalProperties": value, "minProperties": least}


_RULE = mapping(
    {
        "for": mapping(
            {"environments": names(one_of(ENVIRONMENTS), 1)},
            {"kinds": names(one_of(KINDS), 1), "tiers": names(NAME, 1)},
        ),
        "window": FLAG,
    },
    {
        "margin_minutes": number(0, 1440),
        "approvals": {"type": "array", "items": mapping({"role": NAME, "at_least": number(1, 20)})},
        "launchers": names(NAME, 1),
        "evidence": {
            "type": "array",
            "items": mapping(
                {"kind": one_of(EVIDENCE), "max_age_hours": number(1, 8784)}, {"held_hours": number(1, 8784)}
            ),
        },
        "not_beside": names(one_of(KINDS)),
    },
)

POLICY = mapping(
    {
        "version": VERSION,
        "tiers": keyed(NAME, mapping({"rpo_minutes": number(0, 10080), "rto_minutes": number(1, 10080)}), 1),
        "instances": keyed(NAME, mapping({"tier": NAME}, {"ring": NAME, "sites": names(NAME)})),
        "rules": {"type": "array", "items": _RULE},
    },
    {
        "rings": names(NAME),
        "sites": names(NAME),
        "labels": names(LABEL),
        "clocks_apart_seconds": number(1, 300),
        "break_glass": {
            "type": "array",
            "items": mapping(
                {
                    "environments": names(one_of(ENVIRONMENTS), 1),
                    "roles": names(NAME, 1),
                    "skips": names(one_of(BREAK_GLASS_SKIPS)),
                    "review_roles": names(NAME, 1),
                    "review_within_hours": number(1, 720),
                }
            ),
        },
    },
)

CHANGE = mapping(
    {
        "version": VERSION,
        "id": {"type": "string", "pattern": f"^{CHANGE_ID}$", "description": "Write it as CHG-2026-0042"},
        "title": TEXT,
        "reason": TEXT,
        "kind": one_of(KINDS),
        "environment": one_of(ENVIRONMENTS),
        "scope": mapping({"instances": names(NAME)}, {"sites": names(NAME), "planes": names(one_of(PLANES))}),
        "requester": PERSON,
        "rollback": TEXT,
        "risk": one_of(("low", "medium", "high")),
    },
    {"window": mapping({"from": MOMENT, "to": MOMENT}), "state": one_of(("open", "withdrawn", "done"))},
)

PEOPLE = mapping(
    {
        "version": VERSION,
        "roles": keyed(NAME, TEXT, 1),
        "people": keyed(PERSON, mapping({"roles": names(NAME)}, {"name": TEXT, "awx": TEXT})),
    }
)

WAIVER = mapping(
    {
        "version": VERSION,
        "id": {"type": "string", "pattern": f"^{WAIVER_ID}$", "description": "Write it as WVR-2026-0007"},
        "owner": PERSON,
        "reason": TEXT,
        "expires": MOMENT,
        "waives": names(one_of(WAIVABLE), 1),
        "environments": names(one_of(ENVIRONMENTS), 1),
    },
    {
        "kinds": names(one_of(KINDS), 1),
        "instances": names(NAME, 1),
        "hosts": names(TEXT, 1),
        "objects": names(TEXT, 1),
    },
)
