# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: inventory_validate
short_description: Report everything that is wrong with the inventory of an estate
version_added: "0.1.0"
description:
  - Judges all that can be known from the inventory alone. No host is touched and no connection is opened.
  - All findings are reported at once. Each names the file or the group, the variable, and what to do.
  - Run it once per play with O(ignore:run_once=true); it reads the variables of every host of the estate, whatever
    C(--limit) says.
  - "It finds: images named by tag outside development; instances that share a name, a database, a bucket, a host
    name, a key prefix or a port; invalid names; an even or too small number of etcd members or Sentinels; missing
    secrets; single application nodes, edges or database members where high availability is asked for; instances
    without workers; variables and settings that no role knows, with the nearest known name; values that do not fit
    their specification; addresses in use twice; a virtual IP that is none or belongs to a host."
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
  groups:
    description:
      - Groups of services to judge alone, for a role that runs without the rest of an estate; V(certificates),
        V(docker_engine) and V(leases) for what every host has. All of the inventory by default.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Judge the inventory before any host is touched
  hosts: all
  gather_facts: false
  tasks:
    - name: Report everything that is wrong with the inventory
      erpops.estate.inventory_validate:
      run_once: true
"""

RETURN = r"""
findings:
  description: What is wrong, in the order in which a person would mend it.
  returned: always
  type: list
  elements: dict
  contains:
    where:
      description: The files and lines that set the variable, or the group where it belongs.
      type: str
    variable:
      description: The variable, with the path of the setting inside it.
      type: str
    problem:
      description: What is wrong with it.
      type: str
    remedy:
      description: What to do.
      type: str
  sample:
    - where: inventories/acme/group_vars/all/images.yml:4
      variable: estate_images.redis
      problem: "'registry.example.com/redis:8' is named by tag and estate_environment is production"
      remedy: Name it by digest, as registry/repository@sha256:digest; a tag may mean another image tomorrow
hosts:
  description: The hosts of the estate whose variables were read.
  returned: always
  type: list
  elements: str
"""
