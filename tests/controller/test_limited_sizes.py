# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run with a limit asks of hosts beside it: by its answer it comes to the same sizes as a run of all.

The hosts are this machine, each under a shell of its own that says how many processors there are. One that is dead is
an address where nobody listens.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import SOURCE

PROCESSORS = {"db1": 4, "db2": 8, "db3": 4, "app1": 16, "app2": 12}
GROUPS = {"patroni": ["db1", "db2", "db3"], "odoo": ["app1", "app2"]}
DEAD = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
SIZED = {"name": "north", "host_names": ["north.example.com"]}
Task = dict[str, Any]


def included(tasks: str, **variables: str) -> Task:
    return {"ansible.builtin.include_role": {"name": "erpops.estate.estate", "tasks_from": tasks}, "vars": variables}


SIZES = """{{ {
  'max_connections': (inventory_hostname | erpops.estate.max_connections(hostvars, given | default(0))).value,
  'processors': groups['patroni'] | first | erpops.estate.processors(hostvars)} }}"""


def of_all(variable: str) -> str:
    """Return the names of the hosts that have a variable."""
    found = f"groups['all'] | map('extract', hostvars) | selectattr('{variable}', 'defined')"
    return f"{{{{ {found} | map(attribute='inventory_hostname') | sort }}}}"


class Site:
    """An inventory, and plays that do what the roles and the preflight of site.yml do."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(
        self, *arguments: str, tasks: list[Task], ill: dict[str, Any] | None = None, **more: Any
    ) -> tuple[int, str]:
        hosts = {name: {**self._local(name), **(ill or {}).get(name, {})} for name in PROCESSORS}
        groups = {group: {"hosts": dict.fromkeys(names)} for group, names in GROUPS.items()}
        local = {"ansible_python_interpreter": sys.executable, "ansible_become": False}
        shared = {"estate_instances": [SIZED], **local, **more}
        children = {**groups, "estate": {"children": dict.fromkeys(GROUPS)}}
        inventory = {"all": {"hosts": hosts, "vars": shared, "children": children}}
        (self.path / "hosts.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
        play = {"hosts": "estate", "gather_facts": False, "any_errors_fatal": True, "tasks": tasks}
        (self.path / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
        done = subprocess.run(
            [Path(sys.executable).with_name("ansible-playbook"), "-i", "hosts.yml", "play.yml", *arguments],
            cwd=self.path,
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(SOURCE)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done.returncode, done.stdout + done.stderr

    def sized(self, *arguments: str, **more: Any) -> tuple[int, str]:
        """Have each host tell its sizes, who was seen for them, and who counts as reached."""
        for old in self.path.glob("*.json"):
            old.unlink()
        look = {"erpops.estate.host_survey": {}, "register": "estate_host_survey"}
        told = {"sizes": SIZES, "seen": of_all("estate_host_seen"), "reached": of_all("estate_host_survey")}
        file = {"content": told, "dest": str(self.path / "{{ inventory_hostname }}.json")}
        tell = {"ansible.builtin.copy": file, "check_mode": False}
        # Nobody is asked twice.
        return self.run(*arguments, tasks=[look, included("beside"), included("beside"), tell], **more)

    def told(self, host: str, *arguments: str, **more: Any) -> dict[str, Any]:
        status, output = self.sized(*arguments, **more)
        assert status == 0, output
        assert output.count("failed: [") <= 1
        found: dict[str, Any] = json.loads((self.path / f"{host}.json").read_text(encoding="utf-8"))
        return found

    def _local(self, name: str) -> dict[str, Any]:
        tools = self.path / f"{name}.bin"
        tools.mkdir(exist_ok=True)
        for tool, script in (
            ("getconf", f"echo {PROCESSORS[name]}"),
            ("sh", f'PATH={tools}:$PATH exec /bin/sh "$@"'),
        ):
            (tools / tool).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            (tools / tool).chmod(0o755)
        # Bounds that differ, as the hosts do; Odoo's have what this machine has.
        bound = {} if name in GROUPS["odoo"] else {"estate_host_memory_mb": 1024}
        return {"ansible_connection": "local", "ansible_shell_executable": str(tools / "sh"), **bound}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_limited_run_comes_to_the_same_sizes_and_reaches_no_other_host(site: Site) -> None:
    whole = site.told("db2")
    assert (whole["sizes"]["processors"], whole["seen"]) == (4, [])
    one = site.told("db2", "--limit", "db2")
    assert one == {"sizes": whole["sizes"], "seen": ["app1", "app2", "db1"], "reached": ["db2"]}
    # Whoever only compares is in check mode.
    members = site.told("db2", "--limit", "patroni", "--check")
    assert members == {"sizes": whole["sizes"], "seen": ["app1", "app2"], "reached": GROUPS["patroni"]}


def test_who_decides_nothing_is_not_looked_at(site: Site) -> None:
    assert site.told("app1", "--limit", "app1", given=900)["seen"] == []
    said = [{**SIZED, "workers": 3}]
    assert site.told("db2", "--limit", "patroni", estate_instances=said)["seen"] == []


@pytest.mark.parametrize("ill", [DEAD, {"ansible_shell_executable": "/bin/true"}])
def test_a_dead_member_of_postgresql_stops_no_run(site: Site, ill: dict[str, Any]) -> None:
    # The next one speaks for it, on whichever host of the run.
    for host in ("db2", "app1"):
        without = site.told(host, "--limit", "estate:!db1", ill={"db1": ill})
        assert (without["sizes"]["processors"], without["seen"]) == (8, ["db1"])


def test_a_dead_host_that_decides_ends_the_run_before_it_begins(site: Site) -> None:
    finding, problem = "host app1: processors and memory: ", "it did not say what it has"
    for more, refused in (
        ({}, True),
        ({"patroni_max_connections": 900}, False),
        ({"estate_instances": [{**SIZED, "workers": 3}]}, False),
    ):
        status, output = site.run("--limit", "estate:!app1", tasks=[included("preflight")], ill={"app1": DEAD}, **more)
        # What else it finds of this machine is another matter.
        assert "Report everything that stands in the way" in output
        assert (finding + problem in output) == refused
        assert status != 0 or not refused
    # In other plays than those of site.yml the sizes themselves refuse.
    status, output = site.sized("--limit", "db1", ill={"app1": DEAD})
    assert status != 0
    assert f"max_connections: app1: {problem}" in output


def test_members_that_answer_say_whether_there_is_a_cluster(site: Site) -> None:
    asked = included("forming", estate_forming_service="nobody_ever_saw_this", estate_forming_group="patroni")
    status, output = site.run("--limit", "patroni:!db1", tasks=[asked], ill={"db1": DEAD})
    assert status != 0
    assert "nor on any other member, and --limit leaves out db1 of group patroni" in " ".join(output.split())
