# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walks the playbooks: what changes anything asks the change gate first, in each of its plays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.extra_variables import (
    KNOBS,
    NAMING,
    TOUCHED,
    objected,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.playbook_plans import PLANS

from tests.conftest import REPOSITORY

PLAYBOOKS = REPOSITORY / "playbooks"
GATE = "erpops.estate.change_gate"
# They only look, or only sign; and what they write on the controller is no change of an estate.
LOOKS_ONLY = {"approve", "change_page", "drift", "launch", "ledger_setup", "ledger_verify", "status", "validate"}
LOOKING = {
    "ansible.builtin.assert",
    "ansible.builtin.debug",
    "ansible.builtin.fail",
    "ansible.builtin.meta",
    "ansible.builtin.pause",
    "ansible.builtin.ping",
    "ansible.builtin.set_fact",
    "ansible.builtin.slurp",
    "ansible.builtin.async_status",
    "erpops.estate.host_preflight",
    "erpops.estate.host_survey",
    "erpops.estate.inventory_validate",
    "erpops.estate.patroni_info",
    "erpops.estate.pgbackrest_info",
    "erpops.estate.rolling_gate",
    "erpops.estate.service_info",
}
# What keeps the figures of a drill, on the controller.
LOOKING_TASKS = {"Keep the result"}
SECTIONS = ("pre_tasks", "tasks", "post_tasks", "handlers")
BLOCKS = ("block", "rescue", "always")
KEYWORDS = {
    "always",
    "any_errors_fatal",
    "args",
    "become",
    "block",
    "changed_when",
    "check_mode",
    "delay",
    "delegate_facts",
    "delegate_to",
    "environment",
    "ignore_unreachable",
    "loop",
    "loop_control",
    "name",
    "no_log",
    "notify",
    "poll",
    "register",
    "async",
    "rescue",
    "retries",
    "run_once",
    "tags",
    "until",
    "vars",
    "when",
}
Task = dict[str, Any]


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def action_of(task: Task) -> tuple[str, Any]:
    found = [name for name in task if name not in KEYWORDS]
    assert len(found) == 1, f"{task.get('name')}: expected one action, found {found}"
    return found[0], task[found[0]]


def inside(task: Task, directory: Path) -> tuple[list[Task], Path] | None:
    """Return the tasks that stand for this one, and where they are; None where it does something itself."""
    if "block" in task:
        return [inner for part in BLOCKS for inner in task.get(part, [])], directory
    action, said = action_of(task)
    if action in ("ansible.builtin.import_tasks", "ansible.builtin.include_tasks"):
        path = directory / said
        return load(path), path.parent
    # Which role it is may be told by a variable; then nobody knows what it does.
    if action in ("ansible.builtin.import_role", "ansible.builtin.include_role") and "{{" not in said["name"]:
        role = REPOSITORY / "roles" / said["name"].removeprefix("erpops.estate.") / "tasks"
        return load(role / f"{said.get('tasks_from', 'main')}.yml"), role
    return None


def every(items: list[Task], directory: Path = PLAYBOOKS) -> Iterator[Task]:
    """Yield all tasks that do something."""
    for task in items:
        found = inside(task, directory)
        yield from every(*found) if found else [task]


def looks(task: Task) -> bool:
    return action_of(task)[0] in LOOKING or task.get("check_mode") is True or task["name"] in LOOKING_TASKS


def certain(task: Task) -> bool:
    """Return whether a real run comes by: what a loop or a condition may leave out was not asked."""
    conditions = [task["when"]] if isinstance(task.get("when"), str) else task.get("when", [])
    return "loop" not in task and all(condition == "not ansible_check_mode" for condition in conditions)


def walk(items: list[Task], directory: Path, asked: bool) -> tuple[str, bool]:
    """Return the first task that changes something before the gate was asked, and whether it is asked at the end."""
    for task in items:
        found = inside(task, directory)
        if found and "block" in task:
            changed, now = walk(task["block"], directory, asked)
            # What comes after a failure knows only what was asked before it.
            later = [walk(task.get(part, []), directory, asked)[0] for part in BLOCKS[1:]]
            changed = next(filter(None, [changed, *later]), "")
        elif found:
            changed, now = walk(*found, asked)
        else:
            now = action_of(task)[0] == GATE and "always" in task.get("tags", []) and task.get("run_once") is True
            changed = "" if asked or now or looks(task) else str(task["name"])
        if changed:
            return changed, asked
        asked = asked or (now and certain(task))
    return "", asked


def ungated(play: Task, directory: Path) -> str:
    """Return what a play changes before the gate was asked, empty where it changes nothing before."""
    changed, asked = walk(play.get("pre_tasks", []), directory, asked=False)
    if not changed and play.get("roles") and not asked:
        return f"role {play['roles'][0]['role']}"
    return changed or walk([*play.get("tasks", []), *play.get("post_tasks", [])], directory, asked)[0]


def faults(playbook: list[Task], directory: Path) -> list[str]:
    plays = [play for play in playbook if "ansible.builtin.import_playbook" not in play]
    imported = [play["ansible.builtin.import_playbook"] for play in playbook if play not in plays]
    assert {Path(name).stem for name in imported} <= LOOKS_ONLY
    return [f"{play['name']}: {found}" for play in plays if (found := ungated(play, directory))]


@pytest.mark.parametrize("path", sorted(PLAYBOOKS.glob("*.yml")), ids=lambda path: path.stem)
def test_a_playbook_asks_the_gate_before_it_changes_anything(path: Path) -> None:
    asks = any(action_of(task)[0] == GATE for play in load(path) for task in of(play))
    assert asks is (path.stem not in LOOKS_ONLY), "a playbook that only looks is named in LOOKS_ONLY, and no other"
    if asks:
        assert faults(load(path), PLAYBOOKS) == []


@pytest.mark.parametrize("path", sorted(PLAYBOOKS.rglob("*.yml")), ids=lambda path: path.stem)
def test_nothing_hides_what_the_gate_says(path: Path) -> None:
    """What is said around a task, in ansible.cfg or in the environment, does not count where the task itself speaks."""
    asking = [task for task in tasks_in(load(path)) if GATE in task]
    assert [task.get("no_log") for task in asking] == [False] * len(asking)
    assert bool(asking) is (path.stem == "ask_gate"), "there is one place that asks"


def tasks_in(found: Any) -> Iterator[Task]:
    """Yield the tasks of a file, whichever play, section or block they are in."""
    for entry in found if isinstance(found, list) else []:
        yield entry
        for part in (*SECTIONS, *BLOCKS):
            yield from tasks_in(entry.get(part))


def of(play: Task) -> Iterator[Task]:
    for section in SECTIONS:
        yield from every(play.get(section, []))


ASK: Task = {"name": "Ask", "ansible.builtin.import_tasks": "tasks/ask_gate.yml"}
LOOK: Task = {"name": "Look", "erpops.estate.service_info": {}}
MEMBER: Task = {"name": "x", "ansible.builtin.include_tasks": "tasks/restart_member.yml"}
CHANGE: Task = {"name": "Change", "erpops.estate.service_state": {}}


@pytest.mark.parametrize(
    ("play", "found"),
    [
        ({"tasks": [LOOK, ASK, CHANGE]}, []),
        ({"pre_tasks": [ASK], "roles": [{"role": "erpops.estate.etcd"}]}, []),
        ({"tasks": [{"name": "x", "block": [LOOK, {**ASK, "when": "not ansible_check_mode"}, CHANGE]}]}, []),
        ({"tasks": [{**CHANGE, "check_mode": True}, ASK, CHANGE]}, []),
        ({"tasks": [CHANGE]}, ["p: Change"]),
        ({"tasks": [LOOK, CHANGE, ASK]}, ["p: Change"]),
        ({"roles": [{"role": "erpops.estate.etcd"}], "tasks": [ASK]}, ["p: role erpops.estate.etcd"]),
        ({"tasks": [{**ASK, "when": "change is defined"}, CHANGE]}, ["p: Change"]),
        ({"tasks": [{"name": "x", "block": [LOOK], "rescue": [ASK], "always": [CHANGE]}]}, ["p: Change"]),
        ({"tasks": [{**CHANGE, "check_mode": "{{ x }}"}, ASK]}, ["p: Change"]),
        ({"tasks": [{**MEMBER, "loop": []}]}, []),
        ({"tasks": [{**MEMBER, "loop": []}, CHANGE]}, ["p: Change"]),
    ],
)
def test_one_that_does_not_is_found(play: Task, found: list[str]) -> None:
    assert faults([{"name": "p", "hosts": "estate", **play}], PLAYBOOKS) == found


def test_without_its_gate_every_play_that_changes_anything_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    plays = {path.stem: load(path) for path in sorted(PLAYBOOKS.glob("*.yml")) if path.stem not in LOOKS_ONLY}
    everything = load

    def gateless(path: Path) -> Any:
        return [task for task in everything(path) if GATE not in task]

    monkeypatch.setitem(globals(), "load", gateless)
    found = {
        name: [fault.partition(":")[0] for fault in faults(playbook, PLAYBOOKS)] for name, playbook in plays.items()
    }
    assert found == {
        "drill": ["Have a synthetic user", "Strike"],
        "host_in": ["Put a host back into service"],
        "host_out": ["Take a host out of service"],
        "rolling_restart": ["Restart services one host after the other"],
        "site": [play["name"] for play in plays["site"][1:]],
        "switchover": ["Move the leadership"],
    }


@pytest.mark.parametrize(
    ("playbook", "first", "second"),
    [
        ("host_out", "Drain its Odoo at every edge", "Stop everything behind its gate"),
        ("host_in", "Start everything", "Let the edges send it requests"),
    ],
)
def test_between_two_steps_of_a_host_the_gate_is_asked_again(playbook: str, first: str, second: str) -> None:
    tasks = [task for play in load(PLAYBOOKS / f"{playbook}.yml") for task in of(play)]
    names = [task["name"] for task in tasks]
    assert GATE in [action_of(task)[0] for task in tasks[names.index(first) : names.index(second)]]


def test_what_a_plan_does_not_say_decides_nothing() -> None:
    """Extra variables of these names are no part of a plan, so nothing that changes a host may ask for them."""
    asked = re.compile(r"{[{%][^}]*\b(change|plan|change_plan|break_glass|(awx|tower)_\w+)\b")
    for path in sorted((REPOSITORY / "roles").rglob("*")):
        if path.suffix in (".yml", ".j2"):
            found = asked.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path}: {found.group() if found else ''}"


def own(found: Any) -> Iterator[str]:
    """Yield the names of all variables that plays and tasks set or register themselves."""
    if isinstance(found, list):
        for item in found:
            yield from own(item)
    elif isinstance(found, dict):
        for keyword, said in found.items():
            if keyword in ("vars", "ansible.builtin.set_fact") and isinstance(said, dict):
                yield from said
            elif keyword in ("register", "loop_var", "index_var"):
                yield said
            yield from own(said)


def documented(role: Path) -> set[str]:
    """Return what a role takes, by its defaults and its specification."""
    names, specification = set(), role / "meta" / "argument_specs.yml"
    if (role / "defaults" / "main.yml").is_file():
        names |= set(load(role / "defaults" / "main.yml") or {})
    for entry_point in load(specification)["argument_specs"].values() if specification.is_file() else ():
        names |= set(entry_point.get("options") or {})
    return names


def internals() -> set[str]:
    """Return what playbooks and the tasks of roles work with, and whatever a role's vars fix."""
    names = {name for path in PLAYBOOKS.rglob("*.yml") for name in own(load(path))}
    for role in (path for path in (REPOSITORY / "roles").iterdir() if path.is_dir()):
        names |= {name for path in (role / "tasks").glob("*.yml") for name in own(load(path))}
        names |= {name for path in (role / "vars").rglob("*.yml") for name in load(path) or {}}
    return names


ROLE_VARIABLES = {name for role in (REPOSITORY / "roles").iterdir() for name in documented(role)}
# Of a task file that others include: set around it, and of the role's own besides.
LENT = {"odoo_api_key_instance", "odoo_api_key_name", "odoo_api_key_path"}


@pytest.mark.parametrize("playbook", sorted(PLANS))
def test_nothing_that_a_playbook_works_with_can_be_given(playbook: str) -> None:
    names = internals()
    assert {"restart_service", "out_lease", "drill_request", "estate_host_survey", "__patroni_members"} <= names
    for name in sorted(names - LENT) + list(TOUCHED):
        if name.startswith("gate_") or name in ("estate_host_survey", "estate_name"):
            continue
        assert objected({name: ""}, playbook, ROLE_VARIABLES, job=False), name


@pytest.mark.parametrize("playbook", sorted(PLANS))
def test_what_can_be_given_is_what_the_header_says(playbook: str) -> None:
    text = (PLAYBOOKS / f"{playbook}.yml").read_text(encoding="utf-8")
    header = re.match(r"---\n((?:#.*\n)+)", text)
    assert header
    said = set(re.findall(r"-e (\w+)=", header[1])) | set(re.findall(r"-e '{\"(\w+)\":", header[1]))
    assert said - NAMING == set(KNOBS[playbook])


def test_no_role_lends_its_tasks_the_tag_of_another() -> None:
    """The plan of site.yml has the plays that the tags mean: nothing of a play that is left out may run."""
    roles = {path.name for path in (REPOSITORY / "roles").iterdir() if (path / "tasks").is_dir()}
    for role in sorted(roles):
        for path in sorted((REPOSITORY / "roles" / role / "tasks").glob("*.yml")):
            for task in load(path) or []:
                apply = task.get("ansible.builtin.include_tasks", {})
                tags = {*task.get("tags", []), *(apply["apply"]["tags"] if isinstance(apply, dict) and apply else [])}
                own = {tag for tag in tags if tag == role or tag.startswith(f"{role}_") or tag in ("verify", "never")}
                assert tags == own, f"{path}: {task['name']}: {sorted(tags - own)}"


# Ansible's set filters return another order in each run. What stands behind one of them takes no notice of it.
SET_FILTER = re.compile(r"\|\s*(?:difference|intersect|symmetric_difference|union)\(")
ORDER_DOES_NOT_MATTER = re.compile(r"[^|]*\|\s*(?:length\b|erpops\.estate\.addresses\()|\[[^\]]*\]\) else\b")
ORDERED = {
    # Whichever is the first: each of them would do.
    "roles/odoo/vars/main.yml": "groups['patroni'] | intersect(ansible_play_hosts_all) or",
    # Asked only whether a host is among them.
    "roles/estate/vars/main.yml": "ansible_play_hosts_all | union(groups['all']",
}


def test_no_order_comes_from_a_set() -> None:
    """A plan whose hosts change places has another digest, and a file whose lines do counts as changed."""
    files = [path for top in ("playbooks", "roles") for path in (REPOSITORY / top).rglob("*.[yj]*") if path.is_file()]
    assert len(files) > 100
    found = []
    for path in sorted(files):
        name, text = str(path.relative_to(REPOSITORY)), path.read_text(encoding="utf-8")
        if name in ORDERED:
            assert text.count(ORDERED[name]) == 1, f"{name}: no exception is needed for what is not there"
            text = text.replace(ORDERED[name], "")
        found += [
            f"{name}: {text[match.start() : match.end() + 60]!r}"
            for match in SET_FILTER.finditer(text)
            if not ORDER_DOES_NOT_MATTER.match(text, match.end())
        ]
    assert found == [], "use select('in', ...) or reject('in', ...), which keep the order"
