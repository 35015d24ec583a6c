# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A definition's aspects: what restarts, what reloads, what does neither."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.definition import Definition
from ansible_collections.erpops.estate.plugins.module_utils.service.spec import DEFINITION

FILE = {"path": "/etc/erpops/x/a.yml", "content": "a", "owner": 1, "group": 1, "mode": "0640"}


def _params(**given: Any) -> dict[str, Any]:
    defaults = {name: option.get("default") for name, option in DEFINITION.items()}
    return {**defaults, "image": "r/x@sha256:aa", **given}


def _file(**given: Any) -> dict[str, Any]:
    return {**FILE, "on_change": "replace", "once": False, "validate": None, **given}


def test_a_running_container_takes_over_limits_but_not_its_command() -> None:
    base = Definition.from_params("x", _params())
    limited = Definition.from_params("x", _params(memory_mb=512, cpus=1.5))
    other = Definition.from_params("x", _params(command=["--flag"]))
    assert base.desired("i", {}).replace == limited.desired("i", {}).replace
    assert limited.limits == {"memory": 512 * 1024 * 1024, "cpu_quota": 150_000}
    assert base.desired("i", {}).replace != other.desired("i", {}).replace


@pytest.mark.parametrize(
    ("on_change", "once", "replaces", "reloads"),
    [
        ("replace", False, True, False),
        ("reload", False, False, True),
        ("none", False, False, False),
        ("replace", True, False, False),
    ],
)
def test_a_file_counts_where_its_change_matters(on_change: str, once: bool, replaces: bool, reloads: bool) -> None:
    definition = Definition.from_params("x", _params(files=[_file(on_change=on_change, once=once)]))
    desired = definition.desired("i", {})
    assert (FILE["path"] in desired.replace) is replaces
    assert (FILE["path"] in desired.reload) is reloads


def test_secret_files_are_marked() -> None:
    definition = Definition.from_params("x", _params(files=[_file()], secret_files=[_file(path="/etc/erpops/x/key")]))
    assert [file.secret for file in definition.files] == [False, True]


def test_an_option_that_is_not_used_is_no_aspect() -> None:
    assert set(Definition.from_params("x", _params()).desired("i", {}).replace) <= {
        "image",
        "network",
        "init",
        "stop_timeout",
    }


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("/etc/erpops/x/a.yml", "/etc/x/a.yml"),
        ("/etc/erpops/x/sub/b", "/sub/b"),
        ("/etc/erpops/xy/a", "/etc/erpops/xy/a"),
    ],
)
def test_a_path_is_translated_by_the_longest_mount(path: str, inside: str) -> None:
    mounts = [
        {"source": "/etc/erpops/x", "target": "/etc/x", "read_only": True},
        {"source": "/etc/erpops/x/sub", "target": "/sub", "read_only": True},
    ]
    assert Definition.from_params("x", _params(mounts=mounts)).in_container(path) == inside
