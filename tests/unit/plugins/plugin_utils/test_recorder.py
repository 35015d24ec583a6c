# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.erpops.estate.plugins.plugin_utils.recorder import Recording, announce, recording


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    before = recording()
    yield
    announce(before)


def test_a_run_is_not_recorded_until_somebody_says_so() -> None:
    assert not recording().loaded
    assert "not enabled" in recording().fault
    announce(Recording(loaded=True, run="r", entry=7, spool=True, fault=""))
    assert recording() == Recording(loaded=True, run="r", entry=7, spool=True, fault="")
