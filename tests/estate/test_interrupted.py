"""A run that is killed inside a mutation leaves something half done; the next run finishes it.

Two of the points of tests/interruptions, which has them all: one while a container is replaced, and one while the
leadership moves.
"""

from __future__ import annotations

import pytest

from tests.estate.wait import until_whole
from tests.estate.world import Estate
from tests.interruptions.carry_out import carry_out
from tests.interruptions.points import EVERY_TIME, POINTS


@pytest.mark.parametrize("name", EVERY_TIME)
def test_the_next_run_finishes(estate: Estate, name: str) -> None:
    done = carry_out(estate, POINTS[name])
    print("\n".join([POINTS[name].does, *done["left"], *done["said"]]))


def test_the_estate_is_as_before(estate: Estate) -> None:
    until_whole(estate)
