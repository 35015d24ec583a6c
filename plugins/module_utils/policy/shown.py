# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before and after for ``--diff``, line by line; of what is secret only that it differs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

HIDDEN = "(secret)"


@dataclass
class Difference:
    """What a module changes, or would."""

    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    def add(self, subject: str, before: object, after: object, *, secret: bool = False) -> None:
        """Show one thing that changes; None where it is not there."""
        if secret:
            after = None if after is None else f"{HIDDEN}, {'new' if before is None else 'another'}"
            before = None if before is None else HIDDEN
        self.before += [] if before is None else [f"{subject}: {before}\n"]
        self.after += [] if after is None else [f"{subject}: {after}\n"]

    def as_dict(self) -> dict[str, str]:
        """Return it as Ansible shows it."""
        return {"before": "".join(self.before), "after": "".join(self.after)}


def steps(sentences: Iterable[str]) -> dict[str, str]:
    """Return a plan as lines that were not there before."""
    return Difference(after=[f"{sentence}\n" for sentence in sentences]).as_dict()
