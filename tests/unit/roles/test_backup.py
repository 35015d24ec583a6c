# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the backups are made of is what Patroni runs."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_the_data_directory_is_that_of_the_version_that_patroni_runs() -> None:
    version = yaml.safe_load(text("roles/patroni/vars/main.yml"))["__patroni_version"]
    [directory] = re.findall(
        r"^\s*data_dir: (\S+)\{\{ __patroni_version \}\}$", text("roles/patroni/templates/patroni.yml.j2"), re.M
    )
    [backed_up] = re.findall(r"^pg1-path=(\S+)$", text("roles/backup/templates/pgbackrest.conf.j2"), re.M)
    assert backed_up == f"{directory}{version}"
    assert f"ARG VERSION={version}\n" in text("images/postgresql/Dockerfile")
