# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges on the controller what all hosts said about themselves."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.erpops.estate.plugins.module_utils.policy.preflight import preflight_findings
from ansible_collections.erpops.estate.plugins.module_utils.policy.survey import Survey
from ansible_collections.erpops.estate.plugins.plugin_utils.inventory_reader import read_inventory


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core carries no type information
    """Runs on the controller alone; no connection is opened."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Judge the hosts; fail with every finding."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        spec = {"surveys": {"type": "dict", "required": True}, "beside": {"type": "dict", "default": {}}}
        _result, arguments = self.validate_argument_spec(argument_spec=spec)
        surveys = {str(host): Survey.of(data) for host, data in arguments["surveys"].items()}
        found = preflight_findings(read_inventory(task_vars or {}, self._loader), surveys, arguments["beside"])
        result.update(changed=False, findings=[{**vars(finding)} for finding in found])
        if found:
            lines = "\n".join(f"- {finding}" for finding in found)
            result.update(failed=True, msg=f"{len(found)} findings on the hosts:\n{lines}")
        else:
            result["msg"] = f"{len(surveys)} hosts are fit for what they shall run"
        return result
