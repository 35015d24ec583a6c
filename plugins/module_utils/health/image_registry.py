# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a registry's answers mean."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict


def judge(what: str, *, version_check: int, upload: int, anonymous: bool) -> Verdict:
    """Return whether the registry serves whom it should and lets nobody write without a login."""
    return Verdict.of(_objections(what, version_check, upload, anonymous), role="registry")


def _objections(what: str, version_check: int, upload: int, anonymous: bool) -> Iterator[str]:
    expected = 200 if anonymous else 401
    if version_check != expected:
        asked = "pulls without a login" if anonymous else "a login to be asked for"
        yield f"{what}: expected {asked} (status {expected}), found status {version_check}"
    if upload == 202:
        yield f"{what}: expected pushes without a login to be refused, found that one was accepted"
