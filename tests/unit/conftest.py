# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What unit tests of several layers use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard


@pytest.fixture
def writes_off() -> Iterator[None]:
    """Forbid every write, as a module does in check mode."""
    guard.writes(allowed=False)
    yield
    guard.writes(allowed=True)
