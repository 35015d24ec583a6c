# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units of systemd that are called as this collection calls its own, and that no role keeps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.difference import Difference

# Where systemd looks; roles write to the first.
DIRECTORIES = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
)
# Of a unit, or of a directory with what alters one.
FILES = ("erpops-*", "erpops-*.d/*")


def kept(paths: Iterable[str]) -> list[str]:
    """Return those of the files of a role that are units."""
    return [path for path in paths if path.startswith(f"{DIRECTORIES[0]}/")]


def undeclared(host: str, found: Iterable[str], declared: Collection[str]) -> Iterator[Difference]:
    """Yield the files of units that are there and that no role keeps."""
    for path in found:
        if path not in declared:
            yield Difference("unit", host, path, "nothing", "a file of systemd")
