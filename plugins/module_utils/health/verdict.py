# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answer every health predicate and every gate gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """Yes or no, with every reason.

    ``reasons`` are sentences that name the object, what was expected and what was found; they are
    given for a "no" and may also explain a "yes". ``facts`` hold what was seen on the way
    (role, version, lag in bytes), for reports.
    """

    ok: bool
    reasons: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, objections: Iterable[str], **facts: Any) -> Verdict:
        """Return yes when there is no objection, else no with all of them."""
        reasons = tuple(objections)
        return cls(ok=not reasons, reasons=reasons, facts=facts)

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as plain data for a module's result."""
        return {"ok": self.ok, "reasons": list(self.reasons), "facts": dict(self.facts)}
