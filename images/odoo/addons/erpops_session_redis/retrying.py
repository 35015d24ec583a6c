# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Try again within a bound, while another master or leader is elected. Pure: the clock is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0


def retry(
    work: Callable[[], T],
    worth_another_try: Callable[[Exception], bool],
    *,
    within: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    longest_pause: float = LONGEST_PAUSE,
) -> T:
    """Return what ``work`` returns; its error is raised once it is not worth another try or the bound is over."""
    ends = clock() + within
    pause = FIRST_PAUSE
    while True:
        try:
            return work()
        except Exception as error:
            if not worth_another_try(error) or clock() + pause >= ends:
                raise
        sleep(pause)
        pause = min(pause * 2, longest_pause)
