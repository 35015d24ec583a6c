# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import multiprocessing
import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, Conflict, Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.ledger_file import LedgerDirectory, LedgerFile
from ansible_collections.erpops.estate.plugins.module_utils.evidence.chain import walk
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import digest, parse
from ansible_collections.erpops.estate.plugins.module_utils.ledger.fetch import fetch
from ansible_collections.erpops.estate.plugins.module_utils.ledger.head import Seen
from ansible_collections.erpops.estate.plugins.module_utils.ledger.keepers import Copy, EntryFiles, Files, Keeper
from ansible_collections.erpops.estate.plugins.module_utils.ledger.spool import SpooledLedger
from ansible_collections.erpops.estate.plugins.module_utils.ledger.writer import Ledger, local

from tests.unit.plugins.module_utils.ledger.memory import MemoryFiles, MemoryHead, run

NOW = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)
RECORD = b'{"a":1}'
FIELDS = {"event": "opened", "run": run("r1")}


class Estate:
    """etcd and a bucket that several machines share."""

    def __init__(self, tmp_path: Path) -> None:
        self.head, self.bucket, self._path = MemoryHead(), MemoryFiles(), tmp_path

    @staticmethod
    def sign(statement: bytes) -> bytes:
        return b"signature of " + statement

    def machine(self, name: str) -> tuple[SpooledLedger, Path]:
        directory = LedgerDirectory(str(self._path / name))
        path = self._path / name / "ledger.jsonl"
        keepers: list[Keeper] = [EntryFiles(self.bucket), Copy(LedgerFile(str(path)), self.bucket)]
        files: list[Files] = [self.bucket, directory]
        ledger = Ledger("lab", self.head, keepers=keepers, files=files, now=lambda: NOW, sign=self.sign)
        return SpooledLedger(ledger, directory), path


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return Estate(tmp_path)


def lines(path: Path) -> list[bytes]:
    return list(LedgerFile(str(path)).lines())


def test_a_local_ledger_is_a_file_with_its_records_beside(tmp_path: Path) -> None:
    ledger = local(LedgerDirectory(str(tmp_path)), "lab", now=lambda: NOW)
    ledger.append(FIELDS)
    second = ledger.append({"event": "closed", "run": run("r1")}, b"{}")
    found = lines(tmp_path / "ledger.jsonl")
    assert found[1] == second.line
    assert (second.n, second.spooled, second.trouble) == (2, False, "")
    assert json.loads(found[1])["at"] == "2026-11-23T08:15:00.000Z"
    assert (tmp_path / "records" / f"{digest(b'{}')}.json").read_bytes() == b"{}"
    assert json.loads(found[1])["record"] == digest(b"{}")
    assert walk(found).wrong is None
    assert ledger.checkpoint(found[1]) == ""


def test_several_machines_write_one_chain(estate: Estate) -> None:
    (bastion, at_bastion), (container, at_container) = estate.machine("bastion"), estate.machine("awx")
    for index in range(3):
        container.append({**FIELDS, "run": run(f"c{index}")})
    bastion.append({**FIELDS, "run": run("b")})
    assert [parse(line).run for line in estate.bucket.lines()] == [run("c0"), run("c1"), run("c2"), run("b")]
    assert walk(estate.bucket.lines()).wrong is None
    # What others wrote was fetched.
    assert lines(at_bastion) == estate.bucket.lines()
    assert lines(at_container) == estate.bucket.lines()[:3]


def test_what_others_wrote_is_fetched_with_records_and_the_newest_checkpoint(estate: Estate, tmp_path: Path) -> None:
    container, _path = estate.machine("awx")
    for index in range(3):
        line = container.append({"event": "closed", "run": run(f"c{index}")}, b"{}" * index).line
        container.checkpoint(line)
    place = LedgerDirectory(str(tmp_path / "bastion"))
    file = LedgerFile(str(tmp_path / "bastion" / "ledger.jsonl"))
    assert fetch(estate.head.line, file, place, estate.bucket) == 3 + 2
    assert list(file.lines()) == estate.bucket.lines()
    assert sorted(place.names("records")) == sorted(estate.bucket.names("records"))
    assert list(place.names("checkpoints")) == ["checkpoints/000000000003.json", "checkpoints/000000000003.json.sig"]
    assert fetch(estate.head.line, file, place, estate.bucket) == 0
    assert fetch(b"", file, place, None) == 0


def test_names_in_the_bucket_keep_nobody_from_the_newest_checkpoint(estate: Estate, tmp_path: Path) -> None:
    """What only looks like one comes last by its name; a statement does come, so that it is found to be wrong."""
    container, _path = estate.machine("awx")
    container.checkpoint(container.append({"event": "closed", "run": run("c")}).line)
    for name in ("checkpoints/999999999999.json.sig", "checkpoints/zzz.json.sig", "checkpoints/zzz"):
        estate.bucket.put(name, b"nothing")
    place = LedgerDirectory(str(tmp_path / "bastion"))
    file = LedgerFile(str(tmp_path / "bastion" / "ledger.jsonl"))
    fetch(estate.head.line, file, place, estate.bucket)
    assert list(place.names("checkpoints")) == ["checkpoints/000000000001.json", "checkpoints/000000000001.json.sig"]
    estate.bucket.put("checkpoints/999999999999.json", b"an old one")
    fetch(estate.head.line, file, place, estate.bucket)
    assert "checkpoints/999999999999.json" in place.names("checkpoints")


def test_who_is_overtaken_writes_behind(estate: Estate) -> None:
    bastion, other = estate.machine("bastion")[0], estate.machine("other")[0]

    def overtake() -> None:
        other.append({**FIELDS, "run": run("faster")})

    estate.head.before_swap = overtake
    assert bastion.append({**FIELDS, "run": run("slower")}).n == 2
    assert [parse(line).run for line in estate.bucket.lines()] == [run("faster"), run("slower")]


def test_a_line_whose_writer_died_is_kept_by_the_next_one(estate: Estate) -> None:
    bastion, _path = estate.machine("bastion")
    bastion.append(FIELDS)
    estate.head.before_swap = lambda: setattr(estate.bucket, "down", True)
    written = bastion.append({**FIELDS, "run": run("r2")})
    assert (written.spooled, written.n) == (False, 2)
    assert "bucket" in written.trouble
    estate.bucket.down = False
    assert len(estate.bucket.lines()) == 1
    estate.machine("other")[0].append({**FIELDS, "run": run("r3")})
    assert [parse(line).run for line in estate.bucket.lines()] == [run("r1"), run("r2"), run("r3")]


@pytest.mark.parametrize("down", ["head", "bucket"])
def test_with_etcd_or_the_bucket_down_entries_wait_and_come_later(estate: Estate, tmp_path: Path, down: str) -> None:
    bastion, path = estate.machine("bastion")
    bastion.append(FIELDS)
    getattr(estate, down).down = True
    first = bastion.append({"event": "opened", "run": run("r2")})
    second = bastion.append({"event": "closed", "run": run("r2")}, RECORD)
    assert first.spooled
    assert first.trouble
    assert [parse(line).event for line in bastion.waiting()] == ["opened", "closed"]
    getattr(estate, down).down = False
    bastion.append({**FIELDS, "run": run("r3")})
    found = estate.bucket.lines()
    assert [(parse(line).run, parse(line).fields.get("spooled")) for line in found] == [
        (run("r1"), None),
        (run("r2"), digest(first.line)),
        (run("r2"), digest(second.line)),
        (run("r3"), None),
    ]
    assert walk(found).wrong is None
    assert lines(path) == found
    assert estate.bucket.content[f"records/{digest(RECORD)}.json"] == RECORD
    assert bastion.waiting() == []
    # The spool is evidence too.
    assert (tmp_path / "bastion" / "spool" / f"spool-{digest(second.line)}.jsonl").read_bytes() == (
        first.line + second.line
    )


def test_draining_goes_on_where_it_was_interrupted(estate: Estate) -> None:
    bastion, _path = estate.machine("bastion")
    estate.head.down = True
    for name in ("a", "b", "c"):
        bastion.append({**FIELDS, "run": run(name)})
    estate.head.down = False

    def fail_at_the_second() -> None:
        estate.head.before_swap = lambda: setattr(estate.head, "down", True)

    estate.head.before_swap = fail_at_the_second
    assert bastion.append({**FIELDS, "run": run("d")}).spooled
    assert [parse(line).run for line in estate.bucket.lines()] == [run("a")]
    assert [parse(line).run for line in bastion.waiting()] == [run("b"), run("c"), run("d")]
    estate.head.down = False
    assert bastion.drain() == 3
    assert [parse(line).run for line in estate.bucket.lines()] == [run("a"), run("b"), run("c"), run("d")]


def test_a_checkpoint_is_a_statement_and_its_signature(estate: Estate) -> None:
    bastion, _path = estate.machine("bastion")
    line = bastion.append(FIELDS).line
    assert bastion.checkpoint(line) == "checkpoints/000000000001.json"
    assert json.loads(estate.bucket.content["checkpoints/000000000001.json"]) == {
        "at": "2026-11-23T08:15:00.000Z",
        "digest": digest(line),
        "estate": "lab",
        "n": 1,
    }
    statement = estate.bucket.content["checkpoints/000000000001.json"]
    assert estate.bucket.content["checkpoints/000000000001.json.sig"] == estate.sign(statement)


def test_a_torn_line_is_set_aside_and_explained_by_an_entry(tmp_path: Path) -> None:
    directory, path = LedgerDirectory(str(tmp_path)), tmp_path / "ledger.jsonl"
    local(directory, "lab").append(FIELDS)
    with path.open("ab") as stream:
        stream.write(b'{"previous":"12')
    with pytest.raises(Refused, match="found a torn one"):
        LedgerFile(str(path)).append(b"x\n")
    local(directory, "lab").append({**FIELDS, "run": run("r2")})
    found = lines(path)
    assert [parse(line).event for line in found] == ["opened", "torn", "opened"]
    explained = parse(found[1]).fields
    assert (explained["bytes"], explained["sha256"]) == (15, digest(b'{"previous":"12'))
    assert (tmp_path / f"ledger.jsonl.torn-{explained['sha256']}").read_bytes() == b'{"previous":"12'
    assert walk(found).wrong is None


def test_a_torn_line_is_explained_by_who_finds_it_where_its_finder_died(tmp_path: Path) -> None:
    directory, path = LedgerDirectory(str(tmp_path)), tmp_path / "ledger.jsonl"
    local(directory, "lab").append(FIELDS)
    (tmp_path / "ledger.jsonl.torn").write_bytes(b"torn")
    local(directory, "lab")
    assert parse(lines(path)[1]).fields["sha256"] == digest(b"torn")


def test_a_copy_with_another_past_is_not_continued(estate: Estate) -> None:
    bastion, path = estate.machine("bastion")
    bastion.append(FIELDS)
    path.write_bytes(path.read_bytes().replace(b"lab", b"bal"))
    written = bastion.append({**FIELDS, "run": run("r2")})
    assert "expected entry 1 as the ledger has it; found another" in written.trouble
    assert written.spooled
    assert len(lines(path)) == 1


def test_a_copy_whose_last_entries_are_others_does_not_grow(estate: Estate) -> None:
    """What the file has last is not what the next entry follows; the entry itself could not be compared."""
    bastion, path = estate.machine("bastion")
    bastion.append(FIELDS)
    estate.machine("other")[0].append({**FIELDS, "run": run("r2")})
    path.write_bytes(path.read_bytes().replace(b"lab", b"bal"))
    assert (
        "expected entry 1 as the ledger has it; found another" in bastion.append({**FIELDS, "run": run("r3")}).trouble
    )
    assert len(lines(path)) == 1


def test_who_was_followed_already_has_written(estate: Estate) -> None:
    """The answer to a write may be lost, and another machine may add the next entry before the head is read again."""
    bastion, other = estate.machine("bastion")[0], estate.machine("other")[0]
    real = estate.head.swap

    def lost(line: bytes, seen: Seen) -> bool:
        estate.head.swap = real  # type: ignore[method-assign]  # only once
        assert real(line, seen)
        other.append({**FIELDS, "run": run("next")})
        return False

    estate.head.swap = lost  # type: ignore[method-assign]  # only once
    assert bastion.append({**FIELDS, "run": run("lost")}).n == 1
    assert [parse(line).run for line in estate.bucket.lines()] == [run("lost"), run("next")]


def test_a_ledger_of_one_machine_does_not_become_the_copy_of_a_shared_one(estate: Estate, tmp_path: Path) -> None:
    alone = local(LedgerDirectory(str(tmp_path / "bastion")), "lab")
    for index in range(3):
        alone.append({**FIELDS, "run": run(f"alone-{index}")})
    bastion, path = estate.machine("bastion")
    assert "expected entry 1 as the ledger has it; found another" in bastion.append(FIELDS).trouble
    assert len(lines(path)) == 3


def test_a_copy_that_has_more_already_is_fine(estate: Estate) -> None:
    bastion, path = estate.machine("bastion")
    for index in range(3):
        bastion.append({**FIELDS, "run": run(f"{index}")})
    Copy(LedgerFile(str(path)), None).keep(lines(path)[1])
    assert len(lines(path)) == 3


def test_a_torn_line_of_a_copy_is_kept_and_the_entry_fetched_again(estate: Estate, tmp_path: Path) -> None:
    bastion, path = estate.machine("bastion")
    bastion.append(FIELDS)
    whole = path.read_bytes()
    path.write_bytes(whole[:50])
    bastion.append({**FIELDS, "run": run("r2")})
    assert lines(path) == estate.bucket.lines()
    assert (tmp_path / "bastion" / f"ledger.jsonl.torn-{digest(whole[:50])}").read_bytes() == whole[:50]


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ClientError, match="expected that it can be written"):
        local(LedgerDirectory(str(tmp_path / "file" / "below")), "lab")


def test_who_is_always_overtaken_gives_up() -> None:
    class Contended(MemoryHead):
        def swap(self, line: bytes, seen: Seen) -> bool:
            return super().swap(line, Seen(seen.line, seen.token - 1))

    waits: list[float] = []
    with pytest.raises(Conflict, match="somebody was faster 20 times"):
        Ledger("lab", Contended(), sleep=waits.append).append(FIELDS)
    assert len(waits) == 20
    assert len(set(waits)) > 1


def _append_many(path: str, who: str, count: int) -> None:
    ledger = local(LedgerDirectory(path), "lab")
    for index in range(count):
        ledger.append({"event": "opened", "run": run(f"{who}-{index}")})


def test_a_writer_waits_for_the_one_that_is_at_it(tmp_path: Path) -> None:
    local(LedgerDirectory(str(tmp_path)), "lab").append(FIELDS)
    waiting = multiprocessing.get_context("fork").Process(
        target=_append_many, args=(str(tmp_path), "w", 1), daemon=True
    )
    with LedgerFile(str(tmp_path / "ledger.jsonl")).alone():
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        assert len(lines(tmp_path / "ledger.jsonl")) == 1
    waiting.join(30)
    assert len(lines(tmp_path / "ledger.jsonl")) == 2


def test_processes_that_write_at_once_write_one_chain(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_append_many, args=(str(tmp_path), who, 25), daemon=True) for who in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    found = lines(tmp_path / "ledger.jsonl")
    assert walk(found).wrong is None
    assert {parse(line).run for line in found} == {run(f"{who}-{index}") for who in "ab" for index in range(25)}


def test_a_writer_that_is_killed_at_any_moment_leaves_a_chain(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    for attempt in range(5):
        writer = context.Process(target=_append_many, args=(str(tmp_path), f"k{attempt}", 100_000))
        writer.start()
        writer.join(0.05 + attempt * 0.02)
        assert writer.pid
        os.kill(writer.pid, signal.SIGKILL)
        writer.join(60)
        local(LedgerDirectory(str(tmp_path)), "lab").append({"event": "closed", "run": run(f"after-{attempt}")})
    found = lines(tmp_path / "ledger.jsonl")
    assert walk(found).wrong is None
    assert sum(parse(line).event == "closed" for line in found) == 5
