# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.ledger_file import LedgerDirectory
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import digest, record_name
from ansible_collections.erpops.estate.plugins.module_utils.ledger import info
from ansible_collections.erpops.estate.plugins.module_utils.ledger.stored import Stored
from ansible_collections.erpops.estate.plugins.module_utils.ledger.writer import local

from tests.unit.plugins.module_utils.ledger.memory import run


@pytest.fixture
def directory(tmp_path: Path) -> LedgerDirectory:
    place = LedgerDirectory(str(tmp_path))
    ledger = local(place, "lab")
    for index, change in enumerate(("CHG-1", "CHG-10", None, "CHG-1")):
        ledger.append({"event": "opened", "run": run(str(index))})
        ledger.append({"event": "closed", "run": run(str(index)), "change": change}, f'{{"n":{index}}}'.encode())
    return place


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"last": 3}, [6, 7, 8]),
        ({"last": 0}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({"change": "CHG-1"}, [2, 8]),
        ({"change": "CHG-1", "last": 1}, [8]),
        ({"run": run("1")}, [3, 4]),
        ({"change": "CHG-2"}, []),
    ],
)
def test_entries_are_found(directory: LedgerDirectory, wanted: dict[str, str], expected: list[int]) -> None:
    found = info.entries(Stored(directory.path), **wanted)  # type: ignore[arg-type]  # a table of options
    assert [entry["n"] for entry in found] == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({"CHG-1"}, [2, 8]), ({"CHG-10"}, [4]), ({"CHG-1", "CHG-10"}, [2, 4, 8]), ({"CHG"}, []), (set(), [])],
)
def test_entries_of_changes_are_found(directory: LedgerDirectory, changes: set[str], expected: list[int]) -> None:
    assert [entry["n"] for entry in info.entries_of(Stored(directory.path), changes)] == expected


def test_an_entry_is_shown_with_its_digest(directory: LedgerDirectory) -> None:
    first, second = info.entries(Stored(directory.path))[:2]
    assert second["previous"] == first["digest"]
    assert (second["event"], second["run"], second["change"]) == ("closed", run("0"), "CHG-1")


def test_records_are_those_that_their_entries_name(directory: LedgerDirectory) -> None:
    entries = info.entries(Stored(directory.path), change="CHG-1")
    assert [found["record"] for found in info.records(directory, entries)] == [{"n": 0}, {"n": 3}]
    name = record_name(digest(b'{"n":3}'))
    directory.put(name, b"{}")
    with pytest.raises(Refused, match="run ledger_verify"):
        list(info.records(directory, entries))
    directory.remove(name)
    assert [entry["n"] for entry in info.here(directory, entries)] == [2]
    with pytest.raises(Refused, match="fetch it from the bucket"):
        list(info.records(directory, entries))
