# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change as a page, from the records of its runs and its entries."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.evidence.change_page import render
from ansible_collections.erpops.estate.plugins.module_utils.evidence.record import load


def change_page(
    records: Sequence[Mapping[str, Any]], change: str, entries: Sequence[Mapping[str, Any]] | None = None
) -> str:
    """Return the page of a change from what ledger_info returns as records and as entries."""
    return render(change, [(found["entry"], load(json.dumps(found["record"]))) for found in records], entries or ())


class FilterModule:
    """The filter by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return what Jinja2 may call."""
        return {"change_page": change_page}
