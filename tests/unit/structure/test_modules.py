# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walks the modules: documented, in the action group, tested."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY

MODULES = sorted((REPOSITORY / "plugins" / "modules").glob("[a-z]*.py"))
PURE = sorted(
    path
    for kind in ("health", "policy", "evidence")
    for path in (REPOSITORY / "plugins" / "module_utils" / kind).rglob("[a-z]*.py")
)
OURS = "ansible_collections.erpops.estate.plugins"
PURE_LAYERS = {"module_utils.health", "module_utils.policy", "module_utils.evidence"}
SPEAKING = ("module_utils.clients.", "module_utils.members.", "module_utils.service.")
VERSION = yaml.safe_load((REPOSITORY / "galaxy.yml").read_text(encoding="utf-8"))["version"]
UNIT = REPOSITORY / "tests" / "unit"

each_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)


def block(module: Path, name: str) -> str:
    """Return a documentation block as Ansible reads it: a constant of the module."""
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            targets = [target.id for target in node.targets if isinstance(target, ast.Name)]
            if name in targets:
                return str(node.value.value)
    return ""


def documentation(module: Path) -> dict[str, Any]:
    data = yaml.safe_load(block(module, "DOCUMENTATION"))
    assert isinstance(data, dict)
    return data


def described(path: str, spec: dict[str, Any]) -> None:
    assert spec.get("description"), f"{path} has no description"
    assert spec.get("type"), f"{path} has no type"
    for kind in ("suboptions", "contains"):
        for name, inner in (spec.get(kind) or {}).items():
            described(f"{path}.{name}", inner)


@each_module
def test_a_module_says_what_it_does(module: Path) -> None:
    found = documentation(module)
    assert found["module"] == module.stem
    assert found["short_description"]
    assert found["description"]
    assert str(found["version_added"]) <= VERSION, "no release so far has had it"
    assert found["author"]


@each_module
def test_a_module_says_what_one_can_count_on(module: Path) -> None:
    attributes = documentation(module)["attributes"]
    for name in ("check_mode", "diff_mode", "idempotent"):
        assert attributes.get(name, {}).get("support") in ("full", "partial", "none", "N/A"), f"{name} is not said"
        if attributes[name]["support"] == "partial":
            assert attributes[name].get("details"), f"{name} is partial: say how far it goes"


@each_module
def test_every_option_is_described(module: Path) -> None:
    for name, spec in (documentation(module).get("options") or {}).items():
        described(name, spec)


@each_module
def test_examples_can_be_copied(module: Path) -> None:
    tasks = yaml.safe_load(block(module, "EXAMPLES"))
    assert tasks
    flat = [inner for task in tasks for inner in (task.get("tasks") or [task])]
    assert any(f"erpops.estate.{module.stem}" in task for task in flat)
    assert all(task.get("name") for task in flat)


@each_module
def test_every_result_is_described(module: Path) -> None:
    returned = yaml.safe_load(block(module, "RETURN"))
    assert returned
    for name, spec in returned.items():
        described(name, spec)
        assert spec.get("returned"), f"{name}: say when it is returned"


@each_module
def test_a_failure_has_a_kind(module: Path) -> None:
    """Whoever has to tell failures apart reads ``error``, not a sentence."""
    failures = [
        node
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fail_json"
    ]
    for failure in failures:
        given = {keyword.arg for keyword in failure.keywords}
        spread = [ast.unparse(keyword.value) for keyword in failure.keywords if keyword.arg is None]
        typed = "error" in given or any(value.endswith(".as_result()") for value in spread)
        assert typed, f"line {failure.lineno}: give error=, or **error.as_result() of a ClientError"
    if failures:
        assert "error" in yaml.safe_load(block(module, "RETURN")), "say which kinds of failure there are"


RUNTIME = yaml.safe_load((REPOSITORY / "meta" / "runtime.yml").read_text(encoding="utf-8"))
# Each with the fragment whose options its modules share.
FRAGMENTS = {
    "etcd": "etcd",
    "lease": "leases",
    "odoo": "odoo",
    "patroni": "patroni",
    "pgbackrest": "pgbackrest",
    "redis": "redis_cluster",
}


def members(group: str) -> list[str]:
    """Return the modules of an action group, those of the groups that it extends first."""
    entries = RUNTIME["action_groups"][group]
    extended = [name for entry in entries if isinstance(entry, dict) for name in entry["metadata"]["extend_group"]]
    inner = [module for name in extended for module in members(name.removeprefix("erpops.estate."))]
    return [*inner, *(entry for entry in entries if isinstance(entry, str))]


def test_the_action_group_of_the_estate_is_complete() -> None:
    assert set(RUNTIME["action_groups"]) == {"estate", *FRAGMENTS}
    assert sorted(set(members("estate"))) == [module.stem for module in MODULES]


@pytest.mark.parametrize("group", FRAGMENTS)
def test_the_modules_of_a_group_take_the_same_options(group: str) -> None:
    """What module_defaults gives a group, each of its modules has to take; and who could take it is in the group."""
    fragment = f"erpops.estate.{FRAGMENTS[group]}"
    extending = [
        module.stem for module in MODULES if fragment in documentation(module).get("extends_documentation_fragment", [])
    ]
    assert members(group) == extending


def test_every_action_has_its_documentation() -> None:
    actions = {path.stem for path in (REPOSITORY / "plugins" / "action").glob("[a-z]*.py")}
    assert actions <= {module.stem for module in MODULES}


def imported(path: Path) -> set[str]:
    """Return the files of the collection's own that a file imports, as dotted names below plugins."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(OURS):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            found.update(name.removeprefix(f"{OURS}.") for name in names)
    return {name for name in found if source(name).is_file()}


def source(name: str) -> Path:
    return REPOSITORY / "plugins" / Path(*name.split(".")).with_suffix(".py")


def reached(names: set[str]) -> set[str]:
    """Return these files and all that they import in turn within the pure code."""
    known: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        known.add(name)
        waiting |= {inner for inner in imported(source(name)) if ".".join(name.split(".")[:2]) in PURE_LAYERS} - known
    return known


TESTED = {name for test in UNIT.rglob("test_*.py") for name in imported(test)}
TESTED_PURE = reached(TESTED)


@each_module
def test_a_module_has_unit_tests(module: Path) -> None:
    """A module is its documentation and one call; what it calls has to be tested, if not the module itself.

    What speaks to daemons (clients, members, the service engine) is proven on the running estate, not against
    imitations.
    """
    action = REPOSITORY / "plugins" / "action" / module.name
    called = imported(action if action.is_file() else module)
    decided = {name for name in called if not name.startswith(SPEAKING)}
    itself = {f"modules.{module.stem}", f"action.{module.stem}"} & TESTED
    assert itself or (called and decided <= TESTED_PURE), f"not tested: {sorted(decided - TESTED_PURE)}"


@pytest.mark.parametrize("path", PURE, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_what_is_pure_has_unit_tests(path: Path) -> None:
    name = ".".join(path.relative_to(REPOSITORY / "plugins").with_suffix("").parts)
    assert name in TESTED_PURE, f"no unit test imports {name}"
