# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures of OpenSSH keys: ``ssh-keygen -Y`` signs a text, and says whether one was signed, by whom and for what."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    MissingFile,
    MissingLibrary,
    NotSigned,
    Refused,
)

TIMEOUT_SECONDS = 30

_KEY = re.compile(rb" key (SHA256:\S+)")


@dataclass(frozen=True)
class Signer:
    """Who signed, as the list calls them, and the fingerprint of the key."""

    person: str
    key: str


def sign(what: str, text: bytes, key_file: str, namespace: str) -> bytes:
    """Return the signature of a text; where the file is a public key, the agent signs. ``what`` is for messages."""
    if not os.path.exists(key_file):
        raise MissingFile(f"signature of {what}", expected="the key", found=f"no file {key_file}")
    done = _run(["ssh-keygen", "-Y", "sign", "-q", "-f", os.path.abspath(key_file), "-n", namespace], text, "/")
    if done.returncode != 0 or b"BEGIN SSH SIGNATURE" not in done.stdout:
        raise Refused(
            f"signature of {what}",
            expected=f"that {key_file} signs",
            found=_reason(done),
            remedy="a key with a passphrase has to be in the agent: ssh-add",
        )
    return done.stdout


class SshSignatures:
    """Verifies against one list of people and keys (allowed_signers), less the keys that were revoked."""

    def __init__(self, allowed_signers: bytes, revoked_keys: bytes = b"") -> None:
        self._allowed = allowed_signers
        self._revoked = revoked_keys

    def signer(self, text: bytes, signature: bytes, *, namespace: str, at: datetime | None = None) -> Signer:
        """Return who of the list signed this text in this namespace; raise NotSigned where nobody did."""
        with self._files(signature) as directory:
            done = _run(_asking("find-principals", at), b"", directory)
        # A line of the list may be for several, and several lines may have the key.
        person = done.stdout.decode(errors="replace").split("\n", 1)[0].split(",")[0].strip()
        if done.returncode != 0 or not person:
            raise NotSigned(
                "signature",
                expected="one by a key of the allowed signers, valid at the time",
                found=_reason(done),
                remedy="see whose key it is, and whether it should be among them",
            )
        return Signer(person, self.verify(text, signature, person=person, namespace=namespace, at=at))

    def verify(self, text: bytes, signature: bytes, *, person: str, namespace: str, at: datetime | None = None) -> str:
        """Return the fingerprint of the key by which this person signed this text; raise NotSigned otherwise.

        ``at`` is the moment at which the key had to be valid, otherwise now.
        """
        with self._files(signature) as directory:
            command = [*_asking("verify", at), "-I", person, "-n", namespace]
            # An empty list of revoked keys would be one that cannot be read.
            revoked = ["-r", "revoked"] if self._revoked.strip() else []
            done = _run([*command, *revoked], text, directory)
            if _good(done):
                found_key = _KEY.search(done.stdout)
                return found_key[1].decode() if found_key else ""
            found = "a key that was revoked" if revoked and _good(_run(command, text, directory)) else _reason(done)
        raise NotSigned(
            f"signature of {person}",
            expected=f"one by a key of theirs over this text, for {namespace}",
            found=found,
            remedy="have it signed again, with the key that approvers/allowed_signers has",
        )

    @contextmanager
    def _files(self, signature: bytes) -> Iterator[str]:
        with tempfile.TemporaryDirectory(prefix="erpops-signature-") as directory:
            files = {"allowed_signers": self._allowed, "signature": signature, "revoked": self._revoked}
            for name, content in files.items():
                (Path(directory) / name).write_bytes(content)
            yield directory


def _asking(what: str, at: datetime | None) -> list[str]:
    moment = [f"-Overify-time={at.astimezone(UTC):%Y%m%d%H%M%SZ}"] if at else []
    return ["ssh-keygen", "-Y", what, "-f", "allowed_signers", "-s", "signature", *moment]


def _run(command: list[str], text: bytes, directory: str) -> subprocess.CompletedProcess[bytes]:
    # Nobody is there to answer: what would ask for a passphrase fails.
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC", "SSH_ASKPASS_REQUIRE": "never"}
    try:
        return subprocess.run(
            command,
            input=text,
            capture_output=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
            env=environment,
            cwd=directory,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise MissingLibrary(
            "ssh-keygen", expected="OpenSSH 8.9 or newer", found="none", remedy="install it"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise NotSigned("ssh-keygen", expected="an answer", found=f"none in {TIMEOUT_SECONDS} s") from error


def _good(done: subprocess.CompletedProcess[bytes]) -> bool:
    return done.returncode == 0 and done.stdout.startswith(b"Good ")


def _reason(done: subprocess.CompletedProcess[bytes]) -> str:
    said = [line.strip() for line in (done.stderr + b"\n" + done.stdout).decode(errors="replace").splitlines()]
    return next((line for line in said if line), f"exit status {done.returncode}")
