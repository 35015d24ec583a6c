"""What came of a request: did it fail for its user, and what may be said of the order it carried?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ansible_collections.erpops.estate.plugins.module_utils.policy.drill_verdict import PATIENCE_SECONDS as PATIENCE

__all__ = ["PATIENCE", "Failure", "Fate", "Told", "failure", "fate"]


class Failure(StrEnum):
    """Why a request failed for its user."""

    SERVER_ERROR = "5xx"
    TOO_MANY = "429"
    RESET = "reset"
    UNTRUSTED = "not trusted"
    MISSING = "missing"
    LATE = "late"
    WRONG = "wrong answer"


class Fate(StrEnum):
    """What is known of a write, from its sender's side alone."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"  # an answer that says no: it must not be there
    UNSENT = "unsent"  # no connection came about, not a byte of the request left: it must not be there
    UNKNOWN = "unknown"  # it may be there or not


@dataclass(frozen=True)
class Told:
    """What the other end said, or how it failed to."""

    status: int = 0
    body: bytes = b""
    broken: Failure | None = None
    sent: bool = True
    detail: str = ""


def failure(told: Told, seconds: float, complaint: str = "") -> Failure | None:
    """Judge an answer that came so many seconds after it was due; ``complaint`` says what its content lacks."""
    if told.broken:
        return told.broken
    if told.status >= 500:
        return Failure.SERVER_ERROR
    if told.status == 429:
        return Failure.TOO_MANY
    if seconds > PATIENCE:
        return Failure.LATE
    return Failure.WRONG if told.status != 200 or complaint else None


def fate(told: Told, complaint: str = "") -> Fate:
    """Judge a write. A 5xx does not say that nothing was written: an edge sends it for an answer that got lost."""
    if not told.sent:
        return Fate.UNSENT
    if told.broken or told.status >= 500:
        return Fate.UNKNOWN
    if told.status != 200:
        return Fate.REFUSED
    return Fate.UNKNOWN if complaint else Fate.ACKNOWLEDGED
