# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ledger on a disk: a file of lines that only grows, and a directory of what belongs to it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, Refused

# More than two of the longest lines: the last whole one and a torn one behind it are read in one piece.
TAIL = 4096


class LedgerFile:
    """Appends so that a line is on the disk, whole, when the call returns; a line that is not whole stays visible."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.what = f"ledger {path}"
        self._torn_path = f"{path}.torn"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other writer of this file out."""
        with _failures(self.what):
            make_directory(os.path.dirname(self.path))
            descriptor = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            # Explicitly: a process that was forked meanwhile has the descriptor too, and would keep the lock.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    def last(self) -> bytes:
        """Return the last whole line, empty where there is none."""
        return self._end()[0]

    def append(self, line: bytes) -> None:
        """Write a line; only where ``alone``, and not behind a torn one."""
        if self._end()[1]:
            raise Refused(self.what, expected="a whole last line", found="a torn one", remedy="set it aside first")
        with _failures(self.what):
            created = not os.path.exists(self.path)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
            try:
                written = os.write(descriptor, line)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if created:
                sync_directory(os.path.dirname(self.path))
        if written != len(line):
            raise Refused(self.what, expected=f"{len(line)} bytes to be written", found=f"{written}: a full disk")

    def torn(self) -> bytes:
        """Return the torn line that was set aside and not yet explained, empty where there is none."""
        try:
            with open(self._torn_path, "rb") as stream:
                return stream.read()
        except FileNotFoundError:
            return b""

    def set_aside(self) -> None:
        """Move what stands behind the last whole line out of the way; only where ``alone``.

        It is kept, and taken off the ledger only when it is on the disk elsewhere.
        """
        torn = self._end()[1]
        if not torn:
            return
        kept = self.torn()
        if not kept.endswith(torn):
            write(self._torn_path, kept + torn)
        with _failures(self.what), open(self.path, "r+b") as stream:
            stream.truncate(os.fstat(stream.fileno()).st_size - len(torn))
            os.fsync(stream.fileno())

    def explained(self, name: str) -> None:
        """Keep the torn line under a name that an entry of the ledger holds."""
        with _failures(self.what):
            os.replace(self._torn_path, f"{self._torn_path}-{name}")
            sync_directory(os.path.dirname(self.path))

    def lines(self) -> Iterator[bytes]:
        """Yield all lines, the last one whole or not."""
        try:
            with open(self.path, "rb", 1 << 20) as stream:
                yield from stream
        except FileNotFoundError:
            return

    def _end(self) -> tuple[bytes, bytes]:
        """Return the last whole line, and what stands behind it."""
        try:
            with open(self.path, "rb") as stream:
                stream.seek(max(0, os.fstat(stream.fileno()).st_size - TAIL))
                tail = stream.read()
        except FileNotFoundError:
            return b"", b""
        whole, end, torn = tail.rpartition(b"\n")
        return whole.rpartition(b"\n")[2] + end, torn


class LedgerDirectory:
    """What is kept beside a ledger, by names such as ``records/DIGEST.json``."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.what = f"ledger directory {path}"

    def put(self, name: str, content: bytes) -> None:
        """Write a file, on the disk and whole when the call returns."""
        write(os.path.join(self.path, name), content)

    def get(self, name: str) -> bytes | None:
        """Return a file, None where there is none."""
        try:
            with open(os.path.join(self.path, name), "rb") as stream:
                return stream.read()
        except FileNotFoundError:
            return None

    def names(self, kind: str) -> Iterator[str]:
        """Yield the names of one kind, such as ``checkpoints``, in their order."""
        try:
            found = sorted(os.listdir(os.path.join(self.path, kind)))
        except FileNotFoundError:
            return
        yield from (f"{kind}/{name}" for name in found if not name.startswith("."))

    def remove(self, name: str) -> None:
        """Remove a file; that there is none is fine."""
        try:
            os.unlink(os.path.join(self.path, name))
        except FileNotFoundError:
            return


def write(path: str, content: bytes) -> None:
    """Replace a file in one step, and see that it is on the disk."""
    directory, name = os.path.split(path)
    with _failures(f"file {path}"):
        make_directory(directory)
        draft = os.path.join(directory, f".{name}.{os.getpid()}")
        with open(draft, "wb", opener=_private) as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, path)
        sync_directory(directory)


def make_directory(path: str) -> None:
    """Make a directory that only its owner and group read."""
    os.makedirs(path, mode=0o750, exist_ok=True)


def sync_directory(path: str) -> None:
    """See that the names in a directory are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o640)


@contextmanager
def _failures(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ClientError(what, expected="that it can be written", found=str(error)) from error
