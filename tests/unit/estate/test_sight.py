"""The table of what runs where leaves nothing out, whatever a host answers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.estate.sight import rows

WANTED = {"etcd": "etcd", "traefik": "traefik"}


def entry(service: str, *reasons: str) -> dict[str, Any]:
    health = {"ok": not reasons, "reasons": list(reasons)}
    return {"service": service, "version": "1", "role": "member", "health": health}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"services": [entry("etcd"), entry("traefik")]}, {"etcd": "healthy", "traefik": "healthy"}),
        ({"services": [entry("etcd", "no quorum"), entry("traefik")]}, {"etcd": "no quorum", "traefik": "healthy"}),
        (
            {"services": [entry("etcd")]},
            {
                "etcd": "healthy",
                "traefik": "traefik: expected it on this host, found that it was never made; run its role",
            },
        ),
        ({"msg": "no route to host"}, {"": "no route to host"}),
        ({}, {"": "expected an answer, found none"}),
    ],
)
def test_rows(answer: dict[str, Any], expected: dict[str, str]) -> None:
    assert {row.service: row.health for row in rows("node1", answer, WANTED)} == expected


def test_a_host_on_which_nothing_was_made_has_a_row_for_everything() -> None:
    assert {row.service for row in rows("node1", {"services": []}, WANTED)} == set(WANTED)
