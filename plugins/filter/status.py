# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of an estate, from what its hosts answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.evidence.status import gather, lines
from ansible_collections.erpops.estate.plugins.module_utils.evidence.status_page import render


def estate_status(seen: Mapping[str, Mapping[str, Any]], estate: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``ok``, ``findings``, the ``lines`` for a terminal and the ``page``."""
    status = gather(seen, estate)
    return {"ok": status.ok, "findings": list(status.findings), "lines": lines(status), "page": render(status)}


class FilterModule:
    """The filter by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return what Jinja2 may call."""
        return {"estate_status": estate_status}
