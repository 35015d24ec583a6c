# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With the real ssh-keygen."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients import ssh_keygen
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    MissingFile,
    MissingLibrary,
    NotTrusted,
    Refused,
)

NAMESPACE = "ledger@erpops.estate"
DATA = b'{"n":7}\n'


def make_key(directory: Path, name: str = "key", *, kind: str = "ed25519", passphrase: str = "") -> Path:
    path = directory / name
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", name, "-f", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


def allow(directory: Path, *keys: Path, options: str = "") -> str:
    path = directory / "allowed_signers"
    lines = [f"{key.name}@estate.example {options} {key.with_suffix('.pub').read_text().strip()}" for key in keys]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_a_signature_is_good_for_what_was_signed(kind: str, tmp_path: Path) -> None:
    key = make_key(tmp_path, kind=kind)
    signature = ssh_keygen.sign("it", DATA, str(key), NAMESPACE)
    signer = ssh_keygen.verify("it", DATA, signature, allow(tmp_path, key), NAMESPACE)
    assert signer.name == "key@estate.example"
    assert signer.key.startswith("SHA256:")


def test_a_signature_over_something_else_by_or_for_somebody_else_is_none(tmp_path: Path) -> None:
    key, other = make_key(tmp_path), make_key(tmp_path, "other")
    allowed = allow(tmp_path, key)
    signature = ssh_keygen.sign("it", DATA, str(key), NAMESPACE)
    foreign = ssh_keygen.sign("it", DATA, str(other), NAMESPACE)
    for data, signed, namespace in (
        (DATA + b" ", signature, NAMESPACE),
        (DATA, foreign, NAMESPACE),
        (DATA, signature, "git"),
        (DATA, b"no signature", NAMESPACE),
        (DATA, b"", NAMESPACE),
    ):
        with pytest.raises(NotTrusted, match="signature of it; expected one of a key in "):
            ssh_keygen.verify("it", data, signed, allowed, namespace)


def test_a_key_is_judged_as_of_the_day_it_signed(tmp_path: Path) -> None:
    key = make_key(tmp_path)
    allowed = allow(tmp_path, key, options='valid-before="20300101Z"')
    signature = ssh_keygen.sign("it", DATA, str(key), NAMESPACE)
    assert ssh_keygen.verify("it", DATA, signature, allowed, NAMESPACE, at=datetime(2029, 12, 31, tzinfo=UTC))
    with pytest.raises(NotTrusted):
        ssh_keygen.verify("it", DATA, signature, allowed, NAMESPACE, at=datetime(2030, 1, 2, tzinfo=UTC))


def test_a_revoked_key_signs_nothing(tmp_path: Path) -> None:
    key = make_key(tmp_path)
    signature = ssh_keygen.sign("it", DATA, str(key), NAMESPACE)
    with pytest.raises(NotTrusted):
        ssh_keygen.verify("it", DATA, signature, allow(tmp_path, key), NAMESPACE, revoked=str(key.with_suffix(".pub")))


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = make_key(tmp_path, "locked", passphrase="a passphrase")
    with pytest.raises(Refused, match="ssh-add"):
        ssh_keygen.sign("it", DATA, str(locked), NAMESPACE)
    with pytest.raises(MissingFile, match="no file /nowhere"):
        ssh_keygen.sign("it", DATA, "/nowhere", NAMESPACE)
    with pytest.raises(MissingFile, match="no file /nowhere"):
        ssh_keygen.verify("it", DATA, b"", "/nowhere", NAMESPACE)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingLibrary, match="openssh-client"):
        ssh_keygen.sign("it", DATA, str(locked), NAMESPACE)
