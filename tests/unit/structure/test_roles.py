# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walks the roles: all from one drawing, and what they say about themselves is true."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.erpops.estate.plugins.module_utils.evidence.redaction import is_secret

from tests.conftest import REPOSITORY

ROLES = sorted(path for path in (REPOSITORY / "roles").iterdir() if (path / "meta").is_dir())
# Shared by all others: it has no service of its own.
ESTATE = "estate"
PHASES = ["preflight", "install", "configure", "run", "verify"]

each_role = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None


def options(role: Path) -> dict[str, dict[str, Any]]:
    entry_points = (load(role / "meta" / "argument_specs.yml") or {}).get("argument_specs", {})
    return entry_points.get("main", {}).get("options") or {}


def defaults(role: Path) -> dict[str, Any]:
    return load(role / "defaults" / "main.yml") or {}


@each_role
def test_a_role_has_the_parts_of_the_drawing(role: Path) -> None:
    for part in ("defaults/main.yml", "meta/argument_specs.yml", "meta/main.yml", "tasks/main.yml"):
        assert (role / part).is_file(), f"{role.name} lacks {part}"


@each_role
def test_defaults_are_what_the_specification_says(role: Path) -> None:
    specified = {name: spec["default"] for name, spec in options(role).items() if "default" in spec}
    assert defaults(role) == specified


@each_role
def test_every_option_without_default_is_optional_or_required(role: Path) -> None:
    for name, spec in options(role).items():
        assert "default" in spec or "required" in spec, f"{name}: say whether it is required, or give the default"
        assert not ("default" in spec and spec.get("required")), f"{name}: what has a default is not required"


@each_role
def test_every_option_is_described(role: Path) -> None:
    def walk(path: str, spec: dict[str, Any]) -> None:
        assert spec.get("description"), f"{path} has no description"
        assert spec.get("type"), f"{path} has no type"
        for name, inner in (spec.get("options") or {}).items():
            walk(f"{path}.{name}", inner)

    for name, spec in options(role).items():
        walk(name, spec)


@each_role
def test_every_default_is_explained(role: Path) -> None:
    lines = (role / "defaults" / "main.yml").read_text(encoding="utf-8").splitlines()
    for name in defaults(role):
        position = next(number for number, line in enumerate(lines) if line.startswith(f"{name}:"))
        # A comment stands before each variable, or before the group of variables it belongs to.
        above = position - 1
        while above > 0 and lines[above] and not lines[above].startswith("#"):
            above -= 1
        assert lines[above].startswith("#"), f"{name} has no comment"


@each_role
def test_public_names_carry_the_name_of_the_role(role: Path) -> None:
    for name in (*defaults(role), *options(role)):
        assert name.startswith(f"{role.name}_"), f"{name} does not begin with {role.name}_"


@each_role
def test_private_names_begin_with_two_underscores(role: Path) -> None:
    for path in (role / "vars").glob("*.yml"):
        for name in load(path) or {}:
            assert name.startswith(f"__{role.name}_"), f"{path.name}: {name} does not begin with __{role.name}_"


@each_role
def test_secrets_are_marked(role: Path) -> None:
    for name, spec in options(role).items():
        if name.endswith(("_password", "_passphrase", "_secret_key", "_secrets")):
            assert spec.get("no_log") is True, f"{name} needs no_log: true"


@each_role
def test_what_is_taken_out_of_records_is_a_secret(role: Path) -> None:
    """By its name; the value of one that is none, as the estate's name, would be missing from every record."""
    for name, spec in options(role).items():
        # S3's is a login and may be shown; that of other stores is their secret.
        if not name.endswith("_access_key"):
            assert is_secret(name) == bool(spec.get("no_log")), f"{name}: {spec.get('no_log')}"


@each_role
def test_the_tasks_are_a_table_of_contents(role: Path) -> None:
    path = role / "tasks" / "main.yml"
    phases = []
    for task in load(path) or []:
        static, dynamic = task.get("ansible.builtin.import_tasks"), task.get("ansible.builtin.include_tasks")
        assert static or dynamic, f"{path}: {task.get('name')} belongs into the file of a phase"
        tags = set(task.get("tags", []))
        assert role.name in tags, f"{path}: {task.get('name')} lacks the tag {role.name}"
        named = [phase for phase in PHASES if f"{role.name}_{phase}" in tags]
        assert len(named) == 1, f"{path}: {task.get('name')} lacks the tag of its phase"
        phases.append(PHASES.index(named[0]))
        if isinstance(dynamic, dict):
            assert set(dynamic["apply"]["tags"]) == tags, f"{path}: the tasks inside {task.get('name')} lack its tags"
    # Another order is explained.
    assert phases == sorted(phases) or re.search(r"^# \w", path.read_text(encoding="utf-8"), re.MULTILINE)


@each_role
def test_a_role_checks_first_and_can_be_asked_at_any_time(role: Path) -> None:
    tasks = load(role / "tasks" / "main.yml") or []
    files = [task.get("ansible.builtin.import_tasks") for task in tasks]
    if role.name == ESTATE:
        assert not tasks
        return
    assert files[0] == "preflight.yml"
    assert files[-1] == "verify.yml"
    # An ordinary run has seen each service healthy when it converged it; asking again costs every run a call.
    assert {"never", "verify"} <= set(tasks[-1]["tags"])


@each_role
def test_every_role_stands_on_the_shared_one(role: Path) -> None:
    dependencies = (load(role / "meta" / "main.yml") or {}).get("dependencies") or []
    names = [entry.get("role") if isinstance(entry, dict) else entry for entry in dependencies]
    assert ("erpops.estate.estate" in names) == (role.name != ESTATE)


@each_role
def test_a_role_is_run_by_the_site_playbook(role: Path) -> None:
    # What is installed on no host of the estate has a playbook of its own.
    playbooks = {"ledger": "ledger_setup.yml"}
    text = (REPOSITORY / "playbooks" / playbooks.get(role.name, "site.yml")).read_text(encoding="utf-8")
    assert f"erpops.estate.{role.name}" in text


@pytest.mark.parametrize(
    ("role", "group", "given"),
    [
        # A member of etcd joins when the cluster was told of it; the others are taken in by those that run.
        ("etcd", "etcd", {"estate_forming_joins": "{{ etcd_initial_cluster_state == 'existing' }}"}),
        ("patroni", "patroni", {}),
        ("redis_sentinel", "redis", {}),
    ],
)
def test_a_role_that_forms_a_cluster_refuses_to_do_so_with_some_of_its_members(
    role: str, group: str, given: dict[str, str]
) -> None:
    tasks = load(REPOSITORY / "roles" / role / "tasks" / "preflight.yml")
    asked = {"name": "erpops.estate.estate", "tasks_from": "forming"}
    found = [task for task in tasks if task.get("ansible.builtin.include_role") == asked]
    assert len(found) == 1, f"{role}: expected its preflight to include {asked} once, found {len(found)}"
    task = found[0]
    assert set(task) == {"name", "ansible.builtin.include_role", "vars", "when"}, (
        f"{role}: nothing else may pass it over"
    )
    assert task["when"] == f"groups['{group}'] | difference(ansible_play_hosts_all) | length > 0"
    # The service by whose record a member counts as seen healthy, as its own role has it converged.
    variables = {**task["vars"]}
    variables.pop("estate_forming_remedy", None)
    assert variables == {"estate_forming_service": group, "estate_forming_group": group, **given}


@pytest.mark.parametrize(
    ("role", "tasks", "module"),
    [
        ("odoo", "configure", "odoo_database"),
        ("patroni", "configure", "patroni_role"),
        ("redis_sentinel", "settings", "redis_sentinel_config"),
    ],
)
def test_what_sets_a_shared_password_is_told_who_is_left_out(role: str, tasks: str, module: str) -> None:
    """A file may know a password already that its daemon does not: a run was interrupted between the two."""
    loaded = load(REPOSITORY / "roles" / role / "tasks" / f"{tasks}.yml")
    given = [task[f"erpops.estate.{module}"] for task in loaded if f"erpops.estate.{module}" in task]
    assert given
    assert [each for each in given if "left_out" not in each] == []
