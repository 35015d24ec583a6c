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
from ansible_collections.erpops.estate.plugins.module_utils.governance.earlier import earlier
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Plan

COLLECTION = Path(__file__).resolve().parents[2]
Data = Mapping[str, Any]


def whole(plan: Data, approved: Plan | None, configuration: str, inventory: str = "") -> dict[str, Any]:
    """Return the plan with the version of the collection and the digest of the ``inventory``, where there is one.

    Estimates are those of the plan that was approved, where its file was handed over; otherwise from earlier runs.
    """
    after = {**plan.get("after", {}), "collection": version(), **({"inventory": inventory} if inventory else {})}
    made = {**plan, "after": after}
    if approved is not None:
        return as_approved(made, approved.as_dict())
    return estimated(made, earlier(configuration, str(plan["playbook"]).partition(" ")[0]) if configuration else [])


def version() -> str:
    """Return which collection this is, as its artefact says, or its source."""
    manifest = COLLECTION / "MANIFEST.json"
    if manifest.is_file():
        about = json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]
    else:
        about = yaml.safe_load((COLLECTION / "galaxy.yml").read_text(encoding="utf-8"))
    return f"{about['namespace']}.{about['name']} {about['version']}"
