# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of etcd's database in a file on this host: verified before it takes its place."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.etcdutl import EtcdutlClient

# etcd appends the digest of what it sends.
DIGEST_SIZE = hashlib.sha256().digest_size
PIECE = 1 << 20

# Readable in the container, and for nobody else who is not root.
STAGED_MODE = 0o600
MODE = 0o600


@dataclass(frozen=True)
class Snapshot:
    """What a file holds: its size in bytes, the revision of etcd it is of, how many keys, and its SHA-256."""

    size: int
    revision: int
    keys: int
    sha256: str


def pieces(path: str) -> Iterator[bytes]:
    """Yield a file piece by piece."""
    with open(path, "rb") as stream:
        while piece := stream.read(PIECE):
            yield piece


def verified(found: Iterable[bytes]) -> Iterator[bytes]:
    """Pass the pieces of a snapshot on; raise at the end where they are not what etcd sent."""
    digest, held, size = hashlib.sha256(), b"", 0
    for piece in found:
        size += len(piece)
        held += piece
        digest.update(held[:-DIGEST_SIZE])
        held = held[-DIGEST_SIZE:]
        yield piece
    if size <= DIGEST_SIZE or digest.digest() != held:
        raise Refused(
            "snapshot of etcd",
            expected="a whole one: its last 32 bytes the SHA-256 of all before them",
            found=f"{size} bytes that are not",
            remedy="run again; a member that keeps sending such is ill",
        )


class SnapshotFile:
    """The file at ``path``; etcdutl in ``container`` is asked what is in it."""

    def __init__(self, path: str, container: str) -> None:
        self._path = path
        self._etcdutl = EtcdutlClient(container)

    def age_minutes(self) -> float | None:
        """Return how long ago the file was written, None where there is none."""
        try:
            return (time.time() - os.stat(self._path).st_mtime) / 60
        except FileNotFoundError:
            return None

    def look(self) -> Snapshot:
        """Return what the file holds; raise where it is no whole snapshot."""
        with self._staged(pieces(self._path)) as (_staged, found):
            return found

    def write(self, source: Iterable[bytes]) -> Snapshot:
        """Write what etcd sends; whatever stood at the path stays until the new one has been verified."""
        guard.about_to_write(self._path, "a new snapshot")
        with self._staged(source) as (staged, found):
            directory = os.path.dirname(self._path)
            os.makedirs(directory, mode=0o700, exist_ok=True)
            descriptor, candidate = tempfile.mkstemp(prefix=".candidate-", suffix=".new", dir=directory)
            try:
                with os.fdopen(descriptor, "wb") as target, open(staged, "rb") as stream:
                    shutil.copyfileobj(stream, target, PIECE)
                    os.fchmod(target.fileno(), MODE)
                    target.flush()
                    os.fsync(target.fileno())
                os.replace(candidate, self._path)
            finally:
                if os.path.exists(candidate):
                    os.unlink(candidate)
            return found

    @contextmanager
    def _staged(self, source: Iterable[bytes]) -> Iterator[tuple[str, Snapshot]]:
        """Put the snapshot where etcdutl sees it, and yield that path and what it holds."""
        directory = self._etcdutl.data_directory()
        status = os.stat(directory)
        descriptor, staged = tempfile.mkstemp(prefix=".snapshot-", suffix=".new", dir=directory)
        digest = hashlib.sha256()
        try:
            with os.fdopen(descriptor, "wb") as stream:
                os.fchown(stream.fileno(), status.st_uid, status.st_gid)
                os.fchmod(stream.fileno(), STAGED_MODE)
                for piece in verified(source):
                    digest.update(piece)
                    stream.write(piece)
            told = self._etcdutl.snapshot_status(os.path.basename(staged))
            size = os.stat(staged).st_size
            yield staged, Snapshot(size, int(told["revision"]), int(told["totalKey"]), digest.hexdigest())
        finally:
            os.unlink(staged)
