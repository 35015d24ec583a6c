# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes this checkout importable as the collection it is."""

from __future__ import annotations

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
SOURCE = REPOSITORY / ".lab" / "src"


def link_source() -> None:
    """Python finds the collection by its full name, so the checkout is linked to where that name leads."""
    link = SOURCE / "ansible_collections" / "erpops" / "estate"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.exists():
        link.symlink_to(REPOSITORY, target_is_directory=True)
    if str(SOURCE) not in sys.path:
        sys.path.insert(0, str(SOURCE))


link_source()
