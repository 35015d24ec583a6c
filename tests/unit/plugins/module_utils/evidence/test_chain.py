# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.erpops.estate.plugins.module_utils.evidence.chain import (
    Anchor,
    beginning,
    first_difference,
    walk,
)
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import GENESIS, compose, digest
from ansible_collections.erpops.estate.plugins.module_utils.evidence.tampering import Kind, Wrong
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.unit.plugins.module_utils.evidence.ledgers import RUN, end_of, ledger, stored

lengths = st.integers(min_value=1, max_value=9)
notes = st.text(max_size=12)


def judged(lines: list[bytes], *, genuine: list[bytes] | None = None) -> tuple[int, Kind]:
    """Return the first wrong entry; ``genuine`` is what the bucket has."""
    wrong = walk(stored(lines), end_of(genuine) if genuine else None).wrong
    assert wrong is not None
    assert str(wrong.entry) in wrong.sentence
    return wrong.entry, wrong.kind


@given(lengths, notes)
def test_a_ledger_as_it_was_written_is_right(length: int, note: str) -> None:
    lines = ledger(length, note=note)
    found = walk(stored(lines), end_of(lines))
    assert found.wrong is None
    assert (found.first, found.last, found.digest) == (1, length, digest(lines[-1]))


@settings(max_examples=400)
@given(lengths, notes, st.data())
def test_any_altered_byte_is_found_where_it_is(length: int, note: str, data: st.DataObject) -> None:
    lines = ledger(length, note=note)
    at = data.draw(st.integers(0, length - 1), "line")
    byte = data.draw(st.integers(0, len(lines[at]) - 1), "byte")
    value = data.draw(st.integers(0, 255), "value")
    assume(lines[at][byte] != value)
    changed = [*lines]
    changed[at] = lines[at][:byte] + bytes([value]) + lines[at][byte + 1 :]
    entry, kind = judged(changed, genuine=lines)
    assert entry == at + 1
    assert kind in (Kind.ALTERED, Kind.TORN)


@given(lengths, notes, st.data())
def test_any_removed_entry_is_named(length: int, note: str, data: st.DataObject) -> None:
    lines = ledger(length, note=note)
    at = data.draw(st.integers(0, length - 1), "line")
    many = data.draw(st.integers(1, length - at), "how many")
    kept = lines[:at] + lines[at + many :]
    assert judged(kept, genuine=lines) == (at + 1, Kind.REMOVED if at + many < length else Kind.TRUNCATED)


@given(lengths, notes, st.data())
def test_any_inserted_entry_is_named(length: int, note: str, data: st.DataObject) -> None:
    lines = ledger(length, note=note)
    at = data.draw(st.integers(0, length), "before")
    forged = {"event": "approved", "run": RUN.format(99), "note": "never happened"}
    before = lines[at - 1] if at else b""
    alien = data.draw(
        st.one_of(
            st.sampled_from(lines),
            st.just(compose(before, forged)),
            st.binary(max_size=40).map(lambda junk: junk.replace(b"\n", b"") + b"\n"),
        ),
        "inserted",
    )
    changed = [*lines[:at], alien, *lines[at:]]
    assume(changed[: length + 1] != lines)
    if at == length and alien == compose(before, forged):
        # It follows, and nobody knows of more: the chain alone cannot tell it from an entry.
        assert walk(changed, end_of(lines)).wrong is None
        return
    # A copy of an entry beside it is the same wherever it is said to be.
    first = next(index for index, (line, was) in enumerate(zip(changed, [*lines, b""], strict=True)) if line != was)
    assert judged(changed, genuine=lines) == (first + 1, Kind.INSERTED)


@given(st.integers(2, 9), notes, st.data())
def test_any_other_order_is_named_where_it_begins(length: int, note: str, data: st.DataObject) -> None:
    lines = ledger(length, note=note)
    order = data.draw(st.permutations(range(length)), "order")
    assume(order != sorted(order))
    first = next(index for index, was in enumerate(order) if index != was)
    assert judged([lines[index] for index in order], genuine=lines) == (first + 1, Kind.REORDERED)


def test_without_an_anchor_the_end_is_less_sure() -> None:
    """What the last entry was is known to nobody; of the one before it, its digest is."""
    lines = ledger(6)
    assert walk([*lines[:-1], lines[-1].replace(b"closed", b"opened")]).wrong is None
    assert walk([*lines[:-2], lines[-2].replace(b"opened", b"closed"), lines[-1]]).wrong == Wrong(
        5,
        Kind.ALTERED,
        "entry 5 was altered: entry 6 holds another digest of it; or entry 6, the last, was, which nothing here tells",
    )


def test_a_history_that_was_written_anew_is_found_between_two_anchors() -> None:
    lines = ledger(9)
    forged = lines[:5]
    for line in ledger(9, note="forged ")[5:]:
        entry = {"event": "closed", "run": RUN.format(99), "note": line[-12:-3].decode()}
        forged.append(compose(forged[-1], entry))
    assert walk(forged).wrong is None
    anchors = {n: Anchor(digest(lines[n - 1]), f"the checkpoint at {n}") for n in (3, 8)}
    wrong = walk(forged, anchors).wrong
    assert wrong is not None
    assert (wrong.entry, wrong.kind) == (8, Kind.ALTERED)
    assert "or together with those before it, from entry 4 on at the earliest" in wrong.sentence
    assert first_difference(forged, lines) == 6
    assert first_difference(lines, lines) is None


def test_a_chain_may_be_followed_in_parts() -> None:
    lines = ledger(7)
    whole = walk(lines)
    parts = walk(lines[:3])
    assert parts.opened == {RUN.format(1).encode()}
    assert parts.followed_by(walk(lines[3:], first=4, previous=digest(lines[2])))
    assert parts == whole
    assert whole.opened == {RUN.format(3).encode()}
    assert not parts.followed_by(walk(lines[3:], first=4, previous=digest(lines[2])))


def test_an_interrupted_run_is_not_open_any_more() -> None:
    lines = ledger(1)
    lines.append(compose(lines[-1], {"event": "interrupted", "run": RUN.format(0)}))
    assert walk(lines).opened == set()


def test_a_torn_line_is_said_to_be_one() -> None:
    lines = ledger(3)
    cut = walk([*lines[:2], lines[2][:100]]).wrong
    assert cut is not None
    assert (cut.entry, cut.kind) == (3, Kind.TORN)
    assert "100 bytes of it are there" in cut.sentence
    end = walk([*lines[:2], lines[2][:-1]]).wrong
    assert end is not None
    assert "only the end of its line is missing" in end.sentence


def test_nothing_is_a_ledger_too() -> None:
    assert (walk([]).last, walk([]).digest) == (0, GENESIS)
    wrong = walk([], end_of(ledger(2))).wrong
    assert wrong is not None
    assert wrong.sentence == "entries 1 to 2 are missing at the end: the bucket knows entry 2"
    head, everything = beginning(iter([b"a", b"b"]))
    assert (head, list(everything)) == (b"a", [b"a", b"b"])
