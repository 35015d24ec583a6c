# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The repository that governs changes: what is read from it is what a policy owner signed.

Files are read from the signed commit itself, never from the working tree. Who may sign commits is said outside of the
repository, in an allowed_signers file of this machine: whoever can commit cannot make himself an owner.
"""

from __future__ import annotations

import io
import os
import re
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    MissingFile,
    NotSigned,
    NotTrusted,
    Refused,
)

TIMEOUT_SECONDS = 60
LARGEST = 8 * 1024 * 1024
GOOD = re.compile(r'^Good "git" signature for (\S+) with ', re.MULTILINE)
# The configuration that lies in the repository is not part of what was signed: what could run a program of its
# choosing, or change what a commit is, is set here.
SETTINGS = (
    "gpg.format=ssh",
    "gpg.ssh.program=ssh-keygen",
    "gpg.minTrustLevel=fully",
    "gpg.program=/bin/false",
    "gpg.openpgp.program=/bin/false",
    "gpg.x509.program=/bin/false",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.quotePath=false",
    # What it has noted of commits beside them, parents included.
    "core.commitGraph=false",
)


@dataclass(frozen=True)
class Snapshot:
    """The files of one commit, by their path below the directory that governs, and who signed it."""

    commit: str
    signer: str
    files: dict[str, bytes]


class PolicyRepository:
    """A directory in a Git checkout. ``owners`` is the allowed_signers file of the policy's owners."""

    def __init__(self, directory: str, owners: str) -> None:
        self._directory = directory
        self._owners = owners

    def snapshot(self) -> Snapshot:
        """Return what the commit that is checked out holds; raise where it is not signed, or not what lies here."""
        guarded(self._owners)
        if not Path(self._directory).is_dir():
            raise MissingFile(self._directory, expected="the directory that governs changes", found="nothing")
        for path in sorted(Path(self._directory, "approvers").glob("*")):
            guarded(str(path))
        self._ungrafted()
        self._clean()
        commit = self._git("rev-parse", "--verify", "HEAD^{commit}").decode().strip()
        return Snapshot(commit, self._signer(commit), self._files(commit))

    def ground(self, commit: str, paths: Sequence[str]) -> str:
        """Return the last commit, up to this one, that touched one of the paths."""
        if self._git("rev-parse", "--is-shallow-repository").strip() != b"false":
            raise Refused(
                self._directory,
                expected="the history of its files",
                found="a shallow clone",
                remedy="fetch it whole: git fetch --unshallow",
            )
        named = [f":(literal){path}" for path in paths]
        return self._git("log", "-1", "--format=%H", commit, "--", *named).decode().strip()

    def follows(self, commit: str, earlier: str) -> bool:
        """Return whether a commit is the earlier one or came after it."""
        done = self._run("merge-base", "--is-ancestor", earlier, commit)
        return done.returncode == 0

    def _ungrafted(self) -> None:
        """Refuse other parents than commits themselves have: an old one would follow the newest."""
        named = self._git("rev-parse", "--git-path", "info/grafts").decode().removesuffix("\n")
        grafts = Path(self._directory, named)
        if grafts.exists() or grafts.is_symlink():
            raise Refused(
                self._directory,
                expected="the history that its commits have",
                found=f"{grafts}, which says another",
                remedy="see who put it there, and remove it",
            )

    def _clean(self) -> None:
        status = self._git("status", "--porcelain=v1", "-z", "--untracked-files=all").decode(errors="replace")
        changed = [entry[3:] for entry in status.split("\0") if entry]
        if changed:
            more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
            raise Refused(
                self._directory,
                expected="a working tree as it was committed",
                found=f"changes in {', '.join(changed[:5])}{more}",
                remedy="commit them signed, or take them back",
            )

    def _signer(self, commit: str) -> str:
        owners = os.path.abspath(self._owners)
        done = self._run("-c", f"gpg.ssh.allowedSignersFile={owners}", "verify-commit", "--raw", commit)
        said = (done.stderr + done.stdout).decode(errors="replace")
        good = GOOD.search(said)
        if done.returncode != 0 or not good:
            reason = next((line for line in said.splitlines() if line.strip()), "no signature")
            raise NotSigned(
                f"commit {commit[:12]} of {self._directory}",
                expected=f"to be signed by an owner of the policy ({self._owners})",
                found=reason,
                remedy="have an owner review it and commit with git commit -S",
            )
        return good[1]

    def _files(self, commit: str) -> dict[str, bytes]:
        blobs: dict[str, str] = {}
        for entry in (
            self._git("ls-tree", "-r", "-z", "-l", commit, "--", ".").decode(errors="replace").split("\0")[:-1]
        ):
            about, path = entry.split("\t", 1)
            mode, _kind, blob, size = about.split()
            place = f"{self._directory}/{path}"
            if mode not in ("100644", "100755"):
                found = "a link or a repository of its own"
                raise Refused(place, expected="an ordinary file", found=found, remedy="put the file itself there")
            if int(size) > LARGEST:
                raise Refused(place, expected=f"at most {LARGEST} bytes", found=size, remedy="split it")
            blobs[path] = blob
        stream = io.BytesIO(self._git("cat-file", "--batch", text="\n".join(blobs.values()).encode()))
        return {path: _blob(stream, blob) for path, blob in blobs.items()}

    def _git(self, *arguments: str, text: bytes = b"") -> bytes:
        done = self._run(*arguments, text=text)
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise Refused(
                f"git {arguments[0]} in {self._directory}",
                expected="exit status 0",
                found=f"{done.returncode}: {said[0] if said else 'nothing said'}",
                remedy="make it a Git checkout that belongs to you",
            )
        return done.stdout

    def _run(self, *arguments: str, text: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        settings = [part for setting in SETTINGS for part in ("-c", setting)]
        # Nothing that was set around us may point git elsewhere.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        kept |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_NO_REPLACE_OBJECTS": "1"}
        kept |= {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
        command = ["git", "-C", self._directory, *settings, *arguments]
        try:
            return subprocess.run(
                command, input=text, capture_output=True, check=False, timeout=TIMEOUT_SECONDS, env=kept
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Refused(f"git in {self._directory}", expected="an answer", found=str(error)) from error


def _blob(stream: io.BytesIO, blob: str) -> bytes:
    """Read one answer of cat-file: a line with name, type and size, that many bytes, and the end of a line."""
    head = stream.readline().decode().split()
    if head[:2] != [blob, "blob"]:
        raise Refused(f"git object {blob}", expected="its content", found=" ".join(head) or "nothing")
    content = stream.read(int(head[2]))
    stream.read(1)
    return content


def guarded(path: str) -> None:
    """Refuse a file that says who is trusted and that somebody else could write, itself or by its directory."""
    for place in (path, os.path.dirname(os.path.abspath(path))):
        try:
            status = os.stat(place)
        except OSError as error:
            raise MissingFile(path, expected="a file that says who is trusted", found=str(error)) from error
        open_to_all = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX
        if open_to_all or status.st_uid not in (0, os.getuid()):
            raise NotTrusted(
                path,
                expected=f"{place} to be writable by its owner alone, root or you",
                found=f"mode {stat.S_IMODE(status.st_mode):04o}, owner {status.st_uid}",
                remedy=f"chmod go-w {place}, and look at what it says",
            )
