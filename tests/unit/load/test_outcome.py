"""What counts as failed, and what may be said of an order that got this answer."""

from __future__ import annotations

import pytest

from tests.load.outcome import Failure, Fate, Told, failure, fate

RESET = Told(broken=Failure.RESET, detail="ConnectionResetError")
MISSING = Told(broken=Failure.MISSING, detail="TimeoutError")
REFUSED_CONNECTION = Told(broken=Failure.RESET, sent=False, detail="ConnectionRefusedError")


@pytest.mark.parametrize(
    ("told", "seconds", "lacks", "failed", "known"),
    [
        (Told(200), 0.2, "", None, Fate.ACKNOWLEDGED),
        (Told(200), 30.0, "", None, Fate.ACKNOWLEDGED),
        # Too late for its user, but what was said was said.
        (Told(200), 30.1, "", Failure.LATE, Fate.ACKNOWLEDGED),
        (Told(200), 0.2, "no id", Failure.WRONG, Fate.UNKNOWN),
        (Told(303), 0.2, "", Failure.WRONG, Fate.REFUSED),
        (Told(401), 0.2, "", Failure.WRONG, Fate.REFUSED),
        (Told(404), 31.0, "", Failure.LATE, Fate.REFUSED),
        (Told(422), 0.2, "", Failure.WRONG, Fate.REFUSED),
        (Told(429), 0.2, "", Failure.TOO_MANY, Fate.REFUSED),
        (Told(500), 0.2, "", Failure.SERVER_ERROR, Fate.UNKNOWN),
        (Told(502), 0.2, "", Failure.SERVER_ERROR, Fate.UNKNOWN),
        (Told(504), 31.0, "", Failure.SERVER_ERROR, Fate.UNKNOWN),
        (RESET, 0.2, "", Failure.RESET, Fate.UNKNOWN),
        (MISSING, 30.0, "", Failure.MISSING, Fate.UNKNOWN),
        (REFUSED_CONNECTION, 0.2, "", Failure.RESET, Fate.UNSENT),
        (Told(broken=Failure.MISSING, sent=False), 30.0, "", Failure.MISSING, Fate.UNSENT),
    ],
)
def test_judged(told: Told, seconds: float, lacks: str, failed: Failure | None, known: Fate) -> None:
    assert failure(told, seconds, lacks) == failed
    assert fate(told, lacks) == known
