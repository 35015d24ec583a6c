# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ledger_verify
short_description: Verify the ledger of an estate, and name the first entry that is wrong
version_added: "0.1.0"
description:
  - Follows the chain from the first entry to the last, verifies the newest checkpoint's signature, and compares with
    what etcd knows as the last entry and with a copy of the bucket, where they are given.
  - Fails where anything is wrong. A run that was opened and never closed is not wrong; it is in RV(unfinished).
    Nor is one that changed something before the change gate had let it through; it is in RV(ungated).
  - What nobody could tell from what was there is in RV(limits).
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
  allowed_signers:
    description: OpenSSH's file of whose key may sign checkpoints. By default what O(configuration) says.
    type: path
  revoked:
    description: File of revoked keys, a KRL or public keys one a line. By default what O(configuration) says.
    type: path
  bucket:
    description: Directory with an exported copy of the bucket to compare with.
    type: path
  checkpoints:
    description: Directory with further checkpoints that were kept elsewhere.
    type: path
  estate:
    description: The estate that checkpoints must be of. By default what O(configuration) says.
    type: str
  records:
    description: Compare the records with their digests, too.
    type: bool
    default: false
  program:
    description:
      - Leave the verifier here as a program of its own that needs Python and C(ssh-keygen) alone, for an auditor.
    type: path
"""

EXAMPLES = r"""
- name: Verify the ledger of this estate
  erpops.estate.ledger_verify:
  delegate_to: localhost

- name: Verify what an auditor was given
  erpops.estate.ledger_verify:
    ledger: /srv/audit/ledger.jsonl
    allowed_signers: /srv/audit/allowed_signers
    bucket: /srv/audit/bucket
    records: true
  delegate_to: localhost
"""

RETURN = r"""
ok:
  description: Whether nothing is wrong.
  returned: when the ledger could be read
  type: bool
entries:
  description: How many entries are a chain.
  returned: when the ledger could be read
  type: int
digest:
  description: SHA-256 of the last one of them.
  returned: when the ledger could be read
  type: str
first_wrong:
  description:
    - The first wrong entry, what was done to it (V(altered), V(removed), V(inserted), V(reordered), V(truncated),
      V(torn)), and how that is known.
  returned: when the ledger could be read
  type: dict
  sample: {entry: 7, found: "entry 7 was altered: entry 8 holds another digest of it", kind: altered}
findings:
  description: Everything else that is wrong, in sentences.
  returned: when the ledger could be read
  type: list
  elements: str
unfinished:
  description: The entries of runs that were opened and never closed.
  returned: when the ledger could be read
  type: list
  elements: dict
ungated:
  description: The last entries of runs that changed something on a host before the change gate had let them through.
  returned: when the ledger could be read
  type: list
  elements: dict
signed:
  description: Up to which entry (C(n)) a checkpoint vouches, who signed it and when.
  returned: when the ledger could be read
  type: dict
copied:
  description: Up to which entry (C(n)) the copy of the bucket vouches.
  returned: when the ledger could be read
  type: dict
limits:
  description: What this verification cannot tell, in sentences.
  returned: when the ledger could be read
  type: list
  elements: str
lines:
  description: The report for a terminal.
  returned: when the ledger could be read
  type: list
  elements: str
error:
  description: The kind of failure, for who has to tell them apart, such as V(missing_file), V(unreachable), V(wrong).
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.ledger.check import check
from ansible_collections.erpops.estate.plugins.module_utils.ledger.settings import DEFAULT


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "configuration": {"type": "path", "default": DEFAULT},
            "ledger": {"type": "path"},
            "allowed_signers": {"type": "path"},
            "revoked": {"type": "path"},
            "bucket": {"type": "path"},
            "checkpoints": {"type": "path"},
            "estate": {"type": "str"},
            "records": {"type": "bool", "default": False},
            "fetch": {"type": "bool", "default": True},
            "program": {"type": "path"},
        },
        supports_check_mode=True,
    )
    guard.writes(allowed=not module.check_mode)
    try:
        report, changed = check(module.params, dry=module.check_mode)
    except ClientError as error:
        module.fail_json(**error.as_result())
    result = {"changed": changed, **report.as_dict(), "lines": list(report.lines())}
    if not report.ok:
        module.fail_json(msg="\n".join(result["lines"]), error="wrong", **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
