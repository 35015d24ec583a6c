# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bucket should be, what it is, and the steps between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any


@dataclass(frozen=True)
class Retention:
    """How long each new version stays locked, and whether an administrator may lift the lock."""

    mode: str
    days: int


@dataclass(frozen=True)
class Bucket:
    """A bucket as it should be or as it was found."""

    name: str
    versioning: bool = False
    object_lock: bool = False
    retention: Retention | None = None

    @classmethod
    def from_params(cls, params: Mapping[str, Any], found: Bucket | None = None) -> Bucket:
        """Return the bucket that an entry of the module's parameters describes, beside the one that is there.

        A retention needs a lock, and a lock needs versions.
        """
        retention = None
        if params["retention_mode"]:
            days = params["retention_days"]
            if params["retention_at_least"] and found and found.retention:
                days = max(days, found.retention.days)
            retention = Retention(params["retention_mode"], days)
        object_lock = params["object_lock"] or retention is not None
        return cls(
            name=params["name"],
            versioning=params["versioning"] or object_lock,
            object_lock=object_lock,
            retention=retention,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for a diff."""
        return {
            "versioning": self.versioning,
            "object_lock": self.object_lock,
            "retention": f"{self.retention.mode} for {self.retention.days} days" if self.retention else "none",
        }


class Step(Enum):
    """One request that brings a bucket nearer to what it should be."""

    CREATE = "create"
    VERSIONING = "set versioning"
    RETENTION = "set default retention"


def objections(name: str, wanted: Bucket, found: Bucket | None) -> tuple[str, ...]:
    """Return what no step can mend: what was locked stays locked, and a lock is given at creation."""
    if found is None:
        return ()
    said = []
    if wanted.object_lock and not found.object_lock:
        said.append(
            f"bucket {name}: expected object lock, found a bucket without; it can only be given when the bucket is "
            "made: copy what it holds to a new bucket, or name another one"
        )
    if found.object_lock and not wanted.versioning:
        said.append(f"bucket {name}: expected no versioning, found object lock, which keeps versioning on for ever")
    return tuple(said)


def steps(wanted: Bucket, found: Bucket | None) -> tuple[Step, ...]:
    """Return the requests to send, in order."""
    active = found or Bucket(wanted.name, versioning=wanted.object_lock, object_lock=wanted.object_lock)
    needed = [] if found else [Step.CREATE]
    if wanted.versioning != active.versioning:
        needed.append(Step.VERSIONING)
    if wanted.object_lock and wanted.retention != active.retention:
        needed.append(Step.RETENTION)
    return tuple(needed)


def plan(wanted: Sequence[Bucket], found: Mapping[str, Bucket | None]) -> list[tuple[Step, Bucket]]:
    """Return the requests for all buckets in order; where one cannot be mended, none is sent for any."""
    refusals = [text for bucket in wanted for text in objections(bucket.name, bucket, found[bucket.name])]
    if refusals:
        raise ValueError("; ".join(refusals))
    return [(step, bucket) for bucket in wanted for step in steps(bucket, found[bucket.name])]
