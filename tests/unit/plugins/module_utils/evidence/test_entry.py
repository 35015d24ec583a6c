# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import (
    GENESIS,
    LONGEST,
    SPOOLED_ROOM,
    Entry,
    compose,
    digest,
    parse,
)
from hypothesis import given
from hypothesis import strategies as st

RUN = "7b0c9a52-52a4-4d0e-9d6b-0f2f5f0e0001"
FIELDS = {"event": "opened", "run": RUN, "estate": "lab"}


def test_an_entry_holds_the_digest_of_the_stored_line_before() -> None:
    first = compose(b"", FIELDS)
    second = compose(first, {**FIELDS, "event": "closed", "at": "2026-11-23T08:00:00Z"})
    assert first == f'{{"previous":"{GENESIS}","event":"opened","run":"{RUN}","n":1,"estate":"lab"}}\n'.encode()
    assert parse(second) == Entry(
        2, digest(first), {"event": "closed", "run": RUN, "estate": "lab", "at": "2026-11-23T08:00:00Z"}
    )
    assert (parse(second).event, parse(second).run) == ("closed", RUN)


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.one_of(st.text(max_size=5), st.integers(), st.booleans())))
def test_whatever_is_written_is_one_line_that_is_read_again(more: dict[str, Any]) -> None:
    fields = {**{name: value for name, value in more.items() if name not in ("n", "previous")}, **FIELDS}
    line = compose(b"", fields, longest=1_000_000)
    assert line.count(b"\n") == 1
    assert parse(line).fields == fields


def test_what_is_longer_than_a_kibibyte_is_refused() -> None:
    room = LONGEST - len(compose(b"", {**FIELDS, "note": ""}))
    assert len(compose(b"", {**FIELDS, "note": "x" * room})) == LONGEST
    with pytest.raises(ValueError, match="entry 1: expected at most 1024 bytes, found 1025; keep what is long in the"):
        compose(b"", {**FIELDS, "note": "x" * (room + 1)})


def test_a_spool_leaves_room_for_what_is_added_later() -> None:
    room = LONGEST - SPOOLED_ROOM - len(compose(b"", {**FIELDS, "note": ""}))
    fields = {**FIELDS, "note": "x" * room}
    waiting = compose(b"", fields, longest=LONGEST - SPOOLED_ROOM)
    assert len(compose(b"", {**fields, "spooled": digest(waiting)})) == LONGEST


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"event": "Opened!", "run": RUN}, "found event 'Opened!'"),
        ({"event": "opened"}, "found event 'opened' and run None"),
        ({"event": "opened", "run": "7"}, "the UUID of a run, found event 'opened' and run '7'"),
        ({**FIELDS, "n": 7}, "expected none of its own fields to be given, found n"),
    ],
)
def test_what_cannot_be_an_entry_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compose(b"", fields)


@pytest.mark.parametrize(
    "line", [b"", b"{}\n", b"junk\n", compose(b"", FIELDS)[:-1], compose(b"", FIELDS)[:90] + b"\n"]
)
def test_what_is_no_entry_is_said_to_be_none(line: bytes) -> None:
    with pytest.raises(ValueError, match="expected an entry of a ledger"):
        parse(line)
