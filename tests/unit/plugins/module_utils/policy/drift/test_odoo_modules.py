# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules of an instance that nobody asked for."""

from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.odoo_modules import closure, read, undeclared

# name: (state, installs itself, needs, drawn in by)
ROWS = {
    "base": ("installed", False, [], []),
    "web": ("installed", True, ["base"], ["base"]),
    "queue_job": ("installed", False, ["base"], []),
    "erpops_attachment": ("installed", False, ["fs_attachment_s3"], []),
    "fs_attachment_s3": ("installed", False, ["base", "fs_storage"], []),
    "fs_storage": ("installed", False, ["base"], []),
    "account": ("installed", False, ["web"], []),
    "l10n_generic_coa": ("installed", False, ["account"], []),
    "sale": ("installed", False, ["account"], []),
    "crm": ("installed", False, ["base"], []),
    # Drawn in by two together, and by one that brings another along.
    "sale_crm": ("installed", True, ["sale", "crm"], ["sale", "crm"]),
    "sale_pdf": ("installed", True, ["sale", "pdf"], ["sale"]),
    "pdf": ("installed", False, ["base"], []),
    "repair": ("to install", False, ["sale"], []),
}
MODULES = read(
    {
        name: {"state": state, "auto_install": auto, "depends": needs, "drawn_by": drawn}
        for name, (state, auto, needs, drawn) in ROWS.items()
    }
)


@pytest.mark.parametrize(
    ("declared", "named"),
    [
        (["sale", "crm"], []),
        # What a stranger draws in is not excused by its own dependencies.
        (["sale"], ["crm", "sale_crm"]),
        (["account"], ["crm", "pdf", "sale", "sale_crm", "sale_pdf"]),
        ([], ["account", "crm", "l10n_generic_coa", "pdf", "sale", "sale_crm", "sale_pdf"]),
    ],
)
def test_modules_that_nobody_asked_for(declared: list[str], named: list[str]) -> None:
    found = list(undeclared("north", MODULES, declared))
    assert [one.object for one in found] == [f"north/{name}" for name in named]
    assert {one.instance for one in found} <= {"north"}


def test_what_comes_with_a_module() -> None:
    assert closure(MODULES, ["sale_pdf"]) == {"sale_pdf", "sale", "pdf", "account", "web", "base"}
    assert closure(MODULES, ["unheard_of"]) == {"unheard_of"}
