# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.plugin_utils.inventory_files import places

VAULT = "$ANSIBLE_VAULT;1.1;AES256\n3136\n"
HOSTS = """---
estate:
  children:
    etcd:
      hosts:
        n1: {ansible_host: 10.0.0.1, estate_domain: a}
  vars:
    estate_name: acme
"""
SECRETS = """---
patroni_superuser_password: !vault |
  $ANSIBLE_VAULT;1.1;AES256
  3136
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in {
        "hosts.yml": HOSTS,
        "group_vars/all/estate.yml": "---\n# estate_domain: not this one\nestate_domain: b\n",
        "group_vars/all/secrets.yml": SECRETS,
        "host_vars/n1.yml": "estate_domain: c\n",
        "README.md": "estate_domain: no\n",
        "broken.yml": "a: [\n",
    }.items():
        path = tmp_path / "inv" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "inv"


def test_a_directory_is_searched_with_its_variables(tree: Path) -> None:
    found = places([str(tree)], {"estate_domain", "estate_name", "patroni_superuser_password", "absent"})
    assert found == {
        "estate_domain": ["inv/group_vars/all/estate.yml:3", "inv/host_vars/n1.yml:1", "inv/hosts.yml:6"],
        "estate_name": ["inv/hosts.yml:8"],
        "patroni_superuser_password": ["inv/group_vars/all/secrets.yml:2"],
    }


def test_a_file_is_searched_with_the_variables_beside_it(tree: Path) -> None:
    assert "inv/host_vars/n1.yml:1" in places([str(tree / "hosts.yml")], {"estate_domain"})["estate_domain"]


def test_what_stands_nowhere_in_clear_is_in_an_encrypted_file(tree: Path) -> None:
    (tree / "group_vars" / "all" / "vault.yml").write_text(VAULT, encoding="utf-8")
    assert places([str(tree)], {"absent", "estate_name"}) == {
        "estate_name": ["inv/hosts.yml:8"],
        "absent": ["inv/group_vars/all/vault.yml (encrypted)"],
    }


def test_an_ini_inventory(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("[etcd]\nn1 ansible_host=10.0.0.1 estate_domain=a\n; estate_name=x\n[all:vars]\nestate_name = b\n")
    found = places([str(path)], {"estate_domain", "estate_name"})
    assert [entry.rsplit(":", 1)[1] for entries in found.values() for entry in entries] == ["2", "5"]


def test_sources_that_are_no_files_are_passed_over(tmp_path: Path) -> None:
    assert places(["n1,n2,", str(tmp_path / "absent")], {"estate_name"}) == {}
