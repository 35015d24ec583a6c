# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures of OpenSSH keys: ``ssh-keygen -Y verify`` says whether a text was signed, by whom and for what."""

from __future__ import annotations

import os
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import MissingLibrary, NotSigned

TIMEOUT_SECONDS = 30


class SshSignatures:
    """Verifies against one list of people and keys (allowed_signers), less the keys that were revoked."""

    def __init__(self, allowed_signers: bytes, revoked_keys: bytes = b"") -> None:
        self._allowed = allowed_signers
        self._revoked = revoked_keys

    def verify(self, text: bytes, signature: bytes, *, person: str, namespace: str, at: datetime | None = None) -> None:
        """Return where this person signed this text in this namespace; raise NotSigned otherwise.

        ``at`` is the moment at which the key had to be valid, otherwise now.
        """
        with tempfile.TemporaryDirectory(prefix="erpops-signature-") as directory:
            files = {"allowed_signers": self._allowed, "signature": signature, "revoked": self._revoked}
            for name, content in files.items():
                (Path(directory) / name).write_bytes(content)
            command = ["ssh-keygen", "-Y", "verify", "-f", "allowed_signers", "-s", "signature"]
            command += ["-I", person, "-n", namespace]
            command += [f"-Overify-time={at.astimezone(UTC):%Y%m%d%H%M%SZ}"] if at else []
            # An empty list of revoked keys would be one that cannot be read.
            revoked = ["-r", "revoked"] if self._revoked.strip() else []
            done = _run([*command, *revoked], text, directory)
            if _good(done):
                return
            found = "a key that was revoked" if revoked and _good(_run(command, text, directory)) else _reason(done)
        raise NotSigned(
            f"signature of {person}",
            expected=f"one by a key of theirs over this text, for {namespace}",
            found=found,
            remedy="have it signed again, with the key that approvers/allowed_signers has",
        )


def _run(command: list[str], text: bytes, directory: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
    try:
        return subprocess.run(
            command,
            input=text,
            capture_output=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
            env=environment,
            cwd=directory,
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
