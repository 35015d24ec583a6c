# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a group of modules is given once, each of its modules takes; the modules of another service do not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import SOURCE

# The same words mean Patroni in one group and etcd in another. Nothing of it exists: each says what it was given.
PLAY = """
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/erpops.estate.patroni:
      members: {a: 127.0.0.1}
      ca_file: /nowhere/patroni.crt
    group/erpops.estate.etcd:
      members: {a: 127.0.0.1}
      ca_file: /nowhere/etcd.crt
      cert_file: /nowhere/etcd.crt
      key_file: /nowhere/etcd.key
    group/erpops.estate.lease:
      estate: lab
      etcd: {members: {a: 127.0.0.1}, ca_file: /nowhere/l, cert_file: /nowhere/l, key_file: /nowhere/l, port: 7777}
    group/erpops.estate.odoo:
      name: north
      directory: /nowhere/odoo
  tasks:
    - name: ask patroni
      erpops.estate.patroni_info:
      register: said
      failed_when: said.error != "missing_file" or "127.0.0.1:8008" not in said.msg
    - name: ask etcd
      erpops.estate.etcd_info:
      register: said
      failed_when: said.error != "missing_file" or "127.0.0.1:2379" not in said.msg
    - name: ask the leases
      erpops.estate.lease_info:
      register: said
      failed_when: said.error != "missing_file" or "127.0.0.1:7777" not in said.msg
    - name: ask odoo
      erpops.estate.odoo_info:
      register: said
      failed_when: said.error != "missing_file" or "/nowhere/odoo/web.conf" not in said.msg
"""


def test_each_service_is_given_its_own(tmp_path: Path) -> None:
    (tmp_path / "play.yml").write_text(PLAY, encoding="utf-8")
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(SOURCE),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_FORCE_COLOR": "false",
    }
    program = Path(sys.executable).with_name("ansible-playbook")
    python = f"ansible_python_interpreter={sys.executable}"
    done = subprocess.run(
        [str(program), "-i", "localhost,", "-c", "local", "-e", python, "play.yml"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
