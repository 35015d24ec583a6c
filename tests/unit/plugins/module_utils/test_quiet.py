# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.erpops.estate.plugins.module_utils.quiet import QuietModule

from tests.conftest import REPOSITORY

SPEC = {
    "files": {
        "type": "list",
        "elements": "dict",
        "no_log": False,
        "options": {"content": {"type": "str", "no_log": True}},
    }
}
MODULES = sorted((REPOSITORY / "plugins" / "modules").glob("[a-z]*.py"))


def journal(kind: type[AnsibleModule], monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what a module of this kind writes into the journal when it begins."""
    said: list[str] = []
    monkeypatch.setattr(AnsibleModule, "log", lambda _module, msg, log_args=None: said.append(f"{msg} {log_args}"))
    with patch_module_args({"files": [{"content": "user:canary\npassword:canary\n"}]}):
        kind(argument_spec=SPEC)
    return "".join(said)


def test_the_journal_has_no_secret_of_several_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "canary" not in journal(QuietModule, monkeypatch)
    assert "canary" in journal(AnsibleModule, monkeypatch), "Ansible hides it by now: QuietModule may go"


def hides_inside(spec: Mapping[str, Any], *, nested: bool = False) -> bool:
    """Return whether an option inside another one is secret."""
    return any(
        (nested and option.get("no_log") is True) or hides_inside(option.get("options") or {}, nested=True)
        for option in spec.values()
        if isinstance(option, Mapping)
    )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_with_secrets_inside_is_quiet(path: Path) -> None:
    module = importlib.import_module(f"ansible_collections.erpops.estate.plugins.modules.{path.stem}")
    specs = [value for value in vars(module).values() if isinstance(value, Mapping)]
    if any(hides_inside(spec) for spec in specs):
        assert "module = QuietModule(" in path.read_text(encoding="utf-8")
