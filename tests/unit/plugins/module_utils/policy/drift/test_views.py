# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentinel's servers and Traefik's routers against what is declared."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.views import routers, sentinels

HOSTS = {"10.0.0.1": "n1", "10.0.0.2": "n2", "10.0.0.3": "n3"}


def view(address: str = "10.0.0.1", **other: Any) -> dict[str, Any]:
    seen = {
        "address": address,
        "answers": True,
        "master": "10.0.0.1",
        "watches": ["sessions"],
        "replicas": ["10.0.0.2", "10.0.0.3"],
        "knows_others": 2,
    }
    return {**seen, **other}


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({}, []),
        ({"answers": False}, ["Sentinel: expected an answer, found none"]),
        ({"watches": []}, ["master sessions: expected to be watched, found nothing"]),
        ({"watches": ["sessions", "x"]}, ["master x: expected nothing, found a master that is watched"]),
        ({"replicas": ["10.0.0.2"]}, ["replica 10.0.0.3: expected a replica, found nothing"]),
        (
            {"replicas": ["10.0.0.2", "10.0.0.3", "10.9.9.9"]},
            ["replica 10.9.9.9: expected nothing, found a replica"],
        ),
        ({"knows_others": 3}, ["other Sentinels: expected 2, found 3"]),
        (
            {"master": "10.9.9.9", "replicas": list(HOSTS)},
            ["master: expected one of 10.0.0.1, 10.0.0.2, 10.0.0.3, found 10.9.9.9"],
        ),
    ],
)
def test_what_a_sentinel_sees(other: dict[str, Any], says: list[str]) -> None:
    info = {"master_name": "sessions", "sentinels": [view(), view("10.0.0.2", **other)]}
    found = list(sentinels(info, HOSTS))
    assert [str(one) for one in found] == [f"sentinel {sentence}" for sentence in says]
    assert {one.host for one in found} <= {"n2"}


FILE = {
    "http": {
        "routers": {
            "north": {
                "rule": "Host(`north`)",
                "service": "north-web",
                "entryPoints": ["websecure"],
                "middlewares": ["headers", "limit@file"],
            }
        }
    }
}


def router(name: str = "north", **other: Any) -> dict[str, Any]:
    loaded = {
        "name": name,
        "rule": "Host(`north`)",
        "service": "north-web",
        "entry_points": ["websecure"],
        "middlewares": ["headers", "limit"],
        "status": "enabled",
        "errors": [],
    }
    return {**loaded, **other}


@pytest.mark.parametrize(
    ("loaded", "says"),
    [
        ([router()], []),
        ([router(status="warning")], []),
        ([], ["north: expected Host(`north`), found nothing"]),
        ([router(), router("x", rule="Host(`x`)")], ["x: expected nothing, found Host(`x`)"]),
        ([router(rule="Host(`y`)")], ["north: rule: expected Host(`north`), found Host(`y`)"]),
        ([router(service="south-web@file")], ["north: service: expected north-web, found south-web"]),
        ([router(entry_points=[])], ["north: entry points: expected websecure, found nothing"]),
        ([router(middlewares=["limit"])], ["north: middlewares: expected headers, limit, found limit"]),
        (
            [router(status="disabled", errors=["no such service"])],
            ["north: expected one that is enabled, found no such service"],
        ),
    ],
)
def test_the_routers_of_an_edge(loaded: list[dict[str, Any]], says: list[str]) -> None:
    assert [str(one) for one in routers("n1", loaded, FILE)] == [f"router {sentence}" for sentence in says]
