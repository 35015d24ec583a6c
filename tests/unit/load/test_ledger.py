"""The ledger: on disk before it counts, and what is unsettled is unknown."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.load.ledger import CONFIRM, ORDER, History, Ledger, Unreadable, Write, history, read
from tests.load.outcome import Fate

SENT = Write(ORDER, "L1-000001", quantity=5.0, lines=2)


def written(path: Path, *settled: Write) -> History:
    ledger = Ledger(path, "L1", "north")
    for write in settled:
        ledger.sent(write)
        ledger.settled(write)
    ledger.close()
    return read(path)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    told = replace(SENT, fate=Fate.ACKNOWLEDGED, order=17, why="")
    refused = replace(SENT, reference="L1-000002", fate=Fate.REFUSED, why="status 422: no")
    confirmed = Write(CONFIRM, "L1-000001", Fate.UNKNOWN, 17, 5.0, 2, "ConnectionResetError")
    found = written(tmp_path / "new" / "l.jsonl", told, refused, confirmed)
    assert found == History("L1", "north", (told, refused, confirmed))
    assert found.of(ORDER, Fate.REFUSED) == [refused]


def test_a_write_that_was_sent_and_never_settled_is_unknown(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.jsonl", "L1", "north")
    ledger.sent(SENT)
    (found,) = read(tmp_path / "l.jsonl").writes  # the ledger is still open: its lines are there already
    assert (found.fate, found.why) == (Fate.UNKNOWN, "the load ended before it heard")
    ledger.close()


def test_every_line_is_synced_before_the_call_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "l.jsonl"
    synced: list[int] = []
    real = os.fsync

    def watched(descriptor: int) -> None:
        real(descriptor)
        synced.append(path.stat().st_size)

    monkeypatch.setattr(os, "fsync", watched)
    ledger = Ledger(path, "L1", "north")
    for act in (ledger.sent, ledger.settled):
        act(SENT)
        assert synced[-1] == path.stat().st_size
    assert len(set(synced)) == 3
    ledger.close()


def test_nobody_writes_into_the_ledger_of_another_run(tmp_path: Path) -> None:
    Ledger(tmp_path / "l.jsonl", "L1", "north").close()
    with pytest.raises(FileExistsError):
        Ledger(tmp_path / "l.jsonl", "L1", "north")


def line(**entry: object) -> str:
    return json.dumps(entry) + "\n"


HEAD = line(event="run", run="L1", instance="north")
ONE = line(event="sent", act="order", reference="L1-1", quantity=1.0, lines=1)
TOLD = line(event="acknowledged", act="order", reference="L1-1", order=9)


def test_a_line_without_its_end_was_never_synced() -> None:
    assert history([HEAD, ONE, TOLD.rstrip("\n")]).writes[0].fate is Fate.UNKNOWN
    assert history([HEAD, ONE, TOLD]).writes[0].fate is Fate.ACKNOWLEDGED


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "begin with the line of its run"),
        ([ONE], "begin with the line of its run"),
        ([HEAD, ONE, ONE], "order L1-1: sent twice"),
        ([HEAD, TOLD], "order L1-1: acknowledged, and it was not sent"),
        ([HEAD, ONE, TOLD, TOLD], "or is settled already"),
    ],
)
def test_a_ledger_that_contradicts_itself_is_refused(lines: list[str], said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        history(lines)
