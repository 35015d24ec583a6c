# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks tell the change gate: their plans, and which of its steps are done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.erpops.estate.plugins.module_utils.policy.change import playbook_plans, site_plan
from ansible_collections.erpops.estate.plugins.plugin_utils.inventory_reader import plain


def change_plan(given: Mapping[str, Any], playbook: str) -> dict[str, Any]:
    """Return the plan of a playbook from what it was called with and what it has seen."""
    try:
        return playbook_plans.planned(playbook, plain(given))
    except (KeyError, TypeError, ValueError) as error:
        raise AnsibleFilterError(f"change_plan: {playbook}: {error}") from error


def steps_before(plan: Mapping[str, Any], step: str) -> list[str]:
    """Return the steps of a plan of site.yml that come before the play of this one."""
    return site_plan.steps_before(plan, step)


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return what Jinja2 may call."""
        return {"change_plan": change_plan, "steps_before": steps_before}
