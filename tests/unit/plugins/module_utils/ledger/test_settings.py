# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, MissingFile, Unreachable
from ansible_collections.erpops.estate.plugins.module_utils.clients.etcd import Entry
from ansible_collections.erpops.estate.plugins.module_utils.evidence.audit import Question
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import compose
from ansible_collections.erpops.estate.plugins.module_utils.ledger.check import check, question
from ansible_collections.erpops.estate.plugins.module_utils.ledger.head import EtcdHead, Seen
from ansible_collections.erpops.estate.plugins.module_utils.ledger.settings import Settings, load, settings
from ansible_collections.erpops.estate.plugins.module_utils.ledger.spool import SpooledLedger
from ansible_collections.erpops.estate.plugins.module_utils.ledger.writer import Ledger

from tests.unit.plugins.module_utils.ledger.memory import run

LOCAL = {"estate": "lab", "directory": "/var/lib/erpops/ledger"}
ETCD = {"members": {"a": "192.0.2.1"}, "ca_file": "/ca", "cert_file": "/cert", "key_file": "/key"}
BUCKET = {
    "endpoint": "https://192.0.2.9",
    "name": "ledger",
    "ca_file": "/ca",
    "access_key": "ledger",
    "secret_key_file": "/secret",
}
FIELDS = {"event": "opened", "run": run("r")}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "where.json; expected names and values; found list"),
        ({"estate": "lab"}, "where.json; expected directory; found nothing"),
        (
            {**LOCAL, "keyfile": "/x"},
            "expected only allowed_signers, bucket, directory, estate, etcd, key_file",
        ),
        ({**LOCAL, "etcd": {"members": {}}}, "where.json, etcd; expected ca_file, cert_file, key_file, members"),
        (
            {**LOCAL, "etcd": ETCD, "bucket": {"name": "x"}},
            "where.json, bucket; expected access_key, ca_file, endpoint",
        ),
        ({**LOCAL, "bucket": BUCKET}, "expected etcd beside a bucket: one chain needs one head; found a bucket alone"),
        ({**LOCAL, "etcd": "yes"}, "where.json, etcd; expected names and values; found str"),
    ],
)
def test_what_cannot_be_is_refused_by_file_and_name(data: Any, message: str) -> None:
    with pytest.raises(ClientError) as refused:
        settings(data, "where.json")
    assert message in str(refused.value)


def test_a_file_that_is_missing_or_no_json_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"docs/ledger\.md"):
        load(str(tmp_path / "none"))
    (tmp_path / "bad").write_text("{")
    with pytest.raises(ClientError, match="expected JSON"):
        load(str(tmp_path / "bad"))


def test_without_etcd_the_ledger_is_of_this_machine_alone(tmp_path: Path) -> None:
    known = settings({"estate": "lab", "directory": str(tmp_path)}, "x")
    assert (known.head(), known.objects()) == (None, None)
    assert isinstance(known.ledger(), Ledger)


def test_with_etcd_it_is_shared_and_has_a_spool(tmp_path: Path) -> None:
    ledger = settings({"estate": "lab", "directory": str(tmp_path), "etcd": ETCD}, "x").ledger()
    assert isinstance(ledger, SpooledLedger)
    # Nothing is at that address, nor are its certificates here.
    written = ledger.append(FIELDS)
    assert written.spooled
    assert list(ledger.waiting()) == [written.line]


class Key:
    """etcd's transactions as far as a head needs them."""

    def __init__(self) -> None:
        self.value, self.revision, self.lost_answer = "", 0, False

    def entry(self, key: str) -> Entry | None:
        return Entry(key, self.value, self.revision) if self.revision else None

    def swap(self, _key: str, value: str, revision: int) -> bool:
        if revision != self.revision:
            return False
        self.value, self.revision = value, self.revision + 1
        if self.lost_answer:
            self.lost_answer = False
            return False
        return True

    def ask(self, question: Any) -> Any:
        return question(self)


def test_the_head_in_etcd_is_the_last_line_and_moves_only_from_what_was_seen() -> None:
    key = Key()
    head = EtcdHead(key, "lab")  # type: ignore[arg-type]  # asked like the cluster
    assert head.key == "/erpops/lab/ledger/head"
    assert head.read() == Seen(b"")
    first = compose(b"", FIELDS)
    assert head.swap(first, Seen(b""))
    assert not head.swap(compose(b"", {**FIELDS, "other": 1}), Seen(b""))
    seen = head.read()
    assert seen == Seen(first, 1)
    # The member that wrote it died over its answer, and the next one was asked.
    key.lost_answer = True
    assert head.swap(compose(first, FIELDS), seen)


def test_what_a_playbook_leaves_out_is_what_the_configuration_says() -> None:
    known = Settings("lab", "/ledger", allowed_signers="/signers")
    assert question({}, known) == Question("/ledger", allowed_signers="/signers", estate="lab")
    given = {"ledger": None, "estate": "other", "records": True}
    assert question(given, known) == Question("/ledger", allowed_signers="/signers", estate="other", records=True)
    assert question({"ledger": "/file", "bucket": "/b"}, None) == Question("/file", bucket="/b")


def test_a_check_asks_etcd_and_leaves_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = tmp_path / "ledger.json"
    configuration.write_text(json.dumps({"estate": "lab", "directory": str(tmp_path)}))
    first = compose(b"", FIELDS)
    (tmp_path / "ledger.jsonl").write_bytes(first)
    given = {"ledger": None, "configuration": str(configuration), "fetch": True, "program": str(tmp_path / "v.pyz")}
    assert check(given, dry=True)[1]
    assert not (tmp_path / "v.pyz").exists()
    assert [check(given)[1] for _twice in range(2)] == [True, False]
    second = compose(first, FIELDS)
    monkeypatch.setattr(Settings, "fetch", lambda _known: second)
    report, _changed = check(given)
    assert report.wrong
    assert report.wrong.sentence == "entry 2 is missing at the end: etcd knows entry 2"


def test_an_etcd_that_does_not_answer_is_no_verification(tmp_path: Path) -> None:
    configuration = tmp_path / "ledger.json"
    configuration.write_text(json.dumps({"estate": "lab", "directory": str(tmp_path), "etcd": ETCD}))
    with pytest.raises((MissingFile, Unreachable)):
        check({"ledger": None, "configuration": str(configuration), "fetch": True, "program": None})
