# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at a host in one round trip, without an interpreter there, and times the answer."""

from __future__ import annotations

import time
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.erpops.estate.plugins.module_utils.policy.survey import question, read


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core carries no type information
    """Asks through the connection itself: a module would take half a second and blur the clock by as much."""

    TRANSFERS_FILES = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what was seen; nothing is judged here."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _result, given = self.validate_argument_spec(argument_spec={"containers": {"type": "bool", "default": False}})
        asking = question(containers=given["containers"])
        asked = time.time()
        answer = self._low_level_execute_command(asking)
        answered = time.time()
        try:
            survey = read(answer["stdout"], asked, answered)
        except ValueError as error:
            detail = (answer.get("stderr") or "").strip()
            result.update(failed=True, msg=f"This host cannot be read: {error}. {detail}".strip())
            return result
        result.update(changed=False, survey=survey.as_dict())
        return result
