# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that lie where their group is, and that a role on hosts of another group needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.conftest import REPOSITORY, SOURCE

SECRET = "of-the-superuser"  # noqa: S105 - made up
VAULTED = VaultLib([("default", VaultSecret(b"example"))]).encrypt(SECRET).decode()
HOSTS = """
patroni: {hosts: {db1: , db2: }}
odoo: {hosts: {app1: }}
"""


def asked() -> Any:
    """Return by which words the role odoo reads the password."""
    tasks = yaml.safe_load((REPOSITORY / "roles" / "odoo" / "tasks" / "configure.yml").read_text(encoding="utf-8"))
    return tasks[0]["erpops.estate.odoo_database"]["login_password"]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            {"group_vars/patroni.yml": "patroni_superuser_password: !vault |\n" + indent(VAULTED, "  ")},
            id="encrypted by itself",
        ),
        pytest.param(
            {
                "group_vars/patroni/vault.yml": VaultLib([("default", VaultSecret(b"example"))])
                .encrypt(f"vault_superuser: {SECRET}")
                .decode(),
                "group_vars/patroni/all.yml": "patroni_superuser_password: '{{ vault_superuser }}'",
            },
            id="a template of a file that is encrypted",
        ),
        pytest.param({"host_vars/db2.yml": f"patroni_superuser_password: {SECRET}"}, id="said by the second member"),
    ],
)
def test_the_superusers_password_is_that_of_the_members(tmp_path: Path, files: dict[str, str]) -> None:
    told = {"that": f"said == '{SECRET}'", "quiet": True}
    play = {
        "hosts": "odoo",
        "gather_facts": False,
        "vars": {"said": asked()},
        "tasks": [{"name": "Compare", "ansible.builtin.assert": told, "no_log": True}],
    }
    for name, text in {**files, "hosts.yml": HOSTS, "password": "example", "play.yml": yaml.safe_dump([play])}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    done = subprocess.run(
        [program, "-i", "hosts.yml", "--vault-password-file", "password", "play.yml"],
        cwd=tmp_path,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(SOURCE), "ANSIBLE_FORCE_COLOR": "false"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
