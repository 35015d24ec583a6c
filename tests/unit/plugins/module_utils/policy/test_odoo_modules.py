# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which modules are upgraded, on the modules and dependencies of a real database cut down to a few."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.odoo_modules import (
    INSTALL,
    UPGRADE,
    Installed,
    acting,
    check_bounds,
    described,
    objections,
    plan,
    settled,
)

CODE = {"base": "b" * 64, "web": "w" * 64, "product": "p" * 64, "sale": "s" * 64, "stock": "t" * 64, "hr": "h" * 64}
FOUND = Installed(
    states={
        **dict.fromkeys(("base", "web", "product", "sale"), "installed"),
        "stock": "uninstalled",
        "studio": "installed",
    },
    recorded={name: CODE[name] for name in ("base", "web", "product", "sale")},
    needs=[("web", "base"), ("product", "web"), ("sale", "product"), ("studio", "web"), ("stock", "product")],
)


def steps(wanted: tuple[str, ...] = (), found: Installed = FOUND, **more: Any) -> dict[str, tuple[str, str]]:
    made = plan(wanted, found, CODE, **{"upgrade": True, "adopt": False, **more})
    assert [step.module for step in made] == sorted(step.module for step in made)
    return {step.module: (step.act, step.why) for step in made}


def changed(*names: str) -> Installed:
    return replace(FOUND, recorded={**FOUND.recorded, **dict.fromkeys(names, "0" * 64)})


def test_where_no_code_changed_nothing_is_done() -> None:
    assert steps() == {}
    assert steps(("sale",)) == {}


def test_what_changed_is_upgraded_and_what_depends_on_it() -> None:
    assert steps(found=changed("product")) == {
        "product": ("upgrade", "its code changed since its last upgrade, from 000000000000 to pppppppppppp"),
        "sale": ("upgrade", "it depends on product"),
    }


def test_odoo_is_asked_for_what_changed_alone() -> None:
    made = plan(("stock",), changed("product"), CODE, upgrade=True, adopt=False)
    assert acting(made, UPGRADE) == ["product"]
    assert acting(made, INSTALL) == ["stock"]


def test_a_module_without_code_in_the_image_comes_along_and_is_no_cause() -> None:
    assert "studio" not in steps(found=replace(FOUND, recorded={**FOUND.recorded, "studio": "0" * 64}))
    assert steps(found=changed("web"))["studio"] == ("upgrade", "it depends on web")


def test_what_is_not_wanted_upgraded_is_left() -> None:
    assert steps(found=changed("product"), upgrade=False) == {}


@pytest.mark.parametrize(("adopt", "act"), [(False, "upgrade"), (True, "record")])
def test_without_a_record_a_module_is_upgraded_or_adopted(adopt: bool, act: str) -> None:
    found = steps(found=replace(FOUND, recorded={}), adopt=adopt)
    assert {name: found[name][0] for name in ("base", "web", "product", "sale")} == dict.fromkeys(
        ("base", "web", "product", "sale"), act
    )


def test_one_that_is_adopted_is_upgraded_where_it_depends_on_what_changed() -> None:
    found = replace(FOUND, recorded={"base": CODE["base"], "web": CODE["web"], "product": "0" * 64})
    assert steps(found=found, adopt=True)["sale"] == ("upgrade", "it depends on product")


@pytest.mark.parametrize(
    ("wanted", "states", "said"),
    [
        ((), {}, []),
        (("nonesuch",), {}, ["module nonesuch: expected it in the image's add-ons, found none"]),
        ((), {"sale": "to upgrade"}, ["module sale: expected it to be settled, found it to upgrade"]),
    ],
)
def test_what_cannot_be_done_is_said(wanted: tuple[str, ...], states: dict[str, str], said: list[str]) -> None:
    found = objections(wanted, replace(FOUND, states={**FOUND.states, **states}), CODE)
    assert [text.partition(";")[0] for text in found] == said


def test_a_record_says_of_modules_what_they_are() -> None:
    found = Installed({"sale": "installed", "stock": "uninstalled"}, {"sale": "s" * 64})
    assert described(["stock", "sale", "unknown"], found) == {
        "sale": f"installed, code {'s' * 12}",
        "stock": "uninstalled, code not recorded",
    }


def test_code_is_recorded_of_what_was_asked_for_and_what_came_along() -> None:
    made = plan(("stock",), FOUND, CODE, upgrade=True, adopt=False)
    after = replace(FOUND, states={**FOUND.states, "stock": "installed", "barcodes": "installed"})
    assert settled(made, FOUND, after) == ["barcodes", "stock"]
    with pytest.raises(ValueError, match="module stock: expected it to be installed, found it uninstalled"):
        settled(made, FOUND, FOUND)


@pytest.mark.parametrize(("lock", "block", "ok"), [(5, 10, True), (0, 10, False), (61, 10, False), (5, 601, False)])
def test_bounds_that_let_users_wait_are_refused(lock: int, block: int, ok: bool) -> None:
    if ok:
        check_bounds(lock, block)
    else:
        with pytest.raises(ValueError, match=r"expected 1 to \d+ seconds"):
            check_bounds(lock, block)
