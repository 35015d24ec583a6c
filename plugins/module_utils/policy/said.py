# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who speaks for a group about a variable that its hosts may have or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def said(hosts: Iterable[str], variables: Mapping[str, Mapping[str, Any]], name: str, default: Any = None) -> Any:
    """Return what the first of these hosts that says anything says."""
    return next((variables[host][name] for host in hosts if name in variables[host]), default)
