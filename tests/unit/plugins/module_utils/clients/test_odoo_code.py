# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that the image runs, on a directory of add-ons: which change of a file counts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_code import CHECKSUMS


def checksums(*paths: Path, languages: tuple[str, ...] = ("en_US",)) -> dict[str, str]:
    directories = ",".join(str(path) for path in paths)
    command = [sys.executable, "-c", CHECKSUMS, directories, json.dumps(["sale", "stock"]), json.dumps(languages)]
    found: dict[str, str] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


def write(root: Path, name: str, content: str = "x") -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(content, encoding="utf-8")


@pytest.fixture
def addons(tmp_path: Path) -> Path:
    write(tmp_path, "sale/__manifest__.py")
    write(tmp_path, "sale/models/order.py")
    write(tmp_path, "stock/readme.txt")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("sale/models/order.py", True),
        ("sale/views/order.xml", True),
        ("sale/i18n/fr.po", True),
        ("sale/i18n/de.po", False),
        ("sale/i18n/sale.pot", False),
        ("sale/static/src/order.js", False),
        ("sale/tests/test_order.py", False),
        ("sale/models/__pycache__/order.cpython-313.pyc", False),
        ("other/models/order.py", False),
    ],
)
def test_only_what_an_upgrade_reads_counts(addons: Path, name: str, counts: bool) -> None:
    before = checksums(addons, languages=("fr_BE", "fr"))
    write(addons, name, "changed")
    after = checksums(addons, languages=("fr_BE", "fr"))
    assert set(before) == {"sale"}, "what has no manifest is no module"
    assert (before != after) == counts


def test_a_file_that_moves_its_content_to_another_counts(addons: Path) -> None:
    before = checksums(addons)
    (addons / "sale/models/order.py").rename(addons / "sale/models/line.py")
    assert checksums(addons) != before


def test_the_first_directory_that_has_the_module_counts(addons: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    write(other, "sale/__manifest__.py", "another")
    assert checksums(addons, other) == checksums(addons) != checksums(other, addons)
