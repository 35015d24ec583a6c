# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attachments of instances at an S3 endpoint, copied from one bucket to another by the endpoint itself."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.erpops.estate.plugins.module_utils.clients.s3 import S3Client

AT_ONCE = 8


class ObjectClient(S3Client):
    """A login that reads the one bucket and writes the other."""

    def objects(self, bucket: str) -> dict[str, int]:
        """Return the size of every object by its key."""
        found: dict[str, int] = {}
        with self._asking(f"objects of bucket {bucket}"):
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                found |= {entry["Key"]: int(entry["Size"]) for entry in page.get("Contents", [])}
        return found

    def copy(self, source: str, target: str, keys: Iterable[str]) -> None:
        """Copy objects; none of them comes by this host."""

        def one(key: str) -> None:
            self._s3.copy_object(Bucket=target, Key=key, CopySource={"Bucket": source, "Key": key})

        with self._asking(f"copy of bucket {source} to {target}"), ThreadPoolExecutor(AT_ONCE) as workers:
            for _done in workers.map(one, keys):
                pass
