# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.planes import PLANES, address


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "n1"),
        ({"ansible_host": "10.0.0.1"}, "10.0.0.1"),
        ({"ansible_host": "10.0.0.1", "estate_address": "10.0.0.2"}, "10.0.0.2"),
        ({"ansible_host": "10.0.0.1", "estate_data_address": "10.0.0.3"}, "10.0.0.3"),
        ({"ansible_host": "10.0.0.1", "estate_edge_address": "10.0.0.4"}, "10.0.0.1"),
    ],
)
def test_an_address_on_the_data_plane(variables: dict[str, str], expected: str) -> None:
    assert address(variables, "n1", "data") == expected


def test_a_plane_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match=f"no plane 'dta'; known are {', '.join(PLANES)}"):
        address({}, "n1", "dta")
