# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a copy may be made, what of the files it needs, and when a database may go."""

from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.odoo_copy import (
    Origin,
    copy_objections,
    drop_objections,
    missing,
    to_copy,
    unfinished,
)

NORTH = Origin("database north", "north-attachments")
BUCKETS = ["north-attachments", "trial-attachments"]


@pytest.mark.parametrize(
    ("database", "bucket", "begun", "objects", "said"),
    [
        ("trial", "trial-attachments", False, 0, []),
        ("trial", "trial-attachments", True, 7, []),
        ("trial", "trial-attachments", False, 7, ["bucket trial-attachments of trial: expected it to be empty"]),
        ("trial", "north-attachments", False, 7, ["bucket north-attachments of trial: expected one of its own"]),
        ("trial", "north-attachments", True, 7, ["bucket north-attachments of trial: expected one of its own"]),
        ("trial", "missing", False, 0, ["bucket missing: expected it at the endpoint"]),
        ("t" * 54, "trial-attachments", False, 0, []),
        ("t" * 55, "trial-attachments", False, 0, [f"database {'t' * 55}: expected a name of at most 54 characters"]),
    ],
)
def test_a_copy_has_a_bucket_of_its_own(database: str, bucket: str, begun: bool, objects: int, said: list[str]) -> None:
    found = copy_objections(NORTH, database, bucket, buckets=BUCKETS, begun=begun, objects=objects)
    assert [text.partition(", found")[0] for text in found] == said


def test_the_name_of_an_unfinished_copy_is_not_cut_off() -> None:
    assert len(unfinished("t" * 54)) == 63


def test_objects_are_copied_that_are_missing_or_were_cut_off() -> None:
    source = {"a": 10, "b": 20, "c": 30}
    assert to_copy(source, {"a": 10, "b": 19}) == ["b", "c"]
    assert to_copy(source, source) == []


def test_an_attachment_without_its_object_is_missing() -> None:
    stored = ["attachments://a.bin", "attachments://below/b.bin"]
    assert missing(stored, {"a.bin": 1}) == ["attachments://below/b.bin"]


@pytest.mark.parametrize(
    ("confirmed", "connections", "said"),
    [
        (["trial"], {"trial": []}, []),
        ([], {}, ["absent: expected confirm to name exactly trial, found nothing"]),
        (["trial", "north"], {}, ["absent: expected confirm to name exactly trial, found north, trial"]),
        (
            ["trial"],
            {"trial": ["trial/web/node1/7", "trial/web/node1/7", "psql"]},
            ["database trial: expected nobody to be connected, found psql, trial/web/node1/7; stop its containers"],
        ),
    ],
)
def test_a_database_goes_only_when_it_is_named_and_nobody_is_there(
    confirmed: list[str], connections: dict[str, list[str]], said: list[str]
) -> None:
    assert drop_objections(["trial"], confirmed, connections) == said
