# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of an instance's database, and what counts as a difference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.odoo_instance import (
    ADMIN_MARK,
    STORAGE_COLUMNS,
    Found,
    differences,
    request,
    undeclared,
)


def wanted(**changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "url": "https://north.example.com",
        "bucket": "north-attachments",
        "modules": ["stock"],
        "languages": ["en_US"],
        "parameters": {},
    }
    return request(**{**arguments, **changes})


WANTED = wanted()
COMPLETE = Found(
    modules={"erpops_attachment": "installed", "queue_job": "installed", "stock": "installed"},
    parameters={**WANTED["parameters"], ADMIN_MARK: "given"},
    languages=["en_US"],
    storage={column: WANTED["storage"][column] for column in STORAGE_COLUMNS},
)


def test_nothing_differs_in_a_complete_database() -> None:
    assert differences(WANTED, COMPLETE) == []
    assert undeclared(WANTED, COMPLETE) == []


def test_of_the_estates_own_parameters_those_are_named_that_nobody_declared() -> None:
    more = {"ir_attachment.storage": "file", "report.layout": "x", "sale.automatic_invoice": "True"}
    found = replace(COMPLETE, parameters={**COMPLETE.parameters, **more})
    assert undeclared(WANTED, found) == ["ir_attachment.storage", "report.layout"]
    assert undeclared(wanted(parameters={"report.layout": "x"}), found) == ["ir_attachment.storage"]
    assert differences(WANTED, found) == [], "a run leaves them as they are"


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (Found(), "make the database, with erpops_attachment, queue_job, stock"),
        (replace(COMPLETE, modules={**COMPLETE.modules, "stock": "to install"}), "install stock (is to install)"),
        (replace(COMPLETE, modules={**COMPLETE.modules, "sale": "to upgrade"}), "finish sale (is to upgrade)"),
        (replace(COMPLETE, languages=[]), "activate the language en_US"),
        (replace(COMPLETE, strays=True), "move attachments that are neither in the bucket nor meant for the database"),
        (
            replace(COMPLETE, parameters=WANTED["parameters"]),
            "give the administrator login and password",
        ),
        (
            replace(COMPLETE, parameters={**COMPLETE.parameters, "web.base.url": "http://localhost"}),
            "set web.base.url to https://north.example.com (is http://localhost)",
        ),
        (
            replace(COMPLETE, storage={**COMPLETE.storage, "directory_path": "elsewhere"}),
            "set directory_path of the storage of attachments (is elsewhere)",
        ),
    ],
)
def test_each_difference_is_one_sentence(found: Found, sentence: str) -> None:
    assert differences(WANTED, found) == [sentence]


def test_what_the_estate_stands_on_is_asked_for_once() -> None:
    assert wanted(modules=["queue_job", "stock"])["modules"] == ["erpops_attachment", "queue_job", "stock"]


def test_parameters_of_the_estate_are_not_given_twice() -> None:
    with pytest.raises(ValueError, match=r"web\.base\.url follow from the estate"):
        wanted(parameters={"web.base.url": "http://other"})
