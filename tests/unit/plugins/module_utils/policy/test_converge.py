# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every difference a container can have, and the least that mends it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.converge import (
    Action,
    Desired,
    HandEdit,
    Observed,
    Proven,
    decide,
    differing,
    digest,
)

HEALTH = {"kind": "etcd", "params": {"port": 2379}}
DESIRED = Desired({"image": "sha256:aa", "/etc/x": "1"}, {"/etc/tls": "7"}, {"memory": 512}, HEALTH)
RUNNING = Observed("c1", True, 1000.0, {"image": "sha256:aa", "/etc/x": "1"}, {"memory": 512})
PROVEN = Proven("c1", {"/etc/tls": "7"}, health=HEALTH)


def _edit(on_change: str, changed_at: float) -> Observed:
    return replace(RUNNING, edits=(HandEdit("/etc/x", on_change, changed_at),))


@pytest.mark.parametrize(
    ("observed", "proven", "action", "reason"),
    [
        pytest.param(RUNNING, PROVEN, Action.NONE, "", id="as-desired"),
        pytest.param(Observed(), Proven(), Action.CREATE, "no container", id="absent"),
        pytest.param(Observed(), PROVEN, Action.CREATE, "no container", id="removed-by-hand"),
        pytest.param(replace(RUNNING, running=False), PROVEN, Action.START, "not running", id="stopped-by-hand"),
        pytest.param(
            replace(RUNNING, aspects={"image": "sha256:bb", "/etc/x": "1"}),
            PROVEN,
            Action.REPLACE,
            "image differs",
            id="new-image",
        ),
        pytest.param(
            replace(RUNNING, aspects={"image": "sha256:bb"}, running=False),
            PROVEN,
            Action.CREATE,
            "image differs",
            id="stopped-with-old-image-needs-no-gate",
        ),
        pytest.param(RUNNING, Proven(), Action.PROVE, "never seen healthy", id="killed-before-proof"),
        pytest.param(RUNNING, Proven("c0", {"/etc/tls": "7"}), Action.PROVE, "never", id="proof-of-another-container"),
        pytest.param(RUNNING, Proven("c1", {"/etc/tls": "6"}), Action.RELOAD, "/etc/tls differs", id="new-certificate"),
        pytest.param(
            RUNNING, replace(PROVEN, pending="reload"), Action.RELOAD, "interrupted", id="killed-before-the-reload"
        ),
        pytest.param(
            RUNNING,
            replace(PROVEN, pending="replace"),
            Action.REPLACE,
            "interrupted",
            id="killed-before-the-replacement",
        ),
        pytest.param(RUNNING, Proven("c0", {}, "replace"), Action.PROVE, "never", id="killed-after-the-replacement"),
        pytest.param(_edit("replace", 999.0), PROVEN, Action.REPLACE, "by hand", id="edit-the-process-has-read"),
        pytest.param(_edit("replace", 1001.0), PROVEN, Action.NONE, "", id="edit-the-process-has-not-read"),
        pytest.param(_edit("replace", math.inf), PROVEN, Action.NONE, "", id="file-removed-by-hand"),
        pytest.param(_edit("reload", 1001.0), PROVEN, Action.RELOAD, "by hand", id="edit-of-a-reloadable-file"),
        pytest.param(_edit("none", 999.0), PROVEN, Action.NONE, "", id="edit-the-daemon-watches"),
        pytest.param(RUNNING, replace(PROVEN, health={}), Action.PROVE, "other questions", id="asked-differently"),
    ],
)
def test_decision(observed: Observed, proven: Proven, action: Action, reason: str) -> None:
    decision = decide(DESIRED, observed, proven)
    assert decision.action is action
    assert reason in "; ".join(decision.reasons)
    assert bool(decision.reasons) == (action is not Action.NONE)


def test_limits_change_without_a_restart() -> None:
    decision = decide(DESIRED, replace(RUNNING, limits={"memory": 256}), PROVEN)
    assert decision.action is Action.NONE
    assert decision.limits == {"memory": 512}


def test_differing_names_what_was_added_and_what_was_removed() -> None:
    assert differing({"a": "1", "b": "2"}, {"b": "2", "c": "3"}) == ("a", "c")


def test_digest_does_not_depend_on_order() -> None:
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})
