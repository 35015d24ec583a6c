# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a ledger is."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of every module that reads the ledger."""

    DOCUMENTATION = r"""
options:
  configuration:
    description:
      - File of JSON on the machine that the module runs on, normally the controller, which says where the ledger is.
    type: path
    default: /etc/erpops/ledger.json
  ledger:
    description:
      - The ledger itself, in place of what O(configuration) says. A file of entries, the directory of a ledger, or an
        exported copy of the bucket.
    type: path
  fetch:
    description:
      - Bring this machine's copy of a shared ledger up to what others have written, first, in check mode too. This asks
        etcd and the bucket; without it, what is here counts. Nothing is fetched for O(ledger).
    type: bool
    default: true
"""
