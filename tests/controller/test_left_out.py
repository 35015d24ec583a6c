# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles look for in files of secrets is what they write there, and they know who else shares a secret."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.erpops.estate.plugins.module_utils.policy.left_out import Shared, others

from tests.conftest import REPOSITORY, SOURCE

EXAMPLE = REPOSITORY / "inventories" / "example-dedicated"
MODULE = "erpops.estate.secret_preflight"
# By role, the host that a play is limited to, and which of its files hold what hosts share.
ROLES = {
    "patroni": ("db1", "[__patroni_service.secret_files[0]]"),
    "backup": ("db1", "__backup_secret_files"),
    "redis_sentinel": ("control1", "[__redis_sentinel_redis_service.secret_files[1]]"),
    "object_storage": ("store1", "__object_storage_service.secret_files"),
    "odoo": ("app1", "__odoo_secret_files[1:3]"),
}
# Reached by a play of the same run before.
REACHED = "app2"
CONTROL, DB, APP, STORE = {"control2", "control3"}, {"db2", "db3"}, {"app1", "app3", "app4"}, {"store1"}
REDIS, OBJECTS = "estate_instance_secrets.national.redis_password", "estate_instance_secrets.national.s3_"
LEFT_OUT = {
    "patroni": {f"patroni_{name}_password": DB for name in ("superuser", "replication", "rewind", "rest")},
    "backup": {f"backup_s3_{key}_key": DB | STORE for key in ("access", "secret")},
    "redis_sentinel": {
        **{f"redis_sentinel_{name}_password": CONTROL for name in ("admin", "replication", "sentinel")},
        REDIS: CONTROL | APP,
    },
    "object_storage": {
        **{f"backup_s3_{key}_key": DB | {"db1"} for key in ("access", "secret")},
        **{f"{OBJECTS}{key}_key": APP for key in ("access", "secret")},
    },
    "odoo": {
        REDIS: APP - {"app1"} | CONTROL | {"control1"},
        **{f"{OBJECTS}{key}_key": APP - {"app1"} | STORE for key in ("access", "secret")},
    },
}


def plays(directory: Path) -> Iterable[dict[str, Any]]:
    yield {"hosts": REACHED, "tasks": [{"ansible.builtin.set_fact": {"estate_host_survey": {}}}]}
    for role, (host, files) in ROLES.items():
        tasks = yaml.safe_load((REPOSITORY / "roles" / role / "tasks" / "preflight.yml").read_text(encoding="utf-8"))
        noted = [task for task in tasks if "ansible.builtin.set_fact" in task]
        (asked,) = [task for task in tasks if MODULE in task]
        kept = {
            "ansible.builtin.copy": {
                "content": "{{ {'secrets': secrets, 'files': files} | to_json }}",
                "dest": str(directory / f"{role}.json"),
            },
            "vars": {
                **asked.get("vars", {}),
                "secrets": asked[MODULE]["secrets"],
                "files": f"{{{{ {files} | items2dict('path', 'content') }}}}",
                "__odoo_instance": "{{ estate_instances[0] }}",
            },
            "when": asked["when"],
        }
        # Its variables are there, and none of its tasks is carried out.
        yield {"hosts": host, "roles": [{"role": f"erpops.estate.{role}", "tags": "never"}], "tasks": [*noted, kept]}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    directory = tmp_path_factory.mktemp("left_out")
    (directory / "templates").mkdir()
    for role in ROLES:
        shutil.copytree(REPOSITORY / "roles" / role / "templates", directory / "templates", dirs_exist_ok=True)
    common = {"gather_facts": False, "connection": "local"}
    (directory / "play.yml").write_text(json.dumps([{**common, **play} for play in plays(directory)]), encoding="utf-8")
    (directory / "password").write_text("example", encoding="utf-8")
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", EXAMPLE, "play.yml"],
        cwd=directory,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(SOURCE),
            "ANSIBLE_VAULT_PASSWORD_FILE": str(directory / "password"),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {role: json.loads((directory / f"{role}.json").read_text(encoding="utf-8")) for role in ROLES}


@pytest.mark.parametrize("role", ROLES)
def test_a_secret_is_found_where_it_was_written_and_another_is_not(
    rendered: dict[str, dict[str, Any]], role: str
) -> None:
    files = rendered[role]["files"]
    secrets = [Shared(**{"owner": "", **entry}) for entry in rendered[role]["secrets"]]
    assert {secret.name: set(secret.left_out) for secret in secrets} == LEFT_OUT[role]
    assert others(secrets, files) == []
    for secret in secrets:
        assert secret.owner in files[secret.path]
        changed = files[secret.path].replace(secret.written.strip(), "another")
        assert secret in others(secrets, {secret.path: changed}), secret.name
