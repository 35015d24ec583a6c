# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and directories of a service on this host: what they are, and how they become what they should be."""

from __future__ import annotations

import hashlib
import math
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.policy.definition import Directory, ManagedFile
from ansible_collections.erpops.estate.plugins.module_utils.policy.drained import carried_over

MISSING = "missing"


@dataclass(frozen=True)
class Found:
    """A file as it is. ``changed_at`` is infinite when there is none: no process can have read it."""

    exists: bool
    content: bytes = b""
    owner: int = -1
    group: int = -1
    mode: int = -1
    changed_at: float = math.inf


def look(path: str) -> Found:
    """Return what is at ``path``."""
    try:
        with open(path, "rb") as stream:
            status = os.fstat(stream.fileno())
            content = stream.read()
    except FileNotFoundError:
        return Found(False)
    return Found(
        True,
        content,
        status.st_uid,
        status.st_gid,
        stat.S_IMODE(status.st_mode),
        max(status.st_mtime, status.st_ctime),
    )


def differs(file: ManagedFile, found: Found) -> bool:
    """Return whether the file has to be written; what is written once is left alone when it exists."""
    if file.once:
        return not found.exists
    return content_differs(file, found) or (found.owner, found.group, found.mode) != (
        file.owner,
        file.group,
        file.mode,
    )


def content_differs(file: ManagedFile, found: Found) -> bool:
    """Return whether the file holds something else, or nothing."""
    return not found.exists or found.content != file.content


def kept(file: ManagedFile, found: Found) -> ManagedFile:
    """Return the file as it should be where this one was found: what was drained in it stays drained."""
    if not (file.keeps_drained and found.exists):
        return file
    content = carried_over(file.content.decode(), found.content.decode(errors="replace"))
    return replace(file, content=content.encode())


def fingerprint(path: str) -> str:
    """Return the digest of a file that something else writes, such as a certificate."""
    found = look(path)
    return aspect(found) if found.exists else MISSING


def aspect(found: Found) -> str:
    """Return the digest that stands for what a file holds."""
    return hashlib.sha256(found.content).hexdigest()[:16]


def rights(path: str) -> str:
    """Return owner, group and mode of what is at ``path``, as they are shown."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return "nothing"
    return f"{status.st_uid}:{status.st_gid} {stat.S_IMODE(status.st_mode):04o}"


def directory_differs(directory: Directory) -> bool:
    """Return whether the directory is missing or has other owners or another mode."""
    try:
        status = os.stat(directory.path)
    except FileNotFoundError:
        return True
    return (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) != (
        directory.owner,
        directory.group,
        directory.mode,
    )


def make_directory(directory: Directory) -> None:
    """Create the directory and its parents, and set owner, group and mode."""
    guard.about_to_write(directory.path, "owner, group and mode of a directory")
    os.makedirs(directory.path, mode=0o755, exist_ok=True)
    os.chown(directory.path, directory.owner, directory.group)
    os.chmod(directory.path, directory.mode)


@contextmanager
def candidate(file: ManagedFile) -> Iterator[str]:
    """Write the content beside its place, yield that path, then remove it unless it was moved into place.

    It stands in the same directory so that the move is atomic and a container that mounts the
    directory can check it. A check may go by the name's ending; otherwise the ending is one that no daemon
    looks for in a directory it watches.
    """
    guard.about_to_write(file.path, "a candidate beside it")
    directory = os.path.dirname(file.path)
    os.makedirs(directory, mode=0o755, exist_ok=True)
    suffix = "-" + os.path.basename(file.path) if file.validate else ".new"
    descriptor, path = tempfile.mkstemp(prefix=".candidate-", suffix=suffix, dir=directory)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(file.content)
            os.fchown(stream.fileno(), file.owner, file.group)
            os.fchmod(stream.fileno(), file.mode)
            stream.flush()
            os.fsync(stream.fileno())
        yield path
    finally:
        if os.path.exists(path):
            os.unlink(path)


def move_into_place(path: str, file: ManagedFile) -> None:
    """Replace the file atomically by the candidate at ``path``."""
    guard.about_to_write(file.path, "new content")
    os.replace(path, file.path)
