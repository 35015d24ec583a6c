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
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Plan
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.playbook_plans import with_no_return
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.versions import as_begun

# What only names the plan, and what AWX adds of its own, another for each job: none of it may decide what is done.
NAMING = frozenset({"change", "plan", "break_glass", "change_plan"})
OF_AWX = ("awx_", "tower_")
COLLECTION = Path(__file__).resolve().parents[2]
Data = Mapping[str, Any]


def whole(
    plan: Data, approved: Plan | None, configuration: str, *, given: Data | None = None, inventory: str = ""
) -> dict[str, Any]:
    """Return the plan with the version of the collection, what it was ``given``, and the digest of the ``inventory``.

    Estimates are those of the plan that was approved, where its file was handed over; otherwise from earlier runs. A
    run that goes on where one of the same plan was stopped finds the versions before it as that one found them.
    """
    after = {**plan.get("after", {}), "collection": version(), **({"inventory": inventory} if inventory else {})}
    made = {**plan, "given": called_with(given or {}), "after": after}
    change, playbook = str(plan["change"]), str(plan["playbook"]).partition(" ")[0]
    records = earlier(configuration, playbook) if configuration and approved is None else []
    known = {record.plan_digest: record.plan for record in records if record.change == change}
    if approved is not None:
        known = {approved.digest: approved.as_dict()}
    done = as_approved(made, approved.as_dict()) if approved is not None else estimated(made, records)
    begun = [known[digest] for digest in half_way.own(configuration, change, playbook) if digest in known]
    return with_no_return({**done, "before": as_begun(done, begun[-1])} if begun else done)


def called_with(given: Data) -> dict[str, str]:
    """Return the extra variables as texts, but not those that say which change it is, nor the value of a secret."""
    said = {name: value for name, value in sorted(given.items()) if not _apart(name)}
    return {
        name: value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
        for name, value in redact(said).items()
    }


def _apart(name: str) -> bool:
    return name in NAMING or name.startswith(OF_AWX)


def version() -> str:
    """Return which collection this is, as its artefact says, or its source."""
    manifest = COLLECTION / "MANIFEST.json"
    if manifest.is_file():
        about = json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]
    else:
        about = yaml.safe_load((COLLECTION / "galaxy.yml").read_text(encoding="utf-8"))
    return f"{about['namespace']}.{about['name']} {about['version']}"
