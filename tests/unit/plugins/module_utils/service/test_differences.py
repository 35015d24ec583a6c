# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A survey of a service, told difference by difference."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.converge import (
    Desired,
    HandEdit,
    Observed,
    Proven,
    decide,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.definition import Directory, ManagedFile
from ansible_collections.erpops.estate.plugins.module_utils.service import files as disk
from ansible_collections.erpops.estate.plugins.module_utils.service.converger import Survey
from ansible_collections.erpops.estate.plugins.module_utils.service.differences import differences

DESIRED = Desired({"image": "sha256:aa", "command": "c1", "/etc/x": "f1"}, {}, {"memory": 100})
OBSERVED = Observed("id", running=True, aspects=DESIRED.replace, limits={"memory": 100}, started_at=10.0)
PROVEN = Proven("id")


def survey(observed: Observed = OBSERVED, proven: Proven = PROVEN, file: ManagedFile | None = None) -> Survey:
    found = () if file is None else ((file, disk.look(file.path)),)
    return Survey(DESIRED, observed, decide(DESIRED, observed, proven), found, (), {})


def said(found: Survey) -> list[str]:
    return ["{kind} {object}: {expected} / {found}".format(**one) for one in differences("etcd", found)]


@pytest.mark.parametrize(
    ("observed", "proven", "expected"),
    [
        (OBSERVED, PROVEN, []),
        (Observed(), PROVEN, ["container etcd: one that runs / none"]),
        (replace(OBSERVED, running=False), PROVEN, ["container etcd: nothing to do / the container is not running"]),
        (
            replace(OBSERVED, aspects={**DESIRED.replace, "image": "sha256:bb"}),
            PROVEN,
            ["image etcd: sha256:aa / sha256:bb"],
        ),
        (
            replace(OBSERVED, aspects={"image": "sha256:aa", "command": "c2", "/etc/x": "f1", "user": "u"}),
            PROVEN,
            ["container etcd: command: c1 / c2", "container etcd: user: nothing / u"],
        ),
        (replace(OBSERVED, limits={"memory": 7}), PROVEN, ["container etcd: memory: 100 / 7"]),
        (OBSERVED, Proven(), ["container etcd: nothing to do / the container was never seen healthy"]),
    ],
)
def test_how_a_container_differs(observed: Observed, proven: Proven, expected: list[str]) -> None:
    assert said(survey(observed, proven)) == expected


def managed(path: Path, content: bytes = b"wanted", *, secret: bool = False, mode: int = 0o640) -> ManagedFile:
    return ManagedFile(str(path), content, os.getuid(), os.getgid(), mode, "replace", False, (), secret)


def test_how_a_file_differs(tmp_path: Path) -> None:
    path = tmp_path / "x"
    assert said(survey(file=managed(path))) == [f"file {path}: a file / nothing"]
    path.write_bytes(b"edited by hand")
    path.chmod(0o640)
    wanted = managed(path)
    (one,) = said(survey(file=wanted))
    assert one.startswith(f"file {path}: content {wanted.aspect()} / content ")
    path.write_bytes(b"wanted")
    path.chmod(0o666)
    ids = f"{os.getuid()}:{os.getgid()}"
    assert said(survey(file=wanted)) == [f"file {path}: {ids} 0640 / {ids} 0666"]


def test_nothing_is_told_of_a_secret(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"canary-found")
    text = str(differences("etcd", survey(file=managed(path, b"canary-wanted", secret=True))))
    assert "the secret that is declared" in text
    assert "canary" not in text
    assert managed(path, b"canary-wanted").aspect() not in text


def test_an_edited_file_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"edited")
    edited = replace(OBSERVED, edits=(HandEdit(str(path), "replace", 5.0),))
    found = survey(edited, file=managed(path))
    assert found.decision.reasons, "the process has read what somebody wrote"
    assert len(said(found)) == 1


def test_a_directory_that_others_own(tmp_path: Path) -> None:
    wanted = Directory(str(tmp_path), os.getuid(), os.getgid(), 0o711)
    tmp_path.chmod(0o755)
    found = replace(survey(), directories=(wanted,))
    ids = f"{os.getuid()}:{os.getgid()}"
    assert said(found) == [f"file {tmp_path}: {ids} 0711 / {ids} 0755"]
    assert said(replace(found, directories=(replace(wanted, path=f"{tmp_path}/none"),)))[0].endswith("/ nothing")
