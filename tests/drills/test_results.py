"""Every drill has a result, and it is of the code that is there. How it came out `make bench` prints."""

from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.drills import SCENARIOS, UNTRIED

from tests.drills import results


@pytest.mark.parametrize("name", sorted(SCENARIOS.keys() - UNTRIED))
def test_a_drill_has_a_result_that_still_says_something(name: str) -> None:
    found = results.complaints(name)
    assert not found, "\n".join(found)


def test_no_result_is_of_a_drill_that_is_gone() -> None:
    assert set(results.read()) <= set(SCENARIOS)


def test_a_drill_that_was_carried_out_is_not_called_untried() -> None:
    assert not set(results.read()) & UNTRIED
