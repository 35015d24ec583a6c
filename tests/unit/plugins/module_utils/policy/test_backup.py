# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be done so that a cluster is backed up."""

from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.backup import Step, steps


@pytest.mark.parametrize(
    ("exists", "has_full", "reconfigured", "expected"),
    [
        pytest.param(False, False, True, (Step.STANZA, Step.CHECK, Step.FULL), id="first run"),
        pytest.param(False, False, False, (Step.STANZA, Step.CHECK, Step.FULL), id="interrupted after the files"),
        pytest.param(True, False, False, (Step.FULL,), id="interrupted before the backup"),
        pytest.param(True, True, True, (Step.CHECK,), id="other keys"),
        pytest.param(True, True, False, (), id="as it should be: not even a check, which switches WAL"),
    ],
)
def test_steps(exists: bool, has_full: bool, reconfigured: bool, expected: tuple[Step, ...]) -> None:
    assert steps(exists=exists, has_full=has_full, reconfigured=reconfigured) == expected
