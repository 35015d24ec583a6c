"""Every drill has a result, which is of the code that is there and as it must be. `make bench` prints the figures."""

from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.drills import SCENARIOS, UNPROVEN

from tests.drills import results


@pytest.mark.parametrize("name", sorted(SCENARIOS.keys() - UNPROVEN))
def test_a_drill_has_a_result_that_still_says_something(name: str) -> None:
    found = results.complaints(name)
    assert not found, "\n".join(found)


def test_no_result_is_of_a_drill_that_is_gone() -> None:
    assert set(results.read()) <= set(SCENARIOS)


def test_a_drill_that_holds_is_not_called_unproven() -> None:
    assert [name for name in UNPROVEN if not results.complaints(name)] == []
