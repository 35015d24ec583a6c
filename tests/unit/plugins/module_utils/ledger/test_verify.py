# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program itself, with the real ssh-keygen, on ledgers that were written by the writer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.ledger_file import LedgerDirectory, LedgerFile
from ansible_collections.erpops.estate.plugins.module_utils.clients.ssh_signature import sign
from ansible_collections.erpops.estate.plugins.module_utils.evidence.audit import Question
from ansible_collections.erpops.estate.plugins.module_utils.evidence.chain import Anchor
from ansible_collections.erpops.estate.plugins.module_utils.evidence.checkpoint import NAMESPACE
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import compose, digest, parse, record_name
from ansible_collections.erpops.estate.plugins.module_utils.ledger import stored
from ansible_collections.erpops.estate.plugins.module_utils.ledger.keepers import entry_name
from ansible_collections.erpops.estate.plugins.module_utils.ledger.verify import main, verify
from ansible_collections.erpops.estate.plugins.module_utils.ledger.writer import local
from ansible_collections.erpops.estate.plugins.module_utils.service.program import archive

from tests.unit.plugins.module_utils.keys import Key
from tests.unit.plugins.module_utils.ledger.memory import run

VERIFY = "ansible_collections.erpops.estate.plugins.module_utils.ledger.verify"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of six entries with a checkpoint at the fourth, a copy of its bucket, and who may sign."""
    place = tmp_path_factory.mktemp("written")
    key = Key(place, "key")
    (place / "allowed_signers").write_text(key.allowed("ledger@bastion"))
    directory = LedgerDirectory(str(place / "ledger"))
    ledger = local(directory, "lab", sign=lambda data: sign("it", data, str(key.path), NAMESPACE))
    for index in range(3):
        ledger.append({"event": "opened", "run": run(f"run-{index}"), "playbook": "site.yml"})
        line = ledger.append({"event": "closed", "run": run(f"run-{index}")}, f'{{"run":{index}}}'.encode()).line
        if index < 2:
            ledger.checkpoint(line)
    for line in (place / "ledger" / "ledger.jsonl").read_bytes().splitlines(keepends=True):
        LedgerDirectory(str(place / "bucket")).put(entry_name(parse(line).n), line)
    return place


@pytest.fixture
def place(written: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "copy"
    shutil.copytree(written, copy)
    return copy


def ask(place: Path, **more: Any) -> dict[str, Any]:
    signers = str(place / "allowed_signers")
    return verify(Question(str(place / "ledger"), **{"allowed_signers": signers, **more})).as_dict()


def lines(place: Path) -> list[bytes]:
    return list(LedgerFile(str(place / "ledger" / "ledger.jsonl")).lines())


def rewrite(place: Path, changed: list[bytes]) -> None:
    (place / "ledger" / "ledger.jsonl").write_bytes(b"".join(changed))


def written_anew(lines: list[bytes], number: int) -> list[bytes]:
    """Alter an entry and make all that follow fit."""
    changed = lines[: number - 1]
    for line in lines[number - 1 :]:
        fields = dict(parse(line).fields)
        if len(changed) == number - 1:
            fields["outcome"] = "forged"
        changed.append(compose(changed[-1] if changed else b"", fields))
    return changed


def test_a_ledger_as_it_was_written_is_right(place: Path) -> None:
    report = ask(place, records=True, estate="lab")
    assert (report["ok"], report["entries"], report["digest"]) == (True, 6, digest(lines(place)[-1]))
    assert report["signed"]["n"] == 4
    assert report["signed"]["by"].startswith("ledger@bastion with key SHA256:")
    assert "Nobody vouches for the last 2 entries, from 5 on" in report["limits"][0]
    (limit,) = ask(place, bucket=str(place / "bucket"))["limits"]
    assert limit.startswith("Entries behind 6 that were cut off before a checkpoint or the bucket had them")


@pytest.mark.parametrize(
    ("how", "without_bucket", "with_bucket"),
    [
        ("altered", (3, "altered"), (3, "altered")),
        ("removed", (3, "removed"), (3, "removed")),
        ("cut behind the checkpoint", None, (6, "truncated")),
        ("cut before the checkpoint", (4, "truncated"), (4, "truncated")),
        ("anew before the checkpoint", (2, "altered"), (2, "altered")),
        ("anew between the checkpoints", (4, "altered"), (3, "altered")),
        ("anew behind the checkpoint", None, (5, "altered")),
    ],
)
def test_what_was_done_is_named(
    place: Path, how: str, without_bucket: tuple[int, str] | None, with_bucket: tuple[int, str]
) -> None:
    was = lines(place)
    rewrite(
        place,
        {
            "altered": [*was[:2], was[2].replace(b"site.yml", b"evil.yml"), *was[3:]],
            "removed": [*was[:2], *was[3:]],
            "cut behind the checkpoint": was[:5],
            "cut before the checkpoint": was[:3],
            "anew before the checkpoint": written_anew(was, 2),
            "anew between the checkpoints": written_anew(was, 3),
            "anew behind the checkpoint": written_anew(was, 5),
        }[how],
    )
    for more, expected in (({}, without_bucket), ({"bucket": str(place / "bucket")}, with_bucket)):
        found = ask(place, **more)
        wrong = found["first_wrong"]
        assert (wrong and (wrong["entry"], wrong["kind"])) == expected
        assert found["ok"] == (expected is None)


def test_two_checkpoints_say_between_which_entries_it_was_written_anew(place: Path) -> None:
    rewrite(place, written_anew(lines(place), 3))
    assert (
        "entry 4 was altered, or together with those before it, from entry 3 on at the earliest"
        in (ask(place)["first_wrong"]["found"])
    )
    # A checkpoint that nobody signed does not narrow it down.
    statement = place / "ledger" / "checkpoints" / "000000000002.json"
    statement.with_name("000000000002.json.sig").write_bytes(b"none")
    assert "from entry 1 on at the earliest" in ask(place)["first_wrong"]["found"]


def test_what_etcd_knows_as_the_last_entry_shows_what_was_cut(place: Path) -> None:
    was = lines(place)
    rewrite(place, was[:5])
    question = Question(str(place / "ledger"), allowed_signers=str(place / "allowed_signers"))
    report = verify(question, head=Anchor(digest(was[-1]), "etcd"), head_n=6)
    assert report.wrong
    assert report.wrong.sentence == "entry 6 is missing at the end: etcd knows entry 6"


def test_a_checkpoint_that_somebody_else_signed_vouches_for_nothing(place: Path) -> None:
    statement = place / "ledger" / "checkpoints" / "000000000004.json"
    forged = statement.with_name("000000000005.json")
    forged.write_bytes(statement.read_bytes().replace(b'"n":4', b'"n":5'))
    statement.rename(forged.with_suffix(".unused"))
    statement.with_name(f"{statement.name}.sig").rename(forged.with_name(f"{forged.name}.sig"))
    report = ask(place)
    assert not report["ok"]
    assert report["signed"]["n"] == 2
    assert "000000000005.json: signature" in report["findings"][0]


def test_a_checkpoint_of_another_estate_is_none_of_this_one(place: Path) -> None:
    assert "expected one of production; found one of lab" in ask(place, estate="production")["findings"][0]


def test_checkpoints_may_be_kept_elsewhere(place: Path, tmp_path: Path) -> None:
    shutil.move(place / "ledger" / "checkpoints", tmp_path / "mailed")
    assert ask(place)["signed"]["n"] == 0
    assert ask(place, checkpoints=str(tmp_path / "mailed"))["signed"]["n"] == 4


OLD = "000000000002.json"
# Behind every other, in the place of the newest, or anywhere.
SHADOWS = ("999999999999.json", "000000000004.json", "mailed.json")


def shadowed(place: Path, directory: Path, name: str) -> None:
    """Give the old checkpoint, whose signature is good, another name, and write the ledger anew behind its entry."""
    for suffix in ("", ".sig"):
        shutil.copy(place / "kept" / f"{OLD}{suffix}", directory / f"{name}{suffix}")
    rewrite(place, written_anew(lines(place), 3))


@pytest.mark.parametrize("name", SHADOWS)
@pytest.mark.parametrize("where", ["ledger/checkpoints", "bucket/checkpoints", "mailed"])
def test_an_old_checkpoint_by_another_name_hides_no_newer_one(place: Path, where: str, name: str) -> None:
    checkpoints = place / "ledger" / "checkpoints"
    for other in ("kept", "bucket/checkpoints", "mailed"):
        shutil.copytree(checkpoints, place / other)
    shadowed(place, place / where, name)
    report = ask(place, bucket=str(place / "bucket"), checkpoints=str(place / "mailed"))
    assert [finding.partition(where)[2] for finding in report["findings"]] == [
        f"/{name}: expected {OLD}; it is about entry 2"
    ]
    # The newer one still lies in another place, and it is the one that counts.
    assert (report["first_wrong"]["entry"], report["ok"]) == (3, False)
    program = place / "verify.pyz"
    program.write_bytes(archive(VERIFY))
    command = [sys.executable, "-I", "-S", str(program), str(place / "ledger"), "--json", "--estate", "lab"]
    command += ["--allowed-signers", str(place / "allowed_signers")]
    command += ["--bucket", str(place / "bucket"), "--checkpoints", str(place / "mailed")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)) == (1, report)


@pytest.mark.parametrize("name", SHADOWS)
def test_an_old_checkpoint_by_another_name_in_an_exported_bucket_is_found(place: Path, name: str) -> None:
    """Whoever may only write there has nothing but names, and a copy of the bucket is a ledger by itself."""
    shutil.copytree(place / "ledger" / "checkpoints", place / "kept")
    shutil.copytree(place / "kept", place / "bucket" / "checkpoints")
    shadowed(place, place / "bucket" / "checkpoints", name)
    for number in (4, 5, 6):
        (place / "bucket" / entry_name(number)).unlink()
    report = verify(Question(str(place / "bucket"), allowed_signers=str(place / "allowed_signers"))).as_dict()
    assert f"{name}: expected {OLD}; it is about entry 2" in report["findings"][0]
    gone = name == "000000000004.json"
    assert (report["first_wrong"] and report["first_wrong"]["entry"]) == (None if gone else 4)


def test_a_checkpoint_counts_by_its_entry_wherever_it_is_kept(place: Path) -> None:
    """Kept elsewhere, in a directory that is looked at last, the newest one is still the newest."""
    shutil.copytree(place / "ledger" / "checkpoints", place / "mailed")
    for path in (place / "ledger" / "checkpoints").glob("000000000004.json*"):
        path.unlink()
    assert ask(place, checkpoints=str(place / "mailed"))["signed"]["n"] == 4
    rewrite(place, lines(place)[:3])
    assert ask(place)["ok"]
    assert ask(place, checkpoints=str(place / "mailed"))["first_wrong"]["kind"] == "truncated"


def test_without_allowed_signers_checkpoints_are_no_proof(place: Path) -> None:
    assert ask(place, allowed_signers="")["findings"] == [
        "there are checkpoints, and no file of allowed signers to verify them with"
    ]


def test_a_bucket_that_let_go_of_its_oldest_entries_still_vouches(place: Path) -> None:
    for number in (1, 2):
        (place / "bucket" / entry_name(number)).unlink()
    assert ask(place, bucket=str(place / "bucket"))["copied"]["n"] == 6
    (place / "bucket" / entry_name(4)).unlink()
    report = ask(place, bucket=str(place / "bucket"))
    assert "entry 4 was removed" in report["findings"][0]


def test_an_exported_bucket_is_a_ledger_by_itself(place: Path) -> None:
    report = verify(Question(str(place / "bucket"))).as_dict()
    assert (report["ok"], report["entries"]) == (True, 6)


@pytest.mark.parametrize(("harm", "message"), [("missing", "is missing"), ("altered", "was altered")])
def test_a_record_that_is_not_as_its_entry_says_is_found(place: Path, harm: str, message: str) -> None:
    record = place / "ledger" / record_name(digest(b'{"run":1}'))
    if harm == "missing":
        record.unlink()
    else:
        record.write_bytes(b"{}")
    assert ask(place)["ok"]
    assert f"the record of entry 4 {message}" in ask(place, records=True)["findings"][0]


def test_a_run_without_an_end_is_said(place: Path) -> None:
    local(LedgerDirectory(str(place / "ledger")), "lab").append(
        {"event": "opened", "run": run("killed"), "playbook": "x.yml"}
    )
    report = verify(Question(str(place / "ledger"), allowed_signers=str(place / "allowed_signers")))
    assert report.ok
    assert [found["run"] for found in report.unfinished] == [run("killed")]
    assert any(line.startswith(f"Never closed: x.yml {run('killed')}, opened 20") for line in report.lines())


def test_a_run_without_an_end_is_said_with_what_the_gate_let_through(place: Path, tmp_path: Path) -> None:
    ledger = local(LedgerDirectory(str(place / "ledger")), "lab")
    about = {"playbook": "x.yml", "change": "CHG-1", "launcher": "eve", "break_glass": True}
    ledger.append({"event": "opened", "run": run("lost"), "playbook": "x.yml"})
    ledger.append({**about, "event": "allowed", "run": run("lost")})
    ledger.append({"event": "opened", "run": run("whole"), "playbook": "x.yml"})
    ledger.append({**about, "event": "allowed", "run": run("whole")})
    ledger.append({"event": "closed", "run": run("whole")})
    signers = str(place / "allowed_signers")
    report = verify(Question(str(place / "ledger"), allowed_signers=signers))
    (lost,) = report.unfinished
    assert (lost["run"], lost["event"], lost["n"], lost["change"]) == (run("lost"), "opened", 7, "CHG-1")
    said = f"Never closed: x.yml {run('lost')} of CHG-1, launched by eve by break-glass, opened 20"
    (told,) = (line for line in report.lines() if line.startswith("Never closed"))
    assert told.startswith(said)
    program = tmp_path / "ledger-verify.pyz"
    program.write_bytes(archive(VERIFY))
    command = [sys.executable, "-I", "-S", str(program), str(place / "ledger"), "--allowed-signers", signers]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "".join(f"{line}\n" for line in report.lines()))


def test_a_run_without_the_gate_is_said_and_nothing_that_only_reads_like_one(place: Path, tmp_path: Path) -> None:
    ledger = local(LedgerDirectory(str(place / "ledger")), "lab")
    fields = {"playbook": "x.yml", "change": "CHG-1", "changed": 3, "seconds": 7, "spooled": "0" * 64}
    ledger.append({**fields, "event": "closed", "run": run("bare"), "ungated": True})
    ledger.append({**fields, "event": "closed", "run": run("whole"), "spooled": ',"ungated":true}'})
    signers = str(place / "allowed_signers")
    report = verify(Question(str(place / "ledger"), allowed_signers=signers))
    assert report.ok
    assert [(found["run"], found["n"]) for found in report.as_dict()["ungated"]] == [(run("bare"), 7)]
    (told,) = (line for line in report.lines() if line.startswith("Changed something"))
    assert told.startswith(f"Changed something without the gate's yes: x.yml {run('bare')} of CHG-1, closed 20")
    assert told.endswith(" by entry 7.")
    program = tmp_path / "ledger-verify.pyz"
    program.write_bytes(archive(VERIFY))
    command = [sys.executable, "-I", "-S", str(program), str(place / "ledger"), "--allowed-signers", signers]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "".join(f"{line}\n" for line in report.lines()))


def test_a_large_file_is_followed_by_several_processes_and_judged_the_same(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = local(LedgerDirectory(str(place / "ledger")), "lab")
    ledger.append({"event": "opened", "run": run("open")})
    ledger.append({"event": "closed", "run": run("bare"), "ungated": True})
    monkeypatch.setattr(stored, "WORTH_SHARING", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1, 2})
    bucket = {"bucket": str(place / "bucket")}
    whole = ask(place, **bucket)
    assert whole["ok"]
    assert [found["run"] for found in whole["unfinished"]] == [run("open")]
    assert [found["run"] for found in whole["ungated"]] == [run("bare")]
    was = lines(place)
    for number in range(1, 6):
        rewrite(place, [*was[: number - 1], was[number - 1].replace(b"lab", b"bal"), *was[number:]])
        assert ask(place, **bucket)["first_wrong"]["entry"] == number
        rewrite(place, was[: number - 1] + was[number:])
        assert ask(place, **bucket)["first_wrong"]["entry"] == number


def test_the_program_runs_without_ansible(place: Path, tmp_path: Path) -> None:
    program = tmp_path / "ledger-verify.pyz"
    program.write_bytes(archive(VERIFY))
    # Alone: no site packages, no PYTHONPATH.
    command = [sys.executable, "-I", "-S", str(program), str(place / "ledger")]
    command += ["--allowed-signers", str(place / "allowed_signers"), "--bucket", str(place / "bucket"), "--records"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("The 6 entries are a chain; the last one has the digest ")
    was = lines(place)
    rewrite(place, [*was[:1], was[1].replace(b"closed", b"opened"), *was[2:]])
    done = subprocess.run([*command, "--json"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["first_wrong"]["entry"] == 2


def test_what_is_not_there_is_neither_right_nor_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "expected a file of entries, or a directory with ledger.jsonl or entries/" in capsys.readouterr().err
