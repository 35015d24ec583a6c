# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: evidence
short_description: Put something into the record of this run
version_added: "0.1.0"
description:
  - Declares data that the ledger's callback plugin keeps in the record of the run. Nothing else that a task is called
    with or returns is kept.
  - Secrets do not belong here. What is called a secret is taken out, as are the values of variables called so.
author:
  - erpops.estate contributors (@erpops)
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.attributes.controller
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  kind:
    description:
      - What it is. V(before) and V(after) are states by name, such as versions, and what is given later is added.
      - V(verification) is one or several of C(name), C(ok) and C(details).
      - Plan, approvals, verdict and launcher are not declared by this; they are believed of
        M(erpops.estate.change_gate) alone.
    type: str
    choices: [before, after, verification]
    required: true
  data:
    description: The data.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Keep what ran before
  erpops.estate.evidence:
    kind: before
    data:
      odoo: "{{ estate_images.odoo }}"

- name: Keep what was seen afterwards
  erpops.estate.evidence:
    kind: verification
    data:
      name: every service is healthy
      ok: "{{ status.ok }}"
      details: "{{ status.findings }}"
"""

RETURN = r"""
evidence:
  description: The data, as they are put into the record.
  returned: always
  type: dict
  sample: {data: {odoo: "19.0-1"}, kind: before}
recorded:
  description: Whether this run is recorded at all.
  returned: always
  type: bool
"""
