# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a service of this host is reached, for who was not told: as the record of the service says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.service.record import DIRECTORY, asked_by, recorded


def recorded_connection(kind: str, *, option: str = "", directory: str = DIRECTORY) -> dict[str, Any]:
    """Return the parameters by which this host asks its service of that kind; ``option`` could say it instead."""
    for found in asked_by(kind, directory):
        return found
    raise _unknown(kind, [option] if option else [], directory)


def completed(given: Mapping[str, Any], kind: str, needed: Sequence[str], directory: str = DIRECTORY) -> dict[str, Any]:
    """Return the options of a module with what was not given taken from this host's record of its own service.

    It raises where an option of ``needed`` is still missing.
    """
    found = next(iter(asked_by(kind, directory)), {})
    known = {**found, "member": found.get("name")}
    params = {option: known.get(option) if value is None else value for option, value in given.items()}
    missing = [option for option in needed if not params.get(option)]
    if missing:
        raise _unknown(kind, missing, directory)
    return params


def _unknown(kind: str, options: Sequence[str], directory: str) -> Refused:
    instead = f", or give the option{'s' * (len(options) > 1)} {', '.join(options)}" if options else ""
    return Refused(
        f"how {kind} of this host is reached",
        expected=f"a record of a service of that kind in {directory}",
        found=f"records of {', '.join(recorded(directory)) or 'nothing'}",
        remedy=f"run this where {kind} runs, or run its role again{instead}",
    )
