# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of the backups' bucket, as the role asks for it with the variables that Ansible shows it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY, SOURCE

ROLE = REPOSITORY / "roles" / "object_storage"
PLAY = [
    {
        "hosts": "object_storage",
        "gather_facts": False,
        "vars_files": [str(ROLE / "vars" / "main.yml")],
        "tasks": [
            {
                "name": "Say what the bucket should be",
                "ansible.builtin.copy": {
                    "content": "{{ __object_storage_buckets | first | to_json }}",
                    "dest": "{{ playbook_dir }}/said.json",
                    "mode": "0600",
                },
            }
        ],
    }
]
UNTOLD = {"backup_full_calendar": "*-*-1/14 03:00"}


def bucket(path: Path, *, store: dict[str, Any], member: dict[str, Any]) -> dict[str, Any]:
    """Return what is asked of the bucket where the second member of PostgreSQL alone says something."""
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    given = {"estate_address": "10.0.0.4", "estate_data_address": "10.0.0.4", "estate_instances": []}
    children = {
        "object_storage": {"hosts": {"s1": {**given, **store}}},
        "patroni": {"hosts": {"n1": {}, "n2": member, "n3": {}}},
    }
    (path / "inventory.json").write_text(
        json.dumps({"all": {"vars": {**defaults, **local, "estate_name": "acme"}, "children": children}})
    )
    (path / "play.json").write_text(json.dumps(PLAY))
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "inventory.json", "play.json"],
        cwd=path,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(SOURCE), "ANSIBLE_FORCE_COLOR": "false"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((path / "said.json").read_text())
    assert found["name"] == "acme-backup"
    return found


@pytest.mark.parametrize(
    ("store", "member", "days", "at_least"),
    [
        pytest.param({}, {}, 35, True, id="it follows"),
        pytest.param({}, {"backup_full_calendar": "daily"}, 14, True, id="and lowers nothing"),
        pytest.param({"object_storage_backup_retention_days": 40}, {}, 40, False, id="as given, higher or lower"),
        pytest.param({}, {**UNTOLD, "patroni_archive_enabled": False}, 14, True, id="nothing is backed up"),
        pytest.param({}, {**UNTOLD, "backup_s3_address": "s3.example.com"}, 14, True, id="another store has them"),
    ],
)
def test_the_lock_that_is_asked_for(
    tmp_path: Path, store: dict[str, Any], member: dict[str, Any], days: int, at_least: bool
) -> None:
    found = bucket(tmp_path, store=store, member=member)
    assert (found["retention_days"], found["retention_at_least"]) == (days, at_least)
