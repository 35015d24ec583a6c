# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.erpops.estate.plugins.plugin_utils.role_variables import fit, read_roles


def test_roles_are_read_from_defaults_and_specifications(tmp_path: Path) -> None:
    for name, text in {
        "one/defaults/main.yml": "---\none_port: 1\none_text: '{{ one_port }}'\n",
        "one/meta/argument_specs.yml": "---\nargument_specs:\n  main:\n    options:\n      one_port: {type: int}\n",
        "two/defaults/main.yml": "---\n",
        "two/meta/argument_specs.yml": (
            "---\nargument_specs:\n  main:\n    options:\n      two_a: {type: str}\n"
            "  other:\n    options:\n      two_b: {type: str}\n"
        ),
        "three/tasks/main.yml": "---\n[]\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    known = read_roles(DataLoader(), tmp_path)
    assert known.owner == {"one_port": "one", "one_text": "one", "two_a": "two", "two_b": "two"}
    assert known.defaults["one_port"] == 1
    assert known.specs["one_port"] == {"type": "int"}


@pytest.mark.parametrize(
    ("value", "spec", "fitted", "errors"),
    [
        ("2", {"type": "int"}, 2, 0),
        ("yes", {"type": "bool", "default": False}, True, 0),
        ("two", {"type": "int"}, "two", 1),
        ("qa", {"type": "str", "choices": ["production"]}, "qa", 1),
        ([{"a": "1"}], {"type": "list", "elements": "dict", "options": {"a": {"type": "int"}}}, [{"a": 1}], 0),
        ([{"a": "x"}], {"type": "list", "elements": "dict", "options": {"a": {"type": "int"}}}, [{"a": "x"}], 1),
        ({"b": 1}, {"type": "dict", "options": {"a": {"type": "int"}}}, {"b": 1, "a": None}, 0),
    ],
)
def test_a_value_is_read_as_its_specification_says(
    value: object, spec: dict[str, object], fitted: object, errors: int
) -> None:
    found, messages = fit("x", value, spec)
    assert len(messages) == errors
    assert found == fitted


def test_a_secret_that_does_not_fit_is_not_shown() -> None:
    _value, messages = fit("x", "hunter2", {"type": "dict", "no_log": True})
    assert messages == ["the value is not of the kind that is expected"]
