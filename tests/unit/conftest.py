# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What unit tests of several layers use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Lead who asks for a Docker engine nowhere: what removes the lab would find one that runs."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")


@pytest.fixture
def writes_off() -> Iterator[None]:
    """Forbid every write, as a module does in check mode."""
    guard.writes(allowed=False)
    yield
    guard.writes(allowed=True)
