# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units of systemd that no role keeps."""

from __future__ import annotations

from ansible_collections.erpops.estate.plugins.module_utils.policy.drift import units

TIMER, PROGRAM = "/etc/systemd/system/erpops-leases.timer", "/usr/local/lib/erpops/lease-keeper.pyz"
ALTERED = "/etc/systemd/system/erpops-leases.service.d/mine.conf"


def test_of_the_files_of_a_role_those_are_units_that_systemd_reads() -> None:
    assert units.kept([PROGRAM, TIMER]) == [TIMER]


def test_what_no_role_keeps_is_named() -> None:
    (one,) = units.undeclared("n1", [ALTERED, TIMER], [TIMER])
    assert str(one) == f"unit {ALTERED}: expected nothing, found a file of systemd"
