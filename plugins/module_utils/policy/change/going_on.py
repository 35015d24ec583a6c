# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a run goes on by the plan by which its change was begun, or by one of its own."""

from __future__ import annotations

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Plan
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.planned import plan_of
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.playbook_plans import with_no_return
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.versions import as_begun


def going_on(plan: Plan, begun: Plan) -> Plan:
    """Return the plan that was begun, where this is that one met half way; otherwise this, with what it has found.

    One that differs in anything else is approved and run by its own file, by which nobody could tell what was begun.
    """
    made = plan.as_dict()
    found = plan_of(with_no_return({**made, "before": as_begun(made, begun.as_dict())}))
    return begun if found.digest == begun.digest else plan
