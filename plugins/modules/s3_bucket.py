#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: s3_bucket
short_description: Make buckets what they should be
version_added: 0.1.0
description:
  - Makes buckets that are missing and sets versioning and the default retention of object lock.
  - All buckets of an endpoint are one call. Nothing is ever deleted.
  - Object lock is given to a bucket when it is made or never. An existing bucket without is refused, with all others
    left as they are.
extends_documentation_fragment:
  - erpops.estate.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  endpoint:
    description: Address of the endpoint, C(https://host:port).
    type: str
    required: true
  ca_file:
    description: File with the authority that signed the endpoint's certificate, on the host the module runs on.
    type: path
    required: true
  access_key:
    description: Access key of a login that may make and configure buckets.
    type: str
    required: true
  secret_key:
    description: Secret key of that login.
    type: str
    required: true
  buckets:
    description: The buckets.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the bucket.
        type: str
        required: true
      versioning:
        description: Whether an object that is overwritten or deleted keeps its former versions.
        type: bool
        default: true
      object_lock:
        description: Whether versions can be locked. Turns versioning on as well.
        type: bool
        default: false
      retention_mode:
        description:
          - Lock that each new version gets.
          - V(COMPLIANCE) can be lifted by nobody, V(GOVERNANCE) by logins with a special permission.
        type: str
        choices: [COMPLIANCE, GOVERNANCE]
      retention_days:
        description: Days for which each new version is locked.
        type: int
      retention_at_least:
        description: Whether a bucket that locks for more days already keeps them.
        type: bool
        default: false
author:
  - erpops.estate contributors (@erpops)
"""

EXAMPLES = r"""
- name: Make the bucket of the backups
  erpops.estate.s3_bucket:
    endpoint: https://10.0.0.21:8333
    ca_file: /etc/erpops/tls/ca.crt
    access_key: "{{ object_storage_admin_access_key }}"
    secret_key: "{{ object_storage_admin_secret_key }}"
    buckets:
      - name: estate-backup
        object_lock: true
        retention_mode: COMPLIANCE
        retention_days: 35
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be done, in order.
  returned: success
  type: list
  elements: str
  sample: ["bucket estate-backup: create", "bucket estate-backup: set default retention"]
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(unreachable), V(not_trusted), V(not_authorised),
      V(refused), V(invalid).
  returned: failure
  type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.s3 import S3Client
from ansible_collections.erpops.estate.plugins.module_utils.policy.bucket import Bucket, Step, plan

ARGUMENT_SPEC: dict[str, Any] = {
    "endpoint": {"type": "str", "required": True},
    "ca_file": {"type": "path", "required": True},
    "access_key": {"type": "str", "required": True, "no_log": True},
    "secret_key": {"type": "str", "required": True, "no_log": True},
    "buckets": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "versioning": {"type": "bool", "default": True},
            "object_lock": {"type": "bool", "default": False},
            "retention_mode": {"type": "str", "choices": ["COMPLIANCE", "GOVERNANCE"]},
            "retention_days": {"type": "int"},
            "retention_at_least": {"type": "bool", "default": False},
        },
        "required_together": [("retention_mode", "retention_days")],
    },
}


def carry_out(client: S3Client, step: Step, wanted: Bucket) -> None:
    """Send the request of one step."""
    if step is Step.CREATE:
        client.create(wanted.name, object_lock=wanted.object_lock)
    elif step is Step.VERSIONING:
        client.set_versioning(wanted.name, enabled=wanted.versioning)
    else:
        client.set_retention(wanted.name, wanted.retention)


def converge(params: dict[str, Any], *, check: bool) -> dict[str, Any]:
    """Return the module's result; nothing is sent that changes anything before every bucket was looked at."""
    client = S3Client(
        params["endpoint"],
        ca_file=params["ca_file"],
        access_key=params["access_key"],
        secret_key=params["secret_key"],
    )
    found = {entry["name"]: client.bucket(entry["name"]) for entry in params["buckets"]}
    wanted = [Bucket.from_params(entry, found[entry["name"]]) for entry in params["buckets"]]
    work = plan(wanted, found)
    if not check:
        for step, bucket in work:
            carry_out(client, step, bucket)
    return {
        "changed": bool(work),
        "actions": [f"bucket {bucket.name}: {step.value}" for step, bucket in work],
        "diff": {
            "before": {name: bucket.as_dict() for name, bucket in found.items() if bucket},
            "after": {bucket.name: bucket.as_dict() for bucket in wanted},
        },
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    guard.writes(allowed=not module.check_mode)
    try:
        result = converge(module.params, check=module.check_mode)
    except ClientError as error:
        module.fail_json(**error.as_result())
    except ValueError as error:
        module.fail_json(msg=str(error), error="invalid")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
