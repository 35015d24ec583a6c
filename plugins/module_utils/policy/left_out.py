# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run that is limited to some hosts may not do to those that it leaves out. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Shared:
    """A secret that several hosts have to have alike, as a file of one of them holds it.

    ``written`` is how the file says it, ``owner`` how it says whose it is: one that has no owner there yet is a first
    one. ``left_out`` are the hosts that share it and that the run does not reach.
    """

    name: str
    path: str
    written: str = field(repr=False)
    owner: str
    left_out: tuple[str, ...]

    def differs(self, text: str) -> bool:
        """Return whether a file that says this knows another one."""
        return self.owner in text and self.written not in f"{text}\n"


def others(secrets: Iterable[Shared], texts: Mapping[str, str]) -> list[Shared]:
    """Return the secrets that are others than the files, by their paths, know; a file that is not there knows none."""
    return [secret for secret in secrets if secret.path in texts and secret.differs(texts[secret.path])]


def secret_objections(names: Iterable[str], keeper: str, left_out: Collection[str]) -> list[str]:
    """Return why secrets, others than the keeper knows, may not be set while hosts that share them are left out."""
    if not left_out:
        return []
    hosts = ", ".join(sorted(left_out))
    return [
        f"{name}: expected what {keeper} knows, since --limit leaves out {hosts}, found another; {hosts} would not "
        f"learn it and be locked out, or lock out those that did. Run without --limit, or with {hosts} in it; "
        "put one that host_out took out back with erpops.estate.host_in first. Nothing of it was changed"
        for name in names
    ]
