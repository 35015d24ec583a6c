# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module finds an instance of Odoo."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of every module that looks after one instance on a host where it runs."""

    DOCUMENTATION = r"""
options:
  name:
    description:
      - Name of the instance, as in C(estate_instances).
      - The module runs on a host of the group C(odoo), as root, and finds everything else where the instance's own
        containers find it.
    type: str
    required: true
  directory:
    description: Directory on this host with the instance's configuration. By default C(/etc/erpops/odoo/) and its name.
    type: path
"""

    # For what is done to records, by Odoo itself.
    API_KEY = r"""
options:
  api_key_file:
    description:
      - File on this host with an API key of an administrator, as M(erpops.estate.odoo_api_key) keeps it.
    type: path
    required: true
"""
