# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the plan of a playbook whole on the controller: with what it makes of the estate, and with estimates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.erpops.estate.plugins.module_utils.evidence.estimates import as_approved, estimated
from ansible_collections.erpops.estate.plugins.module_utils.evidence.redaction import redact
from ansible_collections.erpops.estate.plugins.module_utils.governance import half_way
from ansible_collections.erpops.estate.plugins.module_utils.governance.earlier import earlier
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.extra_variables import left_out
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Estimates, Plan
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.planned import plan_of
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.playbook_plans import with_no_return

COLLECTION = Path(__file__).resolve().parents[2]
Data = Mapping[str, Any]


def whole(
    plan: Data, approved: Plan | None, configuration: str, *, given: Data | None = None, inventory: str = ""
) -> dict[str, Any]:
    """Return the plan with the version of the collection, what it was ``given``, and the digest of the ``inventory``.

    Estimates are those of the plan that was approved, where its file is at hand; otherwise from earlier runs.
    """
    after = {**plan.get("after", {}), "collection": version(), **({"inventory": inventory} if inventory else {})}
    made = {**plan, "given": dict(given or {}), "after": after}
    if approved is not None:
        return with_no_return(as_approved(made, approved.as_dict()))
    return with_no_return(estimated(made, earlier(configuration, playbook_of(plan)) if configuration else []))


def known_here(plan: Data) -> Estimates:
    """Return the estimates of a plan that was made whole without the file of an approved one."""
    return Estimates({step["name"]: int(step["seconds"]) for step in plan["steps"]}, int(plan["rollback_seconds"]))


def begun(plan: Data, approved: Plan | None, configuration: str) -> Plan | None:
    """Return the plan by which a run of this playbook has begun the change and not finished it.

    It is in that run's record, where it left one, or the one that was approved, whose file is at hand.
    """
    change, playbook = str(plan["change"]), playbook_of(plan)
    known = half_way.own(configuration, change, playbook)
    if approved is not None:
        return approved if approved.digest in known else None
    records = reversed(earlier(configuration, playbook)) if known else ()
    kept = next((one.plan for one in records if one.change == change and one.plan_digest in known), None)
    try:
        return plan_of({name: kept[name] for name in kept if name != "digest"}) if kept else None
    except ValueError:
        # A record of which nobody can read the plan is as good as none.
        return None


def stopped_by(path: str | None, configuration: str) -> Plan | None:
    """Return the plan of a file where a run was stopped by it: of one that was killed there is no other copy."""
    try:
        plan = plan_of(json.loads(Path(path or "").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None
    known = half_way.own(configuration, plan.change, playbook_of(plan.as_dict()))
    return plan if plan.digest in known else None


def playbook_of(plan: Data) -> str:
    """Return the name of a plan's playbook, without what it was called with."""
    return str(plan["playbook"]).partition(" ")[0]


def called_with(extra: Data, *, job: bool = False) -> dict[str, str]:
    """Return the extra variables as texts, but not those that say which change it is, nor the value of a secret.

    In a ``job`` of AWX those are left out, too, that it adds to each.
    """
    said = {name: value for name, value in sorted(extra.items()) if not left_out(name, job=job)}
    return {
        name: value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
        for name, value in redact(said).items()
    }


def version() -> str:
    """Return which collection this is, as its artefact says, or its source."""
    manifest = COLLECTION / "MANIFEST.json"
    if manifest.is_file():
        about = json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]
    else:
        about = yaml.safe_load((COLLECTION / "galaxy.yml").read_text(encoding="utf-8"))
    return f"{about['namespace']}.{about['name']} {about['version']}"
