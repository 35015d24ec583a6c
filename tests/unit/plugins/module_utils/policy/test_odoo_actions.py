# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which scheduled actions are meant, on those of a real instance cut down to a few."""

from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.odoo_actions import (
    Action,
    chosen,
    to_pause,
    to_resume,
)

VACUUM = Action(1, "Base: Auto-vacuum internal data", "base.autovacuum_job", True)
MAIL = Action(3, "Mail: Email Queue Manager", "mail.ir_cron_mail_scheduler_action", True)
FETCH = Action(6, "Mail: Fetchmail Service", "mail.ir_cron_mail_gateway_action", False)
DIGEST = Action(14, "Digest Emails", "digest.ir_cron_digest_scheduler_action", False, paused=True)
OWN = Action(24, "Send [all] prices", "", True)
ALL = [VACUUM, MAIL, FETCH, DIGEST, OWN]


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (["*"], ALL),
        (["mail.*"], [MAIL, FETCH]),
        (["mail.ir_cron_mail_scheduler_action"], [MAIL]),
        (["Mail: Email Queue Manager"], [MAIL]),
        (["Send*prices"], [OWN]),
        (["digest.*", "base.*"], [VACUUM, DIGEST]),
    ],
)
def test_an_action_is_meant_by_external_id_or_name(patterns: list[str], found: list[Action]) -> None:
    assert chosen(patterns, ALL) == found


def test_what_means_nothing_is_said() -> None:
    with pytest.raises(ValueError, match=r"found none called stock\.\*, nonesuch"):
        chosen(["stock.*", "mail.*", "nonesuch"], ALL)


def test_what_somebody_switched_off_is_left_off() -> None:
    assert to_pause(ALL) == [VACUUM, MAIL, OWN]
    assert to_resume(ALL) == [DIGEST]
