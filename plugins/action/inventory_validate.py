# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the whole inventory on the controller and reports everything that is wrong with it at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.erpops.estate.plugins.module_utils.clients.certificate_pem import Pem
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory import findings
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Finding, Inventory
from ansible_collections.erpops.estate.plugins.module_utils.policy.supplied_certificates import (
    VARIABLE,
    supplied_findings,
)
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
        found = [*findings(inventory, arguments["groups"]), *_supplied_findings(inventory)]
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


def _supplied_findings(inventory: Inventory) -> Iterator[Finding]:
    # Most estates supply none; they need neither the library nor a CA that was made already.
    if any(value for _host, value in inventory.values(VARIABLE)):
        directory = str(inventory.shared("certificates_authority_dir", ""))
        names = inventory.shared("certificates_authorities", [])
        authorities = "\n".join(_content(os.path.join(directory, f"{name}.crt")) for name in names)
        yield from supplied_findings(inventory, authorities, Pem().supplied, datetime.now(UTC))


def _content(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""
