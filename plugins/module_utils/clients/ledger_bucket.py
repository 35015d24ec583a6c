# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ledger in a bucket: one object for each entry, record and checkpoint, that nobody can remove before its time."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.erpops.estate.plugins.module_utils.clients.s3 import S3Client


class LedgerBucket:
    """What a directory of a ledger offers, by the same names."""

    def __init__(self, client: S3Client, bucket: str, prefix: str = "") -> None:
        self.what = f"{client.what}, bucket {bucket}"
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def put(self, name: str, content: bytes) -> None:
        """Write an object."""
        self._client.put(self._bucket, self._prefix + name, content)

    def get(self, name: str) -> bytes | None:
        """Return an object, None where there is none."""
        return self._client.get(self._bucket, self._prefix + name)

    def names(self, kind: str, *, after: str = "") -> Iterator[str]:
        """Yield the names of one kind, such as ``entries``, in their order, those behind ``after``."""
        start = self._prefix + after if after else ""
        for key in self._client.keys(self._bucket, f"{self._prefix}{kind}/", after=start):
            yield key.removeprefix(self._prefix)

    def problems(self) -> list[str]:
        """Return why this bucket is no proof: whoever may write could remove or replace what is in it."""
        found = self._client.bucket(self._bucket)
        if found is None:
            return [f"{self.what} does not exist"]
        problems = []
        if not found.object_lock:
            problems.append(f"{self.what} has no object lock: what is in it can be removed")
        elif found.retention is None:
            problems.append(f"{self.what} locks nothing by itself: it has no default retention")
        elif found.retention.mode != "COMPLIANCE":
            problems.append(f"{self.what} is locked in the mode {found.retention.mode}, which some may lift")
        return problems
