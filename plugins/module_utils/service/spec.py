# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument spec of a service's definition."""

from __future__ import annotations

from typing import Any


def _directory(**more: Any) -> dict[str, Any]:
    return {
        "path": {"type": "path", "required": True},
        "owner": {"type": "int", "default": 0},
        "group": {"type": "int", "default": 0},
        **more,
    }


def _file(mode: str, *, secret: bool) -> dict[str, Any]:
    return _directory(
        content={"type": "str", "required": True, "no_log": secret},
        mode={"type": "str", "default": mode},
        on_change=_ON_CHANGE,
        once={"type": "bool", "default": False},
        validate={"type": "list", "elements": "str"},
    )


def _entries(options: dict[str, Any]) -> dict[str, Any]:
    return {"type": "list", "elements": "dict", "default": [], "options": options}


_ON_CHANGE = {"type": "str", "choices": ["replace", "reload", "none"], "default": "replace"}
_WORDS = {"type": "list", "elements": "str", "default": []}

DEFINITION: dict[str, Any] = {
    "image": {"type": "str", "required": True},
    "command": _WORDS,
    "user": {"type": "str"},
    "network": {"type": "str", "choices": ["host", "bridge", "none"], "default": "bridge"},
    "ports": _entries(
        {
            "host_ip": {"type": "str", "required": True},
            "host_port": {"type": "int", "required": True},
            "container_port": {"type": "int", "required": True},
        }
    ),
    "env": {"type": "dict", "default": {}},
    "directories": _entries(_directory(mode={"type": "str", "default": "0755"})),
    "files": _entries({**_file("0644", secret=False), "keeps_drained": {"type": "bool", "default": False}}),
    # The list is not secret, the contents in it are.
    "secret_files": {**_entries(_file("0400", secret=True)), "no_log": False},
    "watches": _entries({"path": {"type": "path", "required": True}, "on_change": _ON_CHANGE}),
    "mounts": _entries(
        {
            "source": {"type": "path", "required": True},
            "target": {"type": "path", "required": True},
            "read_only": {"type": "bool", "default": False},
        }
    ),
    "tmpfs": _WORDS,
    "capabilities": _WORDS,
    "memory_mb": {"type": "int"},
    "cpus": {"type": "float"},
    "pids": {"type": "int"},
    "shm_size_mb": {"type": "int"},
    "ulimits": {"type": "dict", "default": {}},
    "init": {"type": "bool", "default": False},
    "stop_signal": {"type": "str"},
    "stop_timeout": {"type": "int", "default": 10},
    "reload": {
        "type": "dict",
        "options": {"signal": {"type": "str"}, "exec": {"type": "list", "elements": "str"}},
    },
    "health": {
        "type": "dict",
        "options": {"kind": {"type": "str", "required": True}, "params": {"type": "dict", "default": {}}},
    },
    "health_timeout": {"type": "float", "default": 60},
}

ARGUMENT_SPEC: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "definition": {"type": "dict", "required": True, "options": DEFINITION},
    "replace": {"type": "str", "choices": ["defer", "gated"], "default": "gated"},
    "gate_timeout": {"type": "float", "default": 60},
}
