# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting ends at the bound, takes a silent daemon for "not yet", and keeps the last answer."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Unreachable
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.waiting import wait_for


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def _answers(*given: Verdict | Unreachable) -> Iterator[Verdict | Unreachable]:
    yield from given
    while True:
        yield given[-1]


def _wait(timeout: float, *given: Verdict | Unreachable) -> tuple[Verdict, float]:
    clock, answers = _Clock(), _answers(*given)

    def check() -> Verdict:
        answer = next(answers)
        if isinstance(answer, Unreachable):
            raise answer
        return answer

    return wait_for(check, timeout, interval=1, clock=clock, sleep=clock.sleep), clock.now


def test_a_yes_ends_the_wait_at_once() -> None:
    assert _wait(10, Verdict(True)) == (Verdict(True), 0.0)


def test_a_daemon_that_does_not_answer_yet_is_asked_again() -> None:
    verdict, waited = _wait(10, Unreachable("etcd"), Verdict(False, ("no leader",)), Verdict(True))
    assert verdict.ok
    assert waited == 2


def test_the_bound_holds_and_the_last_reason_is_kept() -> None:
    verdict, waited = _wait(3, Verdict(False, ("no leader",)))
    assert verdict == Verdict(False, ("no leader",))
    assert waited == 3
