# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pgBackRest's account of a repository means (https://pgbackrest.org/command.html#command-info)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict

# Codes of a stanza's status.
OK = 0
MISSING_STANZA_PATH = 1
NO_BACKUPS = 2
MISSING_STANZA_DATA = 3

HOUR = 3600.0

# What a backup of each type may stand in for: one that has more in it.
AT_LEAST = {"full": ("full",), "diff": ("full", "diff"), "incr": ("full", "diff", "incr")}


@dataclass(frozen=True)
class Backup:
    """One backup of the repository."""

    label: str
    kind: str
    finished_at: float
    error: bool


@dataclass(frozen=True)
class Repository:
    """What the repository holds of one stanza."""

    stanza: str
    code: int
    message: str
    backups: tuple[Backup, ...]
    newest_segment: str
    running: bool = False

    @classmethod
    def from_info(cls, info: Mapping[str, Any]) -> Repository:
        """Return the view of one stanza's entry in the answer to ``info``."""
        archives: Sequence[Mapping[str, Any]] = info.get("archive", [])
        return cls(
            stanza=info["name"],
            code=info["status"]["code"],
            message=_message(info),
            backups=tuple(
                Backup(entry["label"], entry["type"], float(entry["timestamp"]["stop"]), bool(entry.get("error")))
                for entry in info.get("backup", [])
            ),
            newest_segment=(archives[-1].get("max") or "") if archives else "",
            running=bool(info["status"].get("lock", {}).get("backup", {}).get("held")),
        )

    @property
    def readable(self) -> bool:
        """Return whether the answer speaks of the repository; else it says why the repository cannot be asked."""
        return self.code in (OK, MISSING_STANZA_PATH, NO_BACKUPS, MISSING_STANZA_DATA)

    @property
    def exists(self) -> bool:
        """Return whether the stanza was made, and to its end."""
        return self.code not in (MISSING_STANZA_PATH, MISSING_STANZA_DATA)

    @property
    def newest(self) -> Backup | None:
        """Return the backup that ended last."""
        return max(self.backups, key=lambda entry: entry.finished_at, default=None)

    @property
    def has_full(self) -> bool:
        """Return whether there is a full backup; one with damaged pages counts: another would have them too."""
        return any(entry.kind == "full" for entry in self.backups)


def young_enough(repository: Repository, kind: str, *, now: float, max_age_hours: float) -> Backup | None:
    """Return the newest sound backup of this type, or of one that has more in it, if it is no older than that."""
    sound = [entry for entry in repository.backups if entry.kind in AT_LEAST[kind] and not entry.error]
    newest = max(sound, key=lambda entry: entry.finished_at, default=None)
    return newest if newest and now - newest.finished_at <= max_age_hours * HOUR else None


def backup_rows(info: Mapping[str, Any], *, now: float) -> list[dict[str, Any]]:
    """Return every backup of the answer to ``info``, the newest last."""
    return [_row(entry, now) for entry in info.get("backup", [])]


def _row(entry: Mapping[str, Any], now: float) -> dict[str, Any]:
    started, finished = entry["timestamp"]["start"], entry["timestamp"]["stop"]
    return {
        "label": entry["label"],
        "type": entry["type"],
        "started_at": _moment(started),
        "finished_at": _moment(finished),
        "duration_seconds": finished - started,
        "age_hours": round((now - finished) / HOUR, 2),
        "size_bytes": entry["info"]["size"],
        "repository_bytes": entry["info"]["repository"]["delta"],
        "wal_start": entry["archive"]["start"] or "",
        "wal_stop": entry["archive"]["stop"] or "",
        "depends_on": list(entry.get("reference") or ()),
        "error": bool(entry.get("error")),
    }


def archive_rows(info: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the first and the last segment of WAL of each database history of the answer to ``info``."""
    return [
        {"id": entry["id"], "first": entry.get("min") or "", "last": entry.get("max") or ""}
        for entry in info.get("archive", [])
    ]


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _message(info: Mapping[str, Any]) -> str:
    """Return the first line of what is wrong with the first repository, or of the stanza as a whole."""
    status = next((entry["status"] for entry in info.get("repo", []) if entry["status"]["code"] != OK), info["status"])
    return str(status["message"]).splitlines()[0]


def judge(repository: Repository, *, now: float, max_age_hours: float) -> Verdict:
    """Return whether the estate could be restored, and to a recent state."""
    newest = repository.newest
    return Verdict.of(
        _objections(repository, newest, now, max_age_hours),
        label=newest.label if newest else "",
        age_hours=round((now - newest.finished_at) / HOUR, 1) if newest else None,
        backups=len(repository.backups),
        newest_segment=repository.newest_segment,
    )


def _objections(repository: Repository, newest: Backup | None, now: float, max_age_hours: float) -> Iterator[str]:
    what = f"stanza {repository.stanza}"
    if repository.code != OK:
        yield f"{what}: expected status ok, found {repository.message}"
    if not repository.readable:
        return
    if not repository.has_full:
        yield f"{what}: expected a full backup, found none"
    elif newest and now - newest.finished_at > max_age_hours * HOUR:
        age = (now - newest.finished_at) / HOUR
        yield f"{what}: expected a backup of the last {max_age_hours:g} h, found {newest.label}, {age:.1f} h old"
    if repository.exists and not repository.newest_segment:
        yield f"{what}: expected WAL in the archive, found none"
    for entry in repository.backups:
        if entry.error:
            yield f"{what}: expected a sound backup, found pages with wrong checksums in {entry.label}"
