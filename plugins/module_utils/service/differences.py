# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A survey of one service as differences, each with what was expected and what was found; no secret is in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.converge import differing
from ansible_collections.erpops.estate.plugins.module_utils.policy.definition import Directory, ManagedFile
from ansible_collections.erpops.estate.plugins.module_utils.service import files as disk
from ansible_collections.erpops.estate.plugins.module_utils.service.converger import Survey

IMAGE = "image"


def differences(name: str, survey: Survey) -> list[dict[str, str]]:
    """Return every difference with its ``kind`` (image, container or file), ``object``, ``expected`` and ``found``."""
    rows = [*_files(survey), *_container(name, survey)]
    keys = ("kind", "object", "expected", "found")
    return [dict(zip(keys, (str(value) for value in row), strict=True)) for row in rows]


def _files(survey: Survey) -> Iterator[tuple[Any, ...]]:
    for directory in survey.directories:
        yield "file", directory.path, _rights(directory), disk.rights(directory.path)
    for file, found in survey.files:
        if not found.exists:
            yield "file", file.path, "a file", "nothing"
        elif not disk.content_differs(file, found) or file.once:
            yield "file", file.path, _rights(file), f"{found.owner}:{found.group} {found.mode:04o}"
        elif file.secret:
            yield "file", file.path, "the secret that is declared", "another"
        else:
            yield "file", file.path, f"content {file.aspect()}", f"content {disk.aspect(found)}"


def _rights(entry: Directory | ManagedFile) -> str:
    return f"{entry.owner}:{entry.group} {entry.mode:04o}"


def _container(name: str, survey: Survey) -> Iterator[tuple[Any, ...]]:
    observed, desired = survey.observed, survey.desired
    if not observed.container:
        yield "container", name, "one that runs", "none"
        return
    aspects = differing(desired.replace, observed.aspects)
    if IMAGE in aspects:
        yield IMAGE, name, desired.replace.get(IMAGE) or "one that is on the host", observed.aspects.get(IMAGE)
    named = {file.path for file, _found in survey.files} | {IMAGE}
    for aspect in aspects:
        if aspect not in named:
            wanted, active = desired.replace.get(aspect, "nothing"), observed.aspects.get(aspect, "nothing")
            yield "container", f"{name}: {aspect}", wanted, active
    for limit, value in survey.decision.limits.items():
        yield "container", f"{name}: {limit}", value, observed.limits.get(limit)
    told = {f"{aspect} differs" for aspect in aspects}
    for reason in survey.decision.reasons:
        # An edited file is a difference of its own already.
        if reason not in told and reason.partition(" ")[0] not in named:
            yield "container", name, "nothing to do", reason
