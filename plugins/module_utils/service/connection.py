# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a service of this host is reached, for who was not told: as the record of the service says."""

from __future__ import annotations

from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.service.record import DIRECTORY, asked_by, recorded


def recorded_connection(kind: str, *, option: str = "", directory: str = DIRECTORY) -> dict[str, Any]:
    """Return the parameters by which this host asks its service of that kind; ``option`` could say it instead."""
    found = asked_by(kind, directory)
    if found:
        return found[0]
    raise Refused(
        f"how {kind} of this host is reached",
        expected=f"a record of a service of that kind in {directory}",
        found=f"records of {', '.join(recorded(directory)) or 'nothing'}",
        remedy=f"run this where {kind} runs, or run its role again{f', or give the option {option}' if option else ''}",
    )
