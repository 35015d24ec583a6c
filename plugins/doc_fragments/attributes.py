# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module of the collection declares about itself."""

from __future__ import annotations


class ModuleDocFragment:
    """The attributes a user can count on; a module adds how far it supports each."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the changed status prediction without modifying the target.
  diff_mode:
    description: Returns details on what has changed, or would change in C(check_mode), when in diff mode.
  idempotent:
    description: When run twice in a row with the same arguments outside check mode, the second run changes nothing.
"""

    # For what is decided on the controller.
    CONTROLLER = r"""
options: {}
attributes:
  action:
    description: Has a corresponding action plugin, so parts of it run on the controller.
    support: full
  connection:
    description: Opens a connection to the host.
    support: none
"""
