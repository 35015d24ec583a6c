# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on a real file system: what is seen, and that a write is whole or not at all."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.converge import Proven
from ansible_collections.erpops.estate.plugins.module_utils.policy.definition import Directory, ManagedFile
from ansible_collections.erpops.estate.plugins.module_utils.service import files
from ansible_collections.erpops.estate.plugins.module_utils.service.record import Record, recorded


def _file(path: Path, content: bytes = b"wanted", *, mode: int = 0o640, once: bool = False) -> ManagedFile:
    return ManagedFile(str(path), content, os.getuid(), os.getgid(), mode, "replace", once, (), False)


def test_a_file_is_written_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    file = _file(tmp_path / "sub" / "a.conf")
    with files.candidate(file) as path:
        files.move_into_place(path, file)
    assert not files.differs(file, files.look(file.path))
    assert os.listdir(tmp_path / "sub") == ["a.conf"]


def test_a_candidate_that_is_refused_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.conf"
    target.write_bytes(b"old")
    with pytest.raises(RuntimeError), files.candidate(_file(target)):
        raise RuntimeError("not valid")
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.conf"]


@pytest.mark.parametrize(
    ("content", "mode", "once", "expected"),
    [
        (b"wanted", 0o640, False, False),
        (b"edited", 0o640, False, True),
        (b"wanted", 0o644, False, True),
        (b"edited", 0o644, True, False),
    ],
)
def test_what_differs(tmp_path: Path, content: bytes, mode: int, once: bool, expected: bool) -> None:
    target = tmp_path / "a.conf"
    target.write_bytes(content)
    target.chmod(mode)
    assert files.differs(_file(target, once=once), files.look(str(target))) is expected


def test_a_file_written_once_is_written_when_it_is_missing(tmp_path: Path) -> None:
    file = _file(tmp_path / "a.conf", once=True)
    assert files.differs(file, files.look(file.path))


def test_directories(tmp_path: Path) -> None:
    directory = Directory(str(tmp_path / "a" / "b"), os.getuid(), os.getgid(), 0o750)
    assert files.directory_differs(directory)
    files.make_directory(directory)
    assert not files.directory_differs(directory)


def test_a_missing_certificate_has_a_fingerprint_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "tls.crt").write_bytes(b"")
    assert files.fingerprint(str(tmp_path / "none")) != files.fingerprint(str(tmp_path / "tls.crt"))


def test_the_record_remembers_intent_and_proof(tmp_path: Path) -> None:
    record = Record("etcd", str(tmp_path / "proven"))
    assert record.read() == Proven()
    intended = Proven("c1", {"/etc/tls": "6"}, "replace", {"kind": "etcd", "params": {}})
    record.intend(intended)
    assert record.read() == intended
    record.prove(Proven("c2", {"/etc/tls": "7"}))
    assert record.read() == Proven("c2", {"/etc/tls": "7"})
    assert recorded(str(tmp_path / "proven")) == ["etcd"]
    assert recorded(str(tmp_path / "elsewhere")) == []


def test_a_torn_record_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / "etcd.json").write_text('{"container": "c1"', encoding="utf-8")
    assert Record("etcd", str(tmp_path)).read() == Proven()


def test_what_was_drained_in_a_file_stays_so_where_that_is_said(tmp_path: Path) -> None:
    target = tmp_path / "estate.yml"
    target.write_text("  # drained: http://192.0.2.2:8069\n", encoding="utf-8")
    written = _file(target, b"  - url: http://192.0.2.1:8069\n  - url: http://192.0.2.2:8069\n")
    keeping = replace(written, keeps_drained=True)
    found = files.look(str(target))
    assert files.kept(written, found) == written
    assert files.kept(keeping, found).content == b"  - url: http://192.0.2.1:8069\n  # drained: http://192.0.2.2:8069\n"
    target.unlink()
    assert files.kept(keeping, files.look(str(target))).content == written.content
