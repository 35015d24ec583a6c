# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Returns what it is given, where the callback plugin of the ledger finds it."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.erpops.estate.plugins.module_utils.evidence.recorder import KINDS
from ansible_collections.erpops.estate.plugins.plugin_utils.recorder import recording


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core carries no type information
    """Runs on the controller alone; no connection is opened."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Declare the data."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _result, given = self.validate_argument_spec(
            argument_spec={
                "kind": {"type": "str", "choices": list(KINDS), "required": True},
                "data": {"type": "raw", "required": True},
            }
        )
        result.update(
            changed=False, evidence={"kind": given["kind"], "data": given["data"]}, recorded=recording().loaded
        )
        return result
