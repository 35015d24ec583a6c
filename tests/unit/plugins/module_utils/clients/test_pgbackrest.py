# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How pgBackRest is asked, and what is made of its answers and failures."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    MissingFile,
    Refused,
    TimedOut,
)
from ansible_collections.erpops.estate.plugins.module_utils.clients.pgbackrest import (
    PgbackrestClient,
    configuration,
    store_login,
)


def answering(monkeypatch: pytest.MonkeyPatch, stdout: str = "", stderr: str = "", status: int = 0) -> list[list[str]]:
    commands: list[list[str]] = []

    def run(command: list[str], **_options: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, status, stdout, stderr)

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def test_info_is_the_entry_of_the_stanza(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = answering(monkeypatch, '[{"name": "other"}, {"name": "lab", "status": {"code": 0}}]')
    assert PgbackrestClient("lab", container="patroni").info()["status"] == {"code": 0}
    assert commands[0][:5] == ["docker", "exec", "patroni", "pgbackrest", "--stanza=lab"]
    assert commands[0][-3:] == ["--output=json", "--io-timeout=5", "info"]


@pytest.mark.parametrize(
    ("stdout", "complaint"),
    [
        pytest.param("[]", "expected the stanza in the answer", id="not there"),
        pytest.param("ERROR", "expected an answer in JSON", id="no data"),
    ],
)
def test_an_answer_that_says_nothing_is_refused(monkeypatch: pytest.MonkeyPatch, stdout: str, complaint: str) -> None:
    answering(monkeypatch, stdout)
    with pytest.raises(Refused, match=complaint):
        PgbackrestClient("lab").info()


def test_a_failure_shows_what_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    # Recorded from pgBackRest 2.55 with the stanza missing.
    said = "P00  ERROR: [055]: archive.info cannot be opened but is required to push/get WAL segments."
    answering(monkeypatch, stderr=said, status=55)
    with pytest.raises(Refused) as caught:
        PgbackrestClient("lab").check()
    assert caught.value.what == "pgBackRest stanza lab, check"
    assert "archive.info cannot be opened" in caught.value.found


def test_waiting_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **options: Any) -> None:
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(TimedOut, match="an end within 120 s"):
        PgbackrestClient("lab").check()


# As the role backup writes it, cut to what matters here.
WRITTEN = """
# Managed by the role backup; an edit by hand is undone by the next run.
[global]
repo1-type=s3
repo1-s3-bucket=lab-backup
repo1-s3-key=KEY
repo1-s3-key-secret=a=secret%with;signs
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass=PASSPHRASE
repo1-retention-full-type=count
repo1-retention-full=4

[global:archive-push]
compress-level=3

[lab]
pg1-path=/var/lib/postgresql/17
"""


def test_the_configuration_is_read_without_what_is_secret_in_it(tmp_path: Path) -> None:
    file = tmp_path / "pgbackrest.conf"
    file.write_text(WRITTEN, encoding="utf-8")
    found = configuration(str(file))
    assert found.stanzas == ("lab",)
    assert found.settings == {
        "repo1-type": "s3",
        "repo1-s3-bucket": "lab-backup",
        "repo1-cipher-type": "aes-256-cbc",
        "repo1-retention-full-type": "count",
        "repo1-retention-full": "4",
    }


def test_a_torn_configuration_shows_nothing_of_itself(tmp_path: Path) -> None:
    file = tmp_path / "pgbackrest.conf"
    file.write_text("[global]\nrepo1-cipher-pass\nPASSPHRASE", encoding="utf-8")
    with pytest.raises(MissingFile) as caught:
        configuration(str(file))
    assert "PASSPHRASE" not in str(caught.value)
    with pytest.raises(MissingFile, match="run this on a member of PostgreSQL"):
        configuration(str(tmp_path / "none"))


def test_the_bucket_is_entered_as_pgbackrest_does(tmp_path: Path) -> None:
    file = tmp_path / "pgbackrest.conf"
    file.write_text(WRITTEN, encoding="utf-8")
    login = store_login(str(file))
    assert login
    assert (login.bucket, login.access_key, login.secret_key) == ("lab-backup", "KEY", "a=secret%with;signs")
    file.write_text("[global]\nrepo1-type=posix\n", encoding="utf-8")
    assert store_login(str(file)) is None
