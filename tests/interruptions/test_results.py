"""Every interruption that was ever carried out has a result, and it is of the code that is there."""

from __future__ import annotations

from tests.interruptions import results
from tests.interruptions.points import CARRIED_OUT, POINTS, UNTRIED


def test_an_interruption_that_was_carried_out_has_a_result_that_still_says_something() -> None:
    found = [complaint for name in sorted(CARRIED_OUT) for complaint in results.complaints(name)]
    assert not found, "\n".join(found)


def test_no_result_is_of_a_point_that_is_gone() -> None:
    assert set(results.read()) <= set(POINTS)


def test_an_interruption_that_was_carried_out_is_not_called_untried() -> None:
    assert not set(results.read()) & UNTRIED
    assert set(POINTS) >= CARRIED_OUT
    assert set(results.read()) == CARRIED_OUT
