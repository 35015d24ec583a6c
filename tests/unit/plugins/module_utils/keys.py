# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real keys and signatures for tests, made by ssh-keygen."""

from __future__ import annotations

import subprocess
from pathlib import Path


class Key:
    """A key pair in a directory of the test."""

    def __init__(self, directory: Path, name: str) -> None:
        self.path = directory / name
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(self.path)]
        subprocess.run(command, check=True, capture_output=True)
        self.public = self.path.with_suffix(".pub").read_text(encoding="utf-8").strip()

    def allowed(self, person: str, options: str = "") -> str:
        """Return the line of allowed_signers that makes it this person's."""
        kind, key = self.public.split()[:2]
        return f"{person} {options} {kind} {key}\n" if options else f"{person} {kind} {key}\n"

    def sign(self, text: bytes, namespace: str) -> bytes:
        """Return the signature of a text."""
        command = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(self.path), "-n", namespace]
        return subprocess.run(command, input=text, check=True, capture_output=True).stdout
