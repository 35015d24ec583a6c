#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: drift
short_description: Say how what runs differs from what is declared
version_added: 0.1.0
description:
  - Judges what the playbook C(erpops.estate.drift) gathered of all hosts, against the inventory. Each difference is
    said with the role that owns it, who answers for that role (C(estate_owners)), and the waiver that covers it, if
    any.
  - Waivers are read from the company's repository (C(estate_governance)) at its signed commit. Where that cannot be
    believed none counts, and RV(troubles) says why.
  - Runs on the controller alone. It does not fail because of differences.
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
  found:
    description:
      - By host what was found. C(contents) is what M(erpops.estate.host_info) returned; a host without it counts as
        unreachable.
      - C(services) are a list of C(service) and the C(differences) of M(erpops.estate.service) or
        M(erpops.estate.host_service). C(parts) are a list of C(role), C(kind), the C(actions) that a module
        of it would take, and the C(units) of systemd that it keeps, C(shared) the same of what is done once for all
        hosts. C(untold) is a list of C(role), C(what) could not be compared and the C(reason).
      - C(certificates), C(patroni), C(postgresql) and C(redis) are what M(erpops.estate.certificate_info),
        M(erpops.estate.patroni_config), M(erpops.estate.postgresql_settings_info) and
        M(erpops.estate.redis_sentinel_info) returned, C(postgresql_declared) the
        settings a member should have, C(routers) those an edge has loaded, C(routers_declared) its file.
      - C(instances) is a list of C(name), the C(differences) and C(undeclared) parameters of
        M(erpops.estate.odoo_instance) and the C(modules) of M(erpops.estate.odoo_modules_info). C(system) is the
        distribution with its version.
    type: dict
    required: true
seealso:
  - module: erpops.estate.host_info
  - module: erpops.estate.postgresql_settings_info
  - module: erpops.estate.odoo_modules_info
author:
  - erpops.estate contributors (@erpops)
"""

EXAMPLES = r"""
- name: Judge what was found on one host
  erpops.estate.drift:
    found:
      node1: {contents: "{{ hostvars['node1'].drift_contents }}", services: "{{ hostvars['node1'].estate_compared }}"}
  register: drift
  delegate_to: localhost

- name: Show it
  ansible.builtin.debug:
    msg: "{{ drift.lines }}"
"""

RETURN = r"""
ok:
  description: Whether every difference is covered by a waiver, and waivers could be read.
  returned: success
  type: bool
differences:
  description: Every difference, once.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: >-
        What kind of thing differs, as waivers name it (C(drift:KIND)); V(untold) for what could not be compared.
      type: str
      sample: container
    host:
      description: The host, or V(estate) for what is a cluster's or an instance's.
      type: str
    object:
      description: What differs.
      type: str
    expected:
      description: What is declared.
      type: str
    found:
      description: What runs.
      type: str
    instance:
      description: The instance of Odoo it belongs to; empty for all else.
      type: str
    role:
      description: The role that owns it.
      type: str
    owner:
      description: Who answers for that role, by C(estate_owners); the role itself where that says nothing.
      type: str
    waiver:
      description: The waiver that covers it, with C(id), C(owner), C(reason) and C(expires); none where none does.
      type: dict
uncovered:
  description: How many differences no waiver covers.
  returned: success
  type: int
commit:
  description: The signed commit that waivers were read from; empty where nothing governs.
  returned: success
  type: str
troubles:
  description: Why waivers could not be read.
  returned: success
  type: list
  elements: str
lines:
  description: All of it for a terminal.
  returned: success
  type: list
  elements: str
"""
