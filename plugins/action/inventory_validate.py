# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the whole inventory on the controller and reports everything that is wrong with it at once."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory import findings
from ansible_collections.erpops.estate.plugins.plugin_utils.inventory_reader import read_inventory


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core carries no type information
    """Runs on the controller alone; no connection is opened."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Judge the inventory; fail with every finding."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _result, arguments = self.validate_argument_spec(
            argument_spec={"groups": {"type": "list", "elements": "str", "default": []}}
        )
        inventory = read_inventory(task_vars or {}, self._loader)
        found = findings(inventory, arguments["groups"])
        result.update(
            changed=False,
            hosts=inventory.estate_hosts(),
            findings=[{**vars(finding)} for finding in found],
        )
        if found:
            lines = "\n".join(f"- {finding}" for finding in found)
            result.update(failed=True, msg=f"{len(found)} findings in the inventory:\n{lines}")
        else:
            result["msg"] = f"The inventory of {len(inventory.estate_hosts())} hosts is in order"
        return result
