# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a registry's answers mean. The statuses were recorded from docker-registry 2.8."""

from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.health.image_registry import judge


@pytest.mark.parametrize(
    ("version_check", "upload", "anonymous", "complaint"),
    [
        pytest.param(200, 405, True, "", id="read-only, pulls by anybody"),
        pytest.param(401, 401, False, "", id="everyone logs in"),
        pytest.param(200, 202, True, "pushes without a login to be refused", id="anybody may push"),
        pytest.param(200, 405, False, "expected a login to be asked for (status 401), found status 200", id="no login"),
        pytest.param(401, 401, True, "expected pulls without a login (status 200), found status 401", id="locked out"),
    ],
)
def test_judge(version_check: int, upload: int, anonymous: bool, complaint: str) -> None:
    verdict = judge("image registry at r:5000", version_check=version_check, upload=upload, anonymous=anonymous)
    assert verdict.ok is not bool(complaint)
    assert complaint in "; ".join(verdict.reasons)
    assert all(reason.startswith("image registry at r:5000: ") for reason in verdict.reasons)
