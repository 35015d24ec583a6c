# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks tell the change gate: their plans, and what they have seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.erpops.estate.plugins.module_utils.policy.change import playbook_plans, seen, site_plan
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


def clocks_seen(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> dict[str, float]:
    """Return by host how far its clock is off, where somebody has looked at it."""
    surveys = {str(host): hostvars[host].get("estate_host_survey") or {} for host in hosts}
    return seen.clocks(surveys)


def backup_seen(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the newest backup as evidence, where somebody has looked for it."""
    answers = (hostvars[host].get("gate_backups") or {} for host in hosts)
    return seen.backup(next((found for found in answers if found.get("backups")), {}))


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return what Jinja2 may call."""
        return {
            "backup_seen": backup_seen,
            "change_plan": change_plan,
            "clocks_seen": clocks_seen,
            "steps_before": steps_before,
        }
