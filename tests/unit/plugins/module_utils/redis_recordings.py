# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of Redis 8.0.2 and its Sentinels on three hosts, .11 (the master) to .13, under a trickle of writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.health import redis, sentinel

FIXTURES = Path(__file__).parents[2] / "fixtures" / "redis" / "close"
A, B, C = "172.30.77.11", "172.30.77.12", "172.30.77.13"


def close_look(name: str) -> tuple[redis.Servers, sentinel.Sentinels]:
    """Return what was seen in one look."""
    data: dict[str, dict[str, Any]] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    views, silent = _split(data["sentinels"])
    sentinels = sentinel.Sentinels((A, B, C), {at: sentinel.View(**view) for at, view in views.items()}, silent)
    infos, mute = _split(data["servers"])
    return redis.Servers((A, B, C), infos, mute, sentinel.elected(sentinels.views)), sentinels


def _split(answers: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    return (
        {address: answer for address, answer in answers.items() if "failure" not in answer},
        {address: answer["failure"] for address, answer in answers.items() if "failure" in answer},
    )
