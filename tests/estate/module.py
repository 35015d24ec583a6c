"""Runs one module of the collection on one host, as somebody at the bastion would."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any

from tests.estate.world import Host
from tests.lab import paths


def run(host: Host, name: str, arguments: Mapping[str, Any], *flags: str, failing: bool = False) -> dict[str, Any]:
    """Return the module's result; ``failing`` says that it is to fail."""
    done = subprocess.run(
        [str(paths.LAB / "run-adhoc"), host.name, "--become", *flags, "-m", f"erpops.estate.{name}",
         "-a", json.dumps(dict(arguments))],
        capture_output=True, text=True, check=False, timeout=900,
        env={**os.environ, "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1", "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
             "ANSIBLE_NOCOLOR": "1"},
    )  # fmt: skip
    report = done.stdout[done.stdout.find("{") :]
    assert report, done.stderr[-3000:]
    result: dict[str, Any] = json.loads(report)["plays"][0]["tasks"][0]["hosts"][host.name]
    assert bool(result.get("failed")) == failing, result.get("msg")
    return result
