# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ledger_info
short_description: Tell what the ledger has of a change, of a run, or at its end
version_added: "0.1.0"
description:
  - Reads the ledger on the controller. It verifies nothing but that a record is the one its entry names;
    M(erpops.estate.ledger_verify) verifies the ledger.
author:
  - erpops.estate contributors (@erpops)
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.ledger
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  change:
    description: Only entries of this change.
    type: str
    default: ""
  run:
    description: Only entries of this run, by its UUID.
    type: str
    default: ""
  last:
    description: At most this many entries, the newest ones. V(0) stands for all.
    type: int
    default: 20
  records:
    description: Return the records that the entries name, too.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: See the last entries
  erpops.estate.ledger_info:
  delegate_to: localhost

- name: Read everything of a change
  erpops.estate.ledger_info:
    change: CHG-1042
    records: true
    last: 0
  delegate_to: localhost
  register: ledger
"""

RETURN = r"""
entries:
  description: The entries, the oldest first. C(digest) is what the next entry holds as C(previous).
  returned: success
  type: list
  elements: dict
  sample:
    - account: ada
      at: "2026-11-23T08:49:57.690Z"
      digest: 42783f4cac31924bffc216cf8a972f303b9a9e9f6705833494c20c15fc1b947c
      estate: production
      event: opened
      host: bastion1
      n: 1
      playbook: site.yml
      previous: "0000000000000000000000000000000000000000000000000000000000000000"
      run: 951fae64-e085-403e-922f-78d7695f0c29
records:
  description: Of each entry that names a record, C(entry) and C(record).
  returned: when O(records) is true
  type: list
  elements: dict
error:
  description: The kind of failure, for who has to tell them apart, such as V(missing_file) or V(refused).
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.ledger import info
from ansible_collections.erpops.estate.plugins.module_utils.ledger.settings import DEFAULT, fetched, load
from ansible_collections.erpops.estate.plugins.module_utils.ledger.stored import Stored


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "configuration": {"type": "path", "default": DEFAULT},
            "ledger": {"type": "path"},
            "fetch": {"type": "bool", "default": True},
            "change": {"type": "str", "default": ""},
            "run": {"type": "str", "default": ""},
            "last": {"type": "int", "default": 20},
            "records": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    guard.writes(allowed=False)
    given = module.params
    try:
        ledger = Stored(given["ledger"] or fetched(load(given["configuration"]), wanted=given["fetch"]))
        found = info.entries(ledger, change=given["change"], run=given["run"], last=given["last"])
        more = {"records": list(info.records(ledger.directory, found))} if given["records"] else {}
    except ClientError as error:
        module.fail_json(**error.as_result())
    except ValueError as error:
        module.fail_json(msg=f"{error}; run ledger_verify", error="refused")
    module.exit_json(changed=False, entries=found, **more)


if __name__ == "__main__":
    main()
