# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an object store's answers mean. The answers were recorded from SeaweedFS 4.48."""

from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.health.object_storage import judge

UNKNOWN = "InvalidAccessKeyId: The access key ID you provided does not exist in our records."


@pytest.mark.parametrize(
    ("anonymous_status", "refused", "complaints"),
    [
        pytest.param(403, {}, [], id="everyone logs in"),
        pytest.param(200, {}, ["a list without a login to be refused"], id="no logins loaded: open to anybody"),
        pytest.param(
            403, {"instance-south": UNKNOWN}, ["expected login instance-south to be accepted"], id="not reloaded"
        ),
        pytest.param(200, {"admin": UNKNOWN}, ["without a login", "login admin"], id="both"),
    ],
)
def test_judge(anonymous_status: int, refused: dict[str, str], complaints: list[str]) -> None:
    verdict = judge("S3 at https://s:8333", anonymous_status=anonymous_status, refused=refused)
    assert verdict.ok is not bool(complaints)
    for complaint, reason in zip(complaints, verdict.reasons, strict=True):
        assert complaint in reason
