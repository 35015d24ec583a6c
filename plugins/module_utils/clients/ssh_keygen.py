# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures by SSH keys (``ssh-keygen -Y``). A file of allowed signers says whose key is whose, and since when."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    MissingFile,
    MissingLibrary,
    NotTrusted,
    Refused,
    TimedOut,
)

PROGRAM = "ssh-keygen"
TIMEOUT = 20.0
_SIGNER = re.compile(r'Good "(?P<namespace>[^"]*)" signature for (?P<signer>.+) with (?P<kind>\S+) key (?P<key>\S+)')


@dataclass(frozen=True)
class Signer:
    """Who signed, as the file of allowed signers calls them, and the fingerprint of the key."""

    name: str
    key: str


def sign(what: str, data: bytes, key_file: str, namespace: str) -> bytes:
    """Return the signature over ``data`` by a key; of a public key, the agent signs."""
    if not os.path.exists(key_file):
        raise MissingFile(f"signature of {what}", expected="the key", found=f"no file {key_file}")
    # Without a terminal: a key with a passphrase and no agent is an error, not a question nobody sees.
    done = _run(what, ["-Y", "sign", "-q", "-f", key_file, "-n", namespace], data)
    if done.returncode != 0 or b"BEGIN SSH SIGNATURE" not in done.stdout:
        raise Refused(
            f"signature of {what}",
            expected=f"that {PROGRAM} signs with {key_file}",
            found=_said(done),
            remedy="a key with a passphrase has to be in the agent: ssh-add",
        )
    return done.stdout


def verify(
    what: str,
    data: bytes,
    signature: bytes,
    allowed_signers: str,
    namespace: str,
    *,
    at: datetime | None = None,
    revoked: str = "",
) -> Signer:
    """Return who signed ``data``; raise NotTrusted where nobody did who is allowed to.

    ``at`` is the moment for which keys are to be valid, normally when it was signed; ``revoked`` a file of revoked
    keys (a KRL, or public keys one a line).
    """
    for path in filter(None, (allowed_signers, revoked)):
        if not os.path.exists(path):
            raise MissingFile(f"signature of {what}", expected="the file of keys", found=f"no file {path}")
    moment = [f"-Overify-time={at.astimezone(UTC):%Y%m%d%H%M%S}Z"] if at else []
    with tempfile.NamedTemporaryFile(suffix=".sig") as stored:
        stored.write(signature)
        stored.flush()
        given = ["-s", stored.name, "-f", allowed_signers, *moment]
        found = _run(what, ["-Y", "find-principals", *given], b"")
        names = found.stdout.decode(errors="replace").split("\n")
        name = names[0].split(",")[0].strip()
        if found.returncode != 0 or not name:
            raise _distrusted(what, allowed_signers, "a key that is not in it, was not valid then, or no signature")
        revocation = ["-r", revoked] if revoked else []
        done = _run(what, ["-Y", "verify", *given, "-n", namespace, "-I", name, *revocation], data)
    good = _SIGNER.search(done.stdout.decode(errors="replace"))
    if done.returncode != 0 or not good:
        raise _distrusted(what, allowed_signers, _said(done))
    return Signer(name, good["key"])


def _distrusted(what: str, allowed_signers: str, found: str) -> NotTrusted:
    return NotTrusted(f"signature of {what}", expected=f"one of a key in {allowed_signers}", found=found)


def _run(what: str, arguments: Sequence[str], data: bytes) -> subprocess.CompletedProcess[bytes]:
    environment = {name: value for name, value in os.environ.items() if name not in ("SSH_ASKPASS", "DISPLAY")}
    environment |= {"LC_ALL": "C", "SSH_ASKPASS_REQUIRE": "never"}
    try:
        return subprocess.run(
            [PROGRAM, *arguments],
            input=data,
            capture_output=True,
            check=False,
            timeout=TIMEOUT,
            env=environment,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise MissingLibrary(
            f"signature of {what}", expected=PROGRAM, found=str(error), remedy="install the package openssh-client"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise TimedOut(f"signature of {what}", expected=f"an answer within {TIMEOUT:g} s", found="none") from error


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    said = (done.stderr or done.stdout).decode(errors="replace").strip()
    return said.splitlines()[-1][:200] if said else f"status {done.returncode}"
