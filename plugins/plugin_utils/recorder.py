# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this run is recorded, for who has to know before it changes anything.

The callback plugin says so in the process of the run. A task's own process is a copy of that one, so an action plugin
that asks gets the answer; neither a variable nor the environment can give another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Recording:
    """How the run is recorded: ``spool`` means on this machine only; ``fault`` is why it is not recorded.

    ``checked`` says that it changes nothing and that its real run would be recorded; ``configuration`` is the file that
    says where the ledger is; ``verified`` what the gate knew the ledger by when it last found it whole.
    """

    loaded: bool = False
    run: str = ""
    entry: int = 0
    spool: bool = False
    checked: bool = False
    configuration: str = ""
    verified: str = ""
    fault: str = "the callback plugin erpops.estate.ledger is not enabled"


_STATE = {"now": Recording()}


def announce(recording: Recording) -> None:
    """Say how this run is recorded."""
    _STATE["now"] = recording


def found_whole(verified: str) -> None:
    """Keep for the next question what the gate knows the ledger by: a task's own process ends with the task."""
    announce(replace(recording(), verified=verified))


def recording() -> Recording:
    """Return how this run is recorded."""
    return _STATE["now"]
