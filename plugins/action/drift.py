# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges on the controller what all hosts said: what of it is not declared, whose it is, what a waiver covers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.governance.laid_down import laid_down
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.requests import Waiver
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.declared import declared
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.estate import differences, judged, lines
from ansible_collections.erpops.estate.plugins.plugin_utils.inventory_reader import plain, read_inventory


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core carries no type information
    """Runs on the controller alone; no connection is opened."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Judge; where the company's repository cannot be believed no waiver counts, and why is said."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _result, given = self.validate_argument_spec(argument_spec={"found": {"type": "dict", "required": True}})
        inventory = read_inventory(task_vars or {}, self._loader)
        now = datetime.now(UTC)
        waivers, commit, troubles = _waivers(inventory.shared("estate_governance") or {}, now)
        known = declared(inventory)
        found = judged(differences(plain(given["found"]), known), known, waivers, now)
        open_ones = [one.as_dict() for one in found if one.waiver is None]
        result.update(
            changed=False,
            ok=not open_ones and not troubles,
            differences=[one.as_dict() for one in found],
            uncovered=len(open_ones),
            commit=commit,
            troubles=troubles,
            lines=lines(found, troubles),
        )
        return result


def _waivers(governance: Mapping[str, Any], now: datetime) -> tuple[tuple[Waiver, ...], str, list[str]]:
    if not governance.get("directory"):
        return (), "", []
    place, owners = str(governance["directory"]), str(governance.get("owners") or "")
    try:
        laid = laid_down(place, owners, now=now, cache=governance.get("cache"))
    except (ClientError, OSError) as error:
        return (), "", [f"No waiver counts: {error}"]
    return laid.governance.waivers, laid.governance.commit, []
