# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which a new password reaches those who need it, wherever a run is killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

TASKS = Path(__file__).resolve().parents[3] / "roles" / "odoo" / "tasks" / "configure.yml"
DATABASE = "erpops.estate.odoo_database"


def test_postgresql_is_told_a_new_password_when_all_nodes_have_it() -> None:
    """It is by PostgreSQL that the next run knows whether somebody has to be told."""
    tasks: list[dict[str, Any]] = yaml.safe_load(TASKS.read_text(encoding="utf-8"))
    acts = (DATABASE, "ansible.builtin.stat", "ansible.builtin.copy")
    asks, looks, tells, sets = [task for task in tasks if any(act in task for act in acts)]
    assert asks[DATABASE]["set_passwords"] == "{{ __odoo_sets_passwords }}"
    assert asks["vars"]["__odoo_sets_passwords"] == "{{ __estate_dry }}"
    assert asks["register"] == "__odoo_roles"
    assert "groups['odoo']" in looks["loop"]
    assert "__odoo_roles.new_passwords" in looks["when"]
    assert f"{looks['register']}.results" in tells["loop"]
    assert sets[DATABASE] == asks[DATABASE]
    assert sets["vars"]["__odoo_sets_passwords"] is True
    assert "not __estate_dry and __odoo_roles.new_passwords" in sets["when"]
