# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With the real ssh-keygen."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    MissingFile,
    MissingLibrary,
    NotSigned,
    Refused,
)
from ansible_collections.erpops.estate.plugins.module_utils.clients.ssh_signature import SshSignatures, sign

from tests.unit.plugins.module_utils.keys import Key

NAMESPACE = "ledger@erpops.estate"
TEXT = b'{"n":7}\n'


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_who_signed_is_told_by_the_key(kind: str, tmp_path: Path) -> None:
    key = tmp_path / kind
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(key)], check=True)
    signatures = SshSignatures(
        Key(tmp_path, "other").allowed("other").encode() + b"ada,deputy " + key.with_suffix(".pub").read_bytes()
    )
    signer = signatures.signer(TEXT, sign("it", TEXT, str(key), NAMESPACE), namespace=NAMESPACE)
    assert signer.person == "ada"
    shown = subprocess.run(["ssh-keygen", "-l", "-f", str(key)], check=True, capture_output=True, text=True).stdout
    assert signer.key == shown.split()[1]


def test_nobody_signed_what_is_something_else_or_by_somebody_else(tmp_path: Path) -> None:
    key, other = Key(tmp_path, "ada"), Key(tmp_path, "other")
    signatures = SshSignatures(key.allowed("ada").encode())
    signature = sign("it", TEXT, str(key.path), NAMESPACE)
    for text, signed, namespace in (
        (TEXT + b" ", signature, NAMESPACE),
        (TEXT, sign("it", TEXT, str(other.path), NAMESPACE), NAMESPACE),
        (TEXT, signature, "git"),
        (TEXT, b"no signature", NAMESPACE),
        (TEXT, b"", NAMESPACE),
    ):
        with pytest.raises(NotSigned):
            signatures.signer(text, signed, namespace=namespace)


def test_a_key_counts_as_of_the_day_it_signed(tmp_path: Path) -> None:
    key = Key(tmp_path, "ada")
    signatures = SshSignatures(key.allowed("ada", 'valid-before="20300101Z"').encode())
    signature = sign("it", TEXT, str(key.path), NAMESPACE)
    assert signatures.signer(TEXT, signature, namespace=NAMESPACE, at=datetime(2029, 12, 31, tzinfo=UTC))
    with pytest.raises(NotSigned):
        signatures.signer(TEXT, signature, namespace=NAMESPACE, at=datetime(2030, 1, 2, tzinfo=UTC))


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = tmp_path / "locked"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "a passphrase", "-f", str(locked)], check=True)
    with pytest.raises(Refused, match="ssh-add"):
        sign("it", TEXT, str(locked), NAMESPACE)
    with pytest.raises(MissingFile, match="no file /nowhere"):
        sign("it", TEXT, "/nowhere", NAMESPACE)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingLibrary, match="ssh-keygen"):
        sign("it", TEXT, str(locked), NAMESPACE)
