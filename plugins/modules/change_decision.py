# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: change_decision
short_description: Sign what one person decided about a plan
version_added: "0.1.0"
description:
  - Approves a plan, takes that back, launches it, or closes the review that a break-glass run of it has opened, by a
    signature with the person's own SSH key. Runs where that key is, normally on their own machine.
  - Leaves a file of JSON and its signature, which M(erpops.estate.change_gate) reads.
author:
  - erpops.estate contributors (@erpops)
extends_documentation_fragment:
  - erpops.estate.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: none
options:
  decision:
    description: What was decided.
    type: str
    choices: [approve, withdraw, launch, review]
    default: approve
  plan_file:
    description: File of JSON with the whole plan, as O(erpops.estate.change_gate#module:dest) leaves it.
    type: path
    required: true
  digest:
    description: The digest that the plan has to have, where it was told by another way.
    type: str
  person:
    description: Who decides, by the name in C(approvers/people.yml).
    type: str
    required: true
  key_file:
    description: The person's private key, or the public one where an agent has the private one.
    type: path
    required: true
  directory:
    description: Directory that the two files are left in.
    type: path
    required: true
  minutes:
    description:
      - For how long it holds, in minutes, from 1 to 44640. By default seven days; a launch 15 minutes, and 60 at most.
    type: int
"""

EXAMPLES = r"""
- name: Approve a plan
  erpops.estate.change_decision:
    plan_file: CHG-2026-0042.json
    person: ada.fisher@example.com
    key_file: ~/.ssh/id_ed25519.pub
    directory: /srv/approvals
"""

RETURN = r"""
document:
  description: What was signed, or in check mode would be.
  returned: success
  type: str
path:
  description: The file; the signature lies beside it and ends in C(.sig).
  returned: success
  type: str
digest:
  description: The plan that it is about.
  returned: success
  type: str
steps:
  description: What that plan does, in sentences.
  returned: success
  type: list
  elements: str
error:
  description: The kind of failure, for who has to tell them apart, such as V(refused), V(missing_file), V(invalid).
  returned: failure
  type: str
"""

from datetime import UTC, datetime

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.governance.signed import decide
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.telling import steps


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "decision": {"type": "str", "choices": ["approve", "withdraw", "launch", "review"], "default": "approve"},
            "plan_file": {"type": "path", "required": True},
            "digest": {"type": "str"},
            "person": {"type": "str", "required": True},
            # The path of a file is no secret.
            "key_file": {"type": "path", "required": True, "no_log": False},
            "directory": {"type": "path", "required": True},
            "minutes": {"type": "int"},
        },
        supports_check_mode=True,
    )
    guard.writes(allowed=not module.check_mode)
    try:
        signed = decide(module.params, datetime.now(UTC), dry=module.check_mode)
    except ClientError as error:
        module.fail_json(**error.as_result())
    except ValueError as error:
        module.fail_json(msg=str(error), error="invalid")
    module.exit_json(
        changed=True,
        document=signed.approval.document().decode(),
        path=signed.path,
        digest=signed.plan.digest,
        steps=list(steps(signed.plan)),
    )


if __name__ == "__main__":
    main()
