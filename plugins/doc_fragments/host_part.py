# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on a host beside its containers."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of every module that keeps directories, files and timers on its host."""

    DOCUMENTATION = r"""
options:
  directories:
    description: Directories on this host.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path.
        type: path
        required: true
      owner:
        description: Numeric user id.
        type: int
        default: 0
      group:
        description: Numeric group id.
        type: int
        default: 0
      mode:
        description: Octal permissions.
        type: str
        default: "0755"
  files:
    description: Files on this host, such as units and what they read; shown in diffs.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path.
        type: path
        required: true
      content:
        description: What the file holds.
        type: str
        required: true
      owner:
        description: Numeric user id.
        type: int
        default: 0
      group:
        description: Numeric group id.
        type: int
        default: 0
      mode:
        description: Octal permissions.
        type: str
        default: "0644"
      validate:
        description: Command that refuses an invalid candidate. C(%s) is its path.
        type: list
        elements: str
  secret_files:
    description: As I(files); their content is in no output.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path.
        type: path
        required: true
      content:
        description: What the file holds.
        type: str
        required: true
      owner:
        description: Numeric user id.
        type: int
        default: 0
      group:
        description: Numeric group id.
        type: int
        default: 0
      mode:
        description: Octal permissions.
        type: str
        default: "0400"
      validate:
        description: Command that refuses an invalid candidate. C(%s) is its path.
        type: list
        elements: str
  timers:
    description: Units of systemd that are to be enabled and active.
    type: list
    elements: str
    default: []
"""
