#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says which certificates of this host are due."""

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_info
short_description: Says which certificates of this host are due
version_added: 0.1.0
description:
  - Looks at all certificates of a host in one call and says which have to be issued, and which only need their files
    put right.
  - A certificate is due when it or its key is missing or unreadable, when they do not fit each other, when it has
    other names, another CA or too few usages, and when it expires soon.
  - It says too when the CAs may not change as asked, since running services would meet certificates that they do
    not trust, and warns when the CA that signs comes to its end.
  - It changes nothing.
author:
  - erpops.estate contributors (@erpops)
requirements:
  - python3-cryptography on the host
attributes:
  check_mode:
    description: Can run in C(check_mode) and say what it would say otherwise.
    support: full
  diff_mode:
    description: Changes nothing, so there is no difference to show.
    support: none
  idempotent:
    description: Asked again, it answers the same until something else changes a file or a date passes.
    support: full
options:
  directory:
    description: Directory that holds one directory for each purpose, with V(tls.crt), V(tls.key) and V(ca.crt).
    type: path
    default: /etc/erpops/tls
  authority:
    description: Certificate of the CA that signs, in PEM. When empty, everything is due.
    type: str
    default: ""
  trusted:
    description: Certificates in PEM of all CAs that each V(ca.crt) should hold; by default O(authority) alone.
    type: str
    default: ""
  days:
    description: Days a certificate is issued for; the CA that signs has to outlive it.
    type: int
    default: 397
  readers:
    description:
      - Services of this host that read a V(ca.crt) when they start or reload. Before another CA signs, or one is
        removed, they must have been seen healthy since V(ca.crt) was changed.
    type: list
    elements: str
    default: []
  renew_before_days:
    description: A certificate that expires within so many days is due.
    type: int
    default: 60
  certificates:
    description: The certificates this host should have.
    type: list
    elements: dict
    required: true
    suboptions:
      purpose:
        description: What the certificate serves; the name of its directory.
        type: str
        required: true
      owner:
        description: Numeric id of the user and group that read the private key.
        type: int
        required: true
      names:
        description: DNS names and IP addresses the certificate must carry, no more and no less.
        type: list
        elements: str
        required: true
      client:
        description: Whether the service also presents the certificate as a client.
        type: bool
        default: false
      supplied:
        description: A certificate of one's own, in PEM. Its names and dates are its owner's business.
        type: dict
        suboptions:
          certificate:
            description: The certificate, followed by those between it and its root.
            type: str
            required: true
          private_key:
            description: The private key; leave it out when it is on the host already.
            type: str
"""

EXAMPLES = r"""
- name: Ask which certificates are due
  erpops.estate.certificate_info:
    authority: "{{ lookup('ansible.builtin.file', 'authority/ca.crt') }}"
    certificates:
      - purpose: redis
        owner: 903
        names: [node1, node1.estate.internal, 192.0.2.11, localhost, 127.0.0.1]
        client: true
  register: certificates
"""

RETURN = r"""
work:
  description: The certificates with something to do.
  returned: always
  type: list
  elements: dict
  contains:
    purpose:
      description: What the certificate serves.
      type: str
    owner:
      description: Numeric id of the user and group that read the private key.
      type: int
    issue:
      description: Whether a new certificate has to be issued or the supplied one put in place.
      type: bool
    supplied:
      description: Whether the certificate is supplied.
      type: bool
    reasons:
      description: Why there is work, in sentences.
      type: list
      elements: str
    subject_alt_name:
      description: The names with their kinds, for the request.
      type: list
      elements: str
    extended_key_usage:
      description: The usages, for the request.
      type: list
      elements: str
objections:
  description: Why the CAs may not change as asked yet, in sentences.
  returned: always
  type: list
  elements: str
authority_expiry:
  description: When the CA that signs expires; empty when there is none.
  returned: always
  type: str
authorities_in_place:
  description: Whether C(ca.crt) in O(directory) holds the CAs it should.
  returned: always
  type: bool
expiry:
  description: When each certificate that could be read expires, by purpose.
  returned: always
  type: dict
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(refused) for a certificate that cannot be one,
      V(missing_library).
  returned: failure
  type: str
"""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.certificate_files import CertificateFiles
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.policy.certificates import (
    Wanted,
    ending,
    hasty,
    misplaced,
    subject_alternative_name,
    to_issue,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.supplied_certificates import FOR_USERS
from ansible_collections.erpops.estate.plugins.module_utils.quiet import QuietModule
from ansible_collections.erpops.estate.plugins.module_utils.service.record import Record

SUPPLIED = {
    "certificate": {"type": "str", "required": True},
    "private_key": {"type": "str", "no_log": True},
}
CERTIFICATE = {
    "purpose": {"type": "str", "required": True},
    "owner": {"type": "int", "required": True},
    "names": {"type": "list", "elements": "str", "required": True},
    "client": {"type": "bool", "default": False},
    "supplied": {"type": "dict", "options": SUPPLIED},
}
SPEC = {
    "directory": {"type": "path", "default": "/etc/erpops/tls"},
    "authority": {"type": "str", "default": ""},
    "trusted": {"type": "str", "default": ""},
    "days": {"type": "int", "default": 397},
    "renew_before_days": {"type": "int", "default": 60},
    "readers": {"type": "list", "elements": "str", "default": []},
    "certificates": {"type": "list", "elements": "dict", "required": True, "options": CERTIFICATE},
}


def survey(params: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return the work to do and what was seen."""
    files = CertificateFiles(params["directory"], params["authority"], params["trusted"])
    changed_at = files.changed_at(entry["purpose"] for entry in params["certificates"])
    authorities = files.authorities(name for name in params["readers"] if _unread(name, changed_at))
    renew_before = timedelta(days=params["renew_before_days"])
    work, expiry, verified = [], {}, {}
    for entry in params["certificates"]:
        supplied = bool(entry["supplied"])
        wanted = Wanted(entry["purpose"], entry["owner"], frozenset(entry["names"]), entry["client"], supplied)
        found = files.read(wanted.purpose, entry["supplied"])
        issue = to_issue(wanted, found, now, renew_before, authorities.signer)
        reasons = issue or misplaced(wanted, found)
        if found.not_after:
            expiry[wanted.purpose] = found.not_after.isoformat()
        if wanted.purpose != FOR_USERS:
            verified[wanted.purpose] = found
        if reasons:
            work.append(
                {
                    "purpose": wanted.purpose,
                    "owner": wanted.owner,
                    "issue": bool(issue),
                    "supplied": supplied,
                    "reasons": list(reasons),
                    "subject_alt_name": [subject_alternative_name(name) for name in dict.fromkeys(entry["names"])],
                    "extended_key_usage": ["serverAuth", "clientAuth"] if wanted.client else ["serverAuth"],
                }
            )
    end = files.authority_ends()
    return {
        "work": work,
        "expiry": expiry,
        "objections": list(hasty(authorities, verified)),
        "authority_expiry": end.isoformat() if end else "",
        "warning": ending(end, now, params["days"], params["renew_before_days"]) if end else "",
        "authorities_in_place": files.authorities_in_place(os.path.join(params["directory"], "ca.crt")),
    }


def _unread(service: str, changed_at: float) -> bool:
    """Return whether a service that was made already has not been proven since that moment."""
    record = Record(service)
    if not os.path.exists(record.path):
        return False
    return bool(record.read().pending) or os.stat(record.path).st_mtime < changed_at


def main() -> None:
    """Entry point."""
    module = QuietModule(argument_spec=SPEC, supports_check_mode=True)
    guard.writes(allowed=False)
    try:
        result = survey(module.params, datetime.now(UTC))
    except ClientError as error:
        module.fail_json(**error.as_result())
    if warning := result.pop("warning"):
        module.warn(warning)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
