# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.canonical import canonical, digest
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Plan, Step
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import Part, Target
from hypothesis import given
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, "x"]}, '{"a":[true,null,"x"],"b":1}'),
        ('\u20ac$\u000f\nA\'B"\\"/', '"\u20ac$\\u000f\\nA\'B\\"\\\\\\"/"'),
        ("\u007f\u2028", '"\u007f\u2028"'),
        (("a", "b"), '["a","b"]'),
        # The order of RFC 8785, which sorts by UTF-16 code units.
        (
            dict.fromkeys(["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"], 0),
            '{"\\r":0,"1":0,"\u0080":0,"\u00f6":0,"\u20ac":0,"\U0001f600":0,"\ufb33":0}',
        ),
        (2**53 - 1, "9007199254740991"),
    ],
)
def test_one_text_for_one_value(value: Any, text: str) -> None:
    assert canonical(value) == text.encode()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"a": [1.5]}, "$.a[0]: expected what JSON knows, without fractions, found float"),
        (float("nan"), "found float"),
        (2**53, "$: expected a whole number up to 9007199254740991"),
        ({1: 2}, "expected keys that are texts, found 1"),
        (b"x", "found bytes"),
        ({"at": datetime(2026, 1, 1)}, "$.at: expected what JSON knows, without fractions, found datetime"),
        ("\ud800", "half of a character"),
        ({"\ud800": 1}, "half of a character"),
        ({1, 2}, "found set"),
    ],
)
def test_what_has_no_one_text(value: Any, said: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - what it says is looked at below
        canonical(value)
    assert said in str(caught.value)


@given(JSON, JSON)
def test_other_values_have_other_texts(one: Any, other: Any) -> None:
    assert json.loads(canonical(one)) == one
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (digest(one) == digest(other)) is same


PLAN = Plan(
    change="CHG-1",
    playbook="rolling_restart",
    estate="lab",
    target=Target("production", "patch", (Part("lakeland", "main", "north", "application"),)),
    commit="c" * 40,
    steps=(Step("drain", ("node1",), ("lakeland",), "so that nobody is cut off", 60), Step("restart", seconds=120)),
    rollback="restart with the image before",
    before={"odoo": "sha256:1"},
    after={"odoo": "sha256:2"},
    no_return="restart",
    outage_seconds=5,
    rollback_seconds=300,
)


def test_the_same_plan_has_the_same_digest() -> None:
    again = replace(PLAN, after=dict(PLAN.after))
    assert again is not PLAN
    assert PLAN.digest == again.digest == digest(json.loads(canonical(PLAN.as_dict())))


@pytest.mark.parametrize(
    "other",
    [
        {"change": "CHG-2"},
        {"playbook": "site"},
        {"estate": "other"},
        {"target": replace(PLAN.target, environment="staging")},
        {"target": replace(PLAN.target, parts=(*PLAN.target.parts, Part("harbor")))},
        {"commit": "d" * 40},
        {"steps": PLAN.steps[::-1]},
        {"steps": PLAN.steps[:1]},
        {"steps": (replace(PLAN.steps[0], hosts=("node2",)), PLAN.steps[1])},
        {"steps": (replace(PLAN.steps[0], seconds=61), PLAN.steps[1])},
        {"rollback": "none"},
        {"given": {"restart_turn": "node3"}},
        {"before": {}},
        {"after": {"odoo": "sha256:3"}},
        {"no_return": ""},
        {"outage_seconds": 6},
        {"rollback_seconds": 301},
    ],
    ids=str,
)
def test_other_inputs_have_another_digest(other: dict[str, Any]) -> None:
    assert replace(PLAN, **other).digest != PLAN.digest


def test_what_remains() -> None:
    assert [PLAN.remaining_seconds(done) for done in ((), ("drain",), ("drain", "restart"))] == [180, 120, 0]
