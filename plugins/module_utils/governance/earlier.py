# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ledger of this machine has of earlier runs, for whoever has to say how long the next one takes."""

from __future__ import annotations

import json

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import CLOSED
from ansible_collections.erpops.estate.plugins.module_utils.evidence.record import Record, load
from ansible_collections.erpops.estate.plugins.module_utils.ledger import info, settings
from ansible_collections.erpops.estate.plugins.module_utils.ledger.stored import Stored

# Entries of the ledger that are looked at, the newest, and records that are read of them.
ENTRIES, RECORDS = 2000, 40


def earlier(configuration: str, playbook: str) -> list[Record]:
    """Return the records here of the newest runs of a playbook that were governed, the oldest first.

    An estimate is not worth an error: where there is no ledger, or it cannot be read, there are none. Whether it is
    whole the gate asks for itself.
    """
    try:
        ledger = Stored(settings.load(configuration).directory)
        entries = info.entries(ledger, last=ENTRIES)
        runs = {entry["run"] for entry in entries if entry.get("playbook") == f"{playbook}.yml"}
        closed = [entry for entry in entries if entry["event"] == CLOSED and entry["run"] in runs and entry.get("plan")]
        found = info.records(ledger.directory, info.here(ledger.directory, closed)[-RECORDS:])
        return [record for one in found if (record := _read(json.dumps(one["record"])))]
    except (ClientError, ValueError):
        return []


def _read(content: str) -> Record | None:
    """Return a record, none where it is not one: then the others count."""
    try:
        return load(content)
    except ValueError:
        return None
