# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far this machine's copy of the ledger goes, by which it is decided what stands half way.

A run has brought it up to date with its own first entry, unless that waits in the spool. A dry run adds none.
"""

from __future__ import annotations

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import parse
from ansible_collections.erpops.estate.plugins.module_utils.ledger.settings import load


def brought_up(configuration: str) -> str:
    """Fetch what others have written; return why that cannot be, empty where it is here."""
    try:
        known = load(configuration)
    except ClientError:
        # Without a ledger there is no copy, and the gate refuses for it.
        return ""
    try:
        known.fetch()
    except ClientError as error:
        return str(error)
    return ""


def end(configuration: str) -> str:
    """Return with which entry the copy ends."""
    line = load(configuration).file().last()
    if not line:
        return "before the first entry"
    entry = parse(line)
    return f"with entry {entry.n} of {entry.fields.get('at')}"
