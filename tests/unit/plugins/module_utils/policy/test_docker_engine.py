# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an engine takes over its configuration."""

from __future__ import annotations

import math
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy import docker_engine as policy
from ansible_collections.erpops.estate.plugins.module_utils.policy.docker_engine import Engine, Steps

DESIRED = {"live-restore": True, "log-driver": "json-file", "log-opts": {"max-size": "20m"}}


@pytest.mark.parametrize(
    ("active", "start", "reload", "restart"),
    [
        (DESIRED, False, False, False),
        ({**DESIRED, "debug": True}, False, False, True),
        ({**DESIRED, "live-restore": False}, False, True, False),
        # live-restore is reloaded first, so that the restart finds it on.
        ({}, False, True, True),
        (None, False, True, True),
        ({**DESIRED, "log-opts": {"max-size": "1m"}}, False, False, True),
    ],
)
def test_steps(active: dict[str, Any] | None, *, start: bool, reload: bool, restart: bool) -> None:
    found = policy.steps(DESIRED, Engine(running=True, active=active, live_restore=True))
    assert (found.start, found.reload, found.restart) == (start, reload, restart)
    assert bool(found.reasons) is (reload or restart)


def test_a_reloadable_key_that_was_added_is_reloaded() -> None:
    assert policy.steps({**DESIRED, "debug": True}, Engine(True, DESIRED)) == Steps(
        reload=True, reasons=("the running engine has another value for debug",)
    )


def test_an_engine_that_is_down_is_started() -> None:
    assert policy.steps(DESIRED, Engine(False, None)) == Steps(start=True, reasons=("the engine is not running",))


@pytest.mark.parametrize(
    ("file", "changed_at", "recorded", "recorded_process", "known"),
    [
        # The record was made for this very process, whatever the file says by now.
        ({"debug": True}, 300.0, DESIRED, 200.4, DESIRED),
        # The engine was started again since: it read the file.
        ({"debug": True}, 100.0, DESIRED, 50.0, {"debug": True}),
        (None, math.inf, None, 0.0, {}),
        # Somebody wrote the file after the start and nobody knows what was read.
        ({"debug": True}, 300.0, None, 0.0, None),
        ({"debug": True}, 300.0, DESIRED, 50.0, None),
    ],
)
def test_what_the_process_has_read(
    file: dict[str, Any] | None,
    changed_at: float,
    recorded: dict[str, Any] | None,
    recorded_process: float,
    known: dict[str, Any] | None,
) -> None:
    assert policy.known_configuration(file, changed_at, recorded, recorded_process, process=200.0) == known


@pytest.mark.parametrize(
    ("live_restore", "containers", "allowed"), [(True, 3, True), (False, 0, True), (False, 3, False)]
)
def test_an_engine_without_live_restore_is_not_restarted_under_containers(
    *, live_restore: bool, containers: int, allowed: bool
) -> None:
    objection = policy.restart_objection(Engine(True, None, live_restore, containers))
    assert (objection == "") is allowed
