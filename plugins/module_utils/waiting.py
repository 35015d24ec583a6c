# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a predicate within a bound."""

from __future__ import annotations

import time
from collections.abc import Callable

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict


def observe(check: Callable[[], Verdict]) -> Verdict:
    """Ask once; a daemon that does not answer is a "no" with the client's reason."""
    try:
        return check()
    except ClientError as error:
        return Verdict(False, (str(error),))


def wait_for(
    check: Callable[[], Verdict],
    timeout: float,
    *,
    interval: float = 0.5,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Verdict:
    """Ask until the answer is yes or ``timeout`` seconds have passed; return the last answer."""
    deadline = clock() + timeout
    while True:
        verdict = observe(check)
        if verdict.ok or clock() >= deadline:
            return verdict
        sleep(interval)
