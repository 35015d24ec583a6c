# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to hold before a database is copied, made from a dump, neutralised or dropped. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

COPYING = "__copying"
# PostgreSQL cuts longer names off, and two that are cut off may be the same.
LONGEST_NAME = 63


@dataclass(frozen=True)
class Origin:
    """Where a copy comes from: a database or a dump of one, and the bucket of its attachments."""

    what: str
    bucket: str


def unfinished(database: str) -> str:
    """Return the name under which a copy is made; only a whole one gets its own."""
    return f"{database}{COPYING}"


def copy_objections(
    origin: Origin, database: str, bucket: str, *, buckets: Collection[str], begun: bool, objects: int
) -> list[str]:
    """Return why the copy may not be made.

    ``begun`` says that the bucket is that of an unfinished copy of this database; any other has to be empty, since
    names of objects are the same in every instance.
    """
    sentences = []
    if bucket == origin.bucket:
        sentences.append(
            f"bucket {bucket} of {database}: expected one of its own, found that of {origin.what}, whose files the "
            "copy's garbage collection would delete"
        )
    sentences += [
        f"bucket {name}: expected it at the endpoint, found none; make it with erpops.estate.s3_bucket"
        for name in dict.fromkeys((origin.bucket, bucket))
        if name not in buckets
    ]
    if objects and not begun and bucket != origin.bucket:
        sentences.append(f"bucket {bucket} of {database}: expected it to be empty, found {objects} objects")
    if len(unfinished(database)) > LONGEST_NAME:
        most = LONGEST_NAME - len(COPYING)
        sentences.append(f"database {database}: expected a name of at most {most} characters, found {len(database)}")
    return sentences


def to_copy(source: Mapping[str, int], target: Mapping[str, int]) -> list[str]:
    """Return the objects that the target does not have, or not in their size; an attachment never changes."""
    return sorted(key for key, size in source.items() if target.get(key) != size)


def missing(stored: Iterable[str], target: Collection[str]) -> list[str]:
    """Return the attachments whose object the target does not have, from their names in the database."""
    return sorted(name for name in stored if name.partition("://")[2] not in target)


def drop_objections(
    databases: Collection[str], confirmed: Collection[str], connections: Mapping[str, Collection[str]]
) -> list[str]:
    """Return why the databases may not be dropped; ``connections`` says by database who is connected."""
    sentences = []
    if sorted(confirmed) != sorted(databases):
        sentences.append(
            f"absent: expected confirm to name exactly {', '.join(sorted(databases))}, "
            f"found {', '.join(sorted(confirmed)) or 'nothing'}"
        )
    sentences += [
        f"database {name}: expected nobody to be connected, found {', '.join(sorted(set(who)))}; stop its containers"
        for name, who in connections.items()
        if who
    ]
    return sentences
