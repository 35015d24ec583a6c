# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signs what a person decided about a plan, with their own key, and leaves it where the gate looks."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import MissingFile, Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.ledger_file import write
from ansible_collections.erpops.estate.plugins.module_utils.clients.ssh_signature import sign
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.approvals import NAMESPACES, Approval
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Plan
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.planned import plan_of
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.signing import decided, file_name


@dataclass(frozen=True)
class Signed:
    """What was signed, about which plan, and where it lies."""

    approval: Approval
    plan: Plan
    path: str


def decide(given: Mapping[str, Any], now: datetime, *, dry: bool = False) -> Signed:
    """Sign; ``dry`` only says what would be signed."""
    plan = read_plan(given["plan_file"])
    if given.get("digest") and given["digest"] != plan.digest:
        raise Refused(
            given["plan_file"],
            expected=f"the plan {given['digest']}",
            found=plan.digest,
            remedy="ask for the plan that you were told of",
        )
    one = decided(plan, given["decision"], given["person"], given.get("minutes"), now)
    path = os.path.join(given["directory"], file_name(one))
    if not dry:
        guard.about_to_write(path, "a signed decision")
        what = f"what {one.person} decided about {one.change}"
        signature = sign(what, one.document(), given["key_file"], NAMESPACES[one.decision])
        # The gate passes over a text without signature less quietly than over a signature without text.
        write(f"{path}.sig", signature)
        write(path, one.document())
    return Signed(one, plan, path)


def read_plan(path: str) -> Plan:
    """Return the plan of a file."""
    try:
        with open(path, encoding="utf-8") as stream:
            return plan_of(json.load(stream))
    except OSError as error:
        raise MissingFile(
            "the plan", expected=path, found=str(error), remedy="--check of its playbook makes it"
        ) from error
    except ValueError as error:
        raise Refused(path, expected="a plan as JSON", found=str(error)) from error
