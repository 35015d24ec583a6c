# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that a timer runs: complete, by itself, the same for the same files."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.service.program import OURS, archive

KEEPER = f"{OURS}.leases.keeper"


def test_it_runs_without_ansible(tmp_path: Path) -> None:
    program = tmp_path / "program.pyz"
    program.write_bytes(archive(KEEPER))
    missing = str(tmp_path / "missing.json")
    # Isolated and without the site packages there is no Ansible to be imported.
    done = subprocess.run([sys.executable, "-IS", program, missing], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("leases cannot be kept: how the leases of the estate are reached; expected /")


def test_the_same_files_make_the_same_bytes() -> None:
    assert archive(KEEPER) == archive(KEEPER)


def test_it_holds_what_is_imported_inside_functions_too() -> None:
    names = zipfile.ZipFile(io.BytesIO(archive(KEEPER))).namelist()
    assert any(name.endswith("members/patroni_pause.py") for name in names)
    assert not any(name.endswith(("evidence/status.py", "policy/inventory.py")) for name in names)


def test_what_needs_ansible_on_the_host_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needs_ansible.py").write_text("from ansible.module_utils.basic import AnsibleModule\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(Refused, match="found an import of ansible"):
        archive("needs_ansible")
