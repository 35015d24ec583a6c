# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What should change in an instance's system parameters, and what of it may be shown."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.odoo_instance import ADMIN_MARK, own_parameters

# What Odoo makes for each database and cannot be without, and what this collection notes there.
UNTOUCHABLE = ("database.uuid", "database.secret", "database.create_date", ADMIN_MARK)
SECRET = re.compile(r"secret|passw|token|credential|private|api_?key|\bkey$", re.IGNORECASE)
HIDDEN = "hidden"


@dataclass(frozen=True)
class Change:
    """What is to be set to what, and what is to be removed."""

    set: Mapping[str, str]
    remove: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.set or self.remove)


def texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Return values as Odoo keeps them; true and false are the words it compares with."""
    return {str(key): str(value) for key, value in values.items()}


def objections(wanted: Collection[str], absent: Collection[str]) -> list[str]:
    """Return why this may not be asked for."""
    own = {*own_parameters(""), *UNTOUCHABLE}
    sentences = [
        f"system parameter {key} is seen to by the estate or by Odoo itself; leave it out"
        for key in sorted(own & {*wanted, *absent})
    ]
    sentences += [
        f"system parameter {key}: expected either a value or its absence, found both"
        for key in sorted(set(wanted) & set(absent))
    ]
    return sentences


def change(wanted: Mapping[str, str], absent: Collection[str], found: Mapping[str, str]) -> Change:
    """Return what has to be done."""
    return Change(
        set={key: value for key, value in wanted.items() if found.get(key) != value},
        remove=tuple(key for key in absent if key in found),
    )


def difference(work: Change, found: Mapping[str, str], secret: Collection[str]) -> dict[str, dict[str, str]]:
    """Return before and after of what changes; of a secret only that it does.

    Nobody says whether what is removed was one, so it counts as one.
    """
    concealed = {*secret, *work.remove}

    def shown(key: str, value: str) -> str:
        return HIDDEN if key in concealed or SECRET.search(key) else value

    touched = sorted({*work.set, *work.remove})
    before = {key: shown(key, found[key]) for key in touched if key in found}
    after = {key: shown(key, work.set[key]) for key in touched if key in work.set}
    for key, value in after.items():
        if value == HIDDEN:
            after[key] = f"{HIDDEN}, {'another value' if key in before else 'new'}"
    return {"before": before, "after": after}
