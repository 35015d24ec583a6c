# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from docs import reference


def test_the_reference_is_what_the_roles_and_modules_say() -> None:
    assert reference.REFERENCE.read_text(encoding="utf-8") == reference.page(), "run: make reference"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Only V(development) counts.", "Only `development` counts."),
        ("See M(erpops.estate.service), C(a|b).", "See `erpops.estate.service`, `a\\|b`."),
        ("Names C(f(x)) and <b>", "Names `f(x)` and &lt;b>"),
        (["One.", "Two."], "One. Two."),
        ("A REST(ful) thing", "A REST(ful) thing"),
    ],
)
def test_markup_is_taken_off(text: str | list[str], expected: str) -> None:
    assert reference.plain(text) == expected
