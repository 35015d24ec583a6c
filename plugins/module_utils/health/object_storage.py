# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an object store's answers mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict


def judge(what: str, *, anonymous_status: int, refused: Mapping[str, str]) -> Verdict:
    """Return whether the store asks for a login and accepts every login that it should know.

    ``anonymous_status`` answers a list of buckets asked for without a login; ``refused`` holds what was
    answered to each login that was not accepted.
    """
    return Verdict.of(_objections(what, anonymous_status, refused), role="store")


def _objections(what: str, anonymous_status: int, refused: Mapping[str, str]) -> Iterator[str]:
    if anonymous_status not in (401, 403):
        yield f"{what}: expected a list without a login to be refused (status 403), found status {anonymous_status}"
    for login, answer in sorted(refused.items()):
        yield f"{what}: expected login {login} to be accepted, found {answer}"
