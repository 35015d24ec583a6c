# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With the real ssh-keygen and real keys."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients import approval_files
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import NotSigned
from ansible_collections.erpops.estate.plugins.module_utils.clients.ssh_signature import SshSignatures
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.approvals import NAMESPACE, Approval

from tests.unit.plugins.module_utils.keys import Key

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PLAN = "sha256:" + "0" * 64


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Key]:
    directory = tmp_path_factory.mktemp("keys")
    return {name: Key(directory, name) for name in ("ada", "ben", "stranger")}


@pytest.fixture
def allowed(keys: dict[str, Key]) -> bytes:
    return "".join(keys[name].allowed(name, f'namespaces="{NAMESPACE}"') for name in ("ada", "ben")).encode()


def test_what_was_signed_is_verified(keys: dict[str, Key], allowed: bytes) -> None:
    SshSignatures(allowed).verify(b"text", keys["ada"].sign(b"text", NAMESPACE), person="ada", namespace=NAMESPACE)


@pytest.mark.parametrize(
    ("signer", "signed", "person"),
    [
        pytest.param("ada", (b"other text", NAMESPACE), "ada", id="over something else"),
        pytest.param("ada", (b"text", "git"), "ada", id="for something else"),
        pytest.param("ben", (b"text", NAMESPACE), "ada", id="by somebody else"),
        pytest.param("stranger", (b"text", NAMESPACE), "ada", id="by a stranger"),
        pytest.param("stranger", (b"text", NAMESPACE), "stranger", id="by a stranger who says so"),
    ],
)
def test_what_is_refused(
    keys: dict[str, Key], allowed: bytes, signer: str, signed: tuple[bytes, str], person: str
) -> None:
    signature = keys[signer].sign(*signed)
    with pytest.raises(NotSigned, match=f"signature of {person}; expected one by a key of theirs over this text"):
        SshSignatures(allowed).verify(b"text", signature, person=person, namespace=NAMESPACE)


@pytest.mark.parametrize(
    "signature", [b"", b"nonsense", b"-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n"]
)
def test_what_is_no_signature(allowed: bytes, signature: bytes) -> None:
    with pytest.raises(NotSigned):
        SshSignatures(allowed).verify(b"text", signature, person="ada", namespace=NAMESPACE)


def test_a_person_is_a_name_and_never_an_option(keys: dict[str, Key], allowed: bytes) -> None:
    signature = keys["ada"].sign(b"text", NAMESPACE)
    for person in ("", "-h", "*", "ad?", "ada,ben", "!ben"):
        with pytest.raises(NotSigned):
            SshSignatures(allowed).verify(b"text", signature, person=person, namespace=NAMESPACE)


def test_a_revoked_key_signs_nothing(keys: dict[str, Key], allowed: bytes) -> None:
    signatures = SshSignatures(allowed, f"{keys['ada'].public}\n".encode())
    with pytest.raises(NotSigned, match=r"(?i)revoked"):
        signatures.verify(b"text", keys["ada"].sign(b"text", NAMESPACE), person="ada", namespace=NAMESPACE)
    signatures.verify(b"text", keys["ben"].sign(b"text", NAMESPACE), person="ben", namespace=NAMESPACE)


def test_a_key_counts_while_it_is_valid(keys: dict[str, Key]) -> None:
    signatures = SshSignatures(keys["ada"].allowed("ada", 'valid-before="20261201Z"').encode())
    signature = keys["ada"].sign(b"text", NAMESPACE)
    signatures.verify(b"text", signature, person="ada", namespace=NAMESPACE, at=NOON)
    with pytest.raises(NotSigned):
        signatures.verify(b"text", signature, person="ada", namespace=NAMESPACE, at=NOON + timedelta(days=30))


def one(person: str, plan: str = PLAN) -> Approval:
    return Approval(person, plan, "CHG-1", "lab", "production", NOON, NOON + timedelta(days=1))


def put(directory: Path, name: str, text: bytes, signature: bytes | None) -> None:
    (directory / f"{name}.json").write_bytes(text)
    if signature is not None:
        (directory / f"{name}.json.sig").write_bytes(signature)


def test_approvals_of_a_directory(keys: dict[str, Key], allowed: bytes, tmp_path: Path) -> None:
    text = one("ada").document()
    forged = one("ben").document()
    put(tmp_path, "1-good", text, keys["ada"].sign(text, NAMESPACE))
    put(tmp_path, "2-altered", text.replace(b"2026-11-24", b"2027-11-24"), keys["ada"].sign(text, NAMESPACE))
    put(tmp_path, "3-forged", forged, keys["ada"].sign(forged, NAMESPACE))
    put(tmp_path, "4-unsigned", text, None)
    put(tmp_path, "5-none", b"{}", None)
    put(tmp_path, "6-huge", b" " * 20000, None)
    found, broken = approval_files.read(str(tmp_path), PLAN, SshSignatures(allowed))
    assert [(Path(each.where).stem, bool(each.fault)) for each in found] == [
        ("1-good", False),
        ("2-altered", True),
        ("3-forged", True),
        ("4-unsigned", True),
    ]
    assert found[3].fault == "4-unsigned.json.sig is missing"
    assert [re.search(r"\d-\w+", sentence)[0] for sentence in broken] == ["5-none", "6-huge"]  # type: ignore[index]  # it is there


def test_a_launch_is_signed_for_launching(keys: dict[str, Key], tmp_path: Path) -> None:
    text = replace(one("ada"), decision="launch").document()
    put(tmp_path, "1", text, keys["ada"].sign(text, "launch@erpops.estate"))
    put(tmp_path, "2", text, keys["ada"].sign(text, NAMESPACE))
    found, _broken = approval_files.read(str(tmp_path), PLAN, SshSignatures(keys["ada"].allowed("ada").encode()))
    assert [bool(each.fault) for each in found] == [False, True]


def test_only_approvals_that_name_the_plan_are_verified(
    keys: dict[str, Key], allowed: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = one("ada").document()
    put(tmp_path, "this", text, keys["ada"].sign(text, NAMESPACE))
    for number in range(1, 21):
        put(tmp_path, f"other-{number}", one("ben", f"sha256:{number:064}").document(), b"never looked at")
    real, calls = subprocess.run, []

    def counted(*given: Any, **more: Any) -> Any:
        calls.append(given)
        return real(*given, **more)

    monkeypatch.setattr(subprocess, "run", counted)
    found, broken = approval_files.read(str(tmp_path), PLAN, SshSignatures(allowed))
    assert (len(found), broken, len(calls)) == (21, [], 1)
    assert [each.person for each in found if each.plan == PLAN and not each.fault] == ["ada"]
