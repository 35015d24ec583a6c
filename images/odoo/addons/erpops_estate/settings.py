# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on is told in its section of odoo.conf. Pure."""

from __future__ import annotations

from configparser import ConfigParser

SECTION = "erpops_estate"


def run_once(path: str) -> tuple[str, ...]:
    """Return the patterns of paths whose requests are never run a second time; none where nothing is said."""
    parser = ConfigParser(interpolation=None)
    with open(path, encoding="utf-8") as stream:
        parser.read_file(stream)
    given = parser.get(SECTION, "run_once", fallback="")
    return tuple(pattern.strip() for pattern in given.split(",") if pattern.strip())
