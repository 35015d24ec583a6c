# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients import calendar_cache
from ansible_collections.erpops.estate.plugins.module_utils.clients.calendar_cache import asked, read_all

from tests.unit.plugins.module_utils.calendars import YEAR, calendar, event

NIGHT = calendar(event("DTSTART:20260310T220000Z", "DURATION:PT4H", "RRULE:FREQ=WEEKLY"))
FLOATING = calendar(event("DTSTART:20260310T220000", "DURATION:PT4H"))


def test_what_was_read_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = str(tmp_path / "kept")
    first = read_all({"a.ics": NIGHT, "b.ics": NIGHT}, YEAR, place)
    assert len(first[0]["a.ics"][0].spans) == 43
    monkeypatch.setattr(calendar_cache, "read", lambda *_arguments: pytest.fail("it was read again"))
    assert read_all({"a.ics": NIGHT, "b.ics": NIGHT}, YEAR, place) == first


@pytest.mark.parametrize("other", ["content", "time", "rules"])
def test_what_differs_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str) -> None:
    read_all({"a.ics": NIGHT}, YEAR, str(tmp_path / "kept"))
    if other == "rules":
        monkeypatch.setattr(calendar_cache, "_zone_rules", lambda: "# version another")
    content = NIGHT.replace(b"PT4H", b"PT5H") if other == "content" else NIGHT
    read_all({"a.ics": content}, (YEAR[0], YEAR[1] + (other == "time")), str(tmp_path / "kept"))
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_what_is_wrong_is_not_kept(tmp_path: Path) -> None:
    for _again in range(2):
        _found, faults = read_all({"a.ics": FLOATING, "b.ics": NIGHT}, YEAR, str(tmp_path / "kept"))
        assert ["DTSTART has no zone" in str(fault) for fault in faults] == [True]
    assert len(list((tmp_path / "kept").iterdir())) == 1


@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_what_others_could_have_written_is_not_believed(tmp_path: Path, mode: int) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept").chmod(mode)
    assert read_all({"a.ics": NIGHT}, YEAR, str(tmp_path / "kept"))[0]["a.ics"]
    assert not list((tmp_path / "kept").iterdir())


def test_what_is_broken_is_read_anew(tmp_path: Path) -> None:
    first = read_all({"a.ics": NIGHT}, YEAR, str(tmp_path))
    (kept,) = tmp_path.iterdir()
    for rubbish in ("", "[[1]]", "{}", kept.read_text()[:-9]):
        kept.write_text(rubbish)
        assert read_all({"a.ics": NIGHT}, YEAR, str(tmp_path)) == first


@pytest.mark.parametrize("day", [1, 15, 31])
def test_the_time_that_is_asked_for_is_the_same_all_month(day: int) -> None:
    now = datetime(2026, 12, day, 12, tzinfo=UTC)
    span = asked(now)
    assert span == asked(datetime(2026, 12, 1, tzinfo=UTC))
    assert span[0] <= (now - timedelta(days=1)).timestamp() < (now + timedelta(days=150)).timestamp() < span[1]
