# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changes, and what of it anybody may see."""

from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.odoo_parameters import (
    Change,
    change,
    difference,
    objections,
    texts,
)

FOUND = {"carrier.endpoint": "https://old", "carrier.token": "sesame", "legacy": "open"}


@pytest.mark.parametrize(
    ("wanted", "absent", "work"),
    [
        ({}, [], Change({}, ())),
        ({"carrier.endpoint": "https://old"}, ["gone"], Change({}, ())),
        (
            {"carrier.endpoint": "https://new", "more": "1"},
            ["legacy"],
            Change({"carrier.endpoint": "https://new", "more": "1"}, ("legacy",)),
        ),
    ],
)
def test_only_what_differs_is_done(wanted: dict[str, str], absent: list[str], work: Change) -> None:
    found = change(wanted, absent, FOUND)
    assert found == work
    assert bool(found) == bool(work.set or work.remove)


def test_values_become_the_words_that_odoo_keeps() -> None:
    assert texts({"a": True, "b": 5, "c": "x"}) == {"a": "True", "b": "5", "c": "x"}


@pytest.mark.parametrize(
    ("key", "secret", "before", "after"),
    [
        ("carrier.endpoint", (), "https://old", "https://new"),
        ("carrier.endpoint", ("carrier.endpoint",), "hidden", "hidden, another value"),
        ("carrier.token", (), "hidden", "hidden, another value"),
        ("api_key", (), None, "hidden, new"),
        ("smtp.password", (), None, "hidden, new"),
        ("plain", (), None, "https://new"),
    ],
)
def test_a_secret_is_never_shown(key: str, secret: tuple[str, ...], before: str | None, after: str) -> None:
    work = change({key: "https://new"}, [], FOUND)
    assert difference(work, FOUND, secret) == {"before": {key: before} if before else {}, "after": {key: after}}


def test_nobody_knows_whether_what_is_removed_was_a_secret() -> None:
    work = change({}, ["legacy"], FOUND)
    assert difference(work, FOUND, ()) == {"before": {"legacy": "hidden"}, "after": {}}


@pytest.mark.parametrize("key", ["web.base.url", "report.url", "database.uuid", "erpops.estate.administrator"])
def test_what_the_estate_sees_to_is_refused(key: str) -> None:
    assert objections([key], []) == objections([], [key])
    assert key in objections([key], [])[0]


def test_a_parameter_is_either_there_or_not() -> None:
    assert objections(["a"], ["a"]) == ["system parameter a: expected either a value or its absence, found both"]
    assert objections(["a"], ["b"]) == []
