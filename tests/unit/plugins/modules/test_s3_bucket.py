# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module looks at every bucket before it changes one, and changes none in check mode."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.bucket import Bucket, Retention
from ansible_collections.erpops.estate.plugins.modules import s3_bucket


class Endpoint:
    """Buckets in memory; every request that changes one is written down, and refused when it must not come."""

    def __init__(self, *buckets: Bucket, writable: bool = True) -> None:
        self.buckets = {bucket.name: bucket for bucket in buckets}
        self.writable = writable
        self.requests: list[str] = []

    def bucket(self, name: str) -> Bucket | None:
        return self.buckets.get(name)

    def create(self, name: str, *, object_lock: bool) -> None:
        self._write(f"create {name} lock={object_lock}")

    def set_versioning(self, name: str, *, enabled: bool) -> None:
        self._write(f"versioning {name} {enabled}")

    def set_retention(self, name: str, retention: Retention | None) -> None:
        self._write(f"retention {name} {retention.days if retention else 0}")

    def _write(self, request: str) -> None:
        assert self.writable, f"expected nothing to be changed, found the request {request!r}"
        self.requests.append(request)


def converge(
    monkeypatch: pytest.MonkeyPatch, endpoint: Endpoint, *buckets: dict[str, Any], check: bool
) -> dict[str, Any]:
    defaults = {"versioning": True, "object_lock": False, "retention_mode": None, "retention_days": None}
    monkeypatch.setattr(s3_bucket, "S3Client", lambda *_arguments, **_options: endpoint)
    params = {"endpoint": "https://s:8333", "ca_file": "", "access_key": "", "secret_key": ""}
    return s3_bucket.converge({**params, "buckets": [defaults | bucket for bucket in buckets]}, check=check)


BACKUPS = {"name": "backups", "retention_mode": "COMPLIANCE", "retention_days": 14}
FILES = {"name": "files"}
PROVEN = (
    Bucket("backups", versioning=True, object_lock=True, retention=Retention("COMPLIANCE", 14)),
    Bucket("files", versioning=True),
)


def test_what_is_missing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = Endpoint()
    result = converge(monkeypatch, endpoint, BACKUPS, FILES, check=False)
    assert result["changed"]
    assert endpoint.requests == [
        "create backups lock=True",
        "retention backups 14",
        "create files lock=False",
        "versioning files True",
    ]
    assert result["diff"]["before"] == {}


def test_what_is_as_it_should_be_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    result = converge(monkeypatch, Endpoint(*PROVEN, writable=False), BACKUPS, FILES, check=False)
    assert (result["changed"], result["actions"]) == (False, [])
    assert result["diff"]["before"] == result["diff"]["after"]


def test_check_mode_says_what_a_run_does_and_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    check = converge(monkeypatch, Endpoint(writable=False), BACKUPS, FILES, check=True)
    run = converge(monkeypatch, Endpoint(), BACKUPS, FILES, check=False)
    assert check == run


def test_one_bucket_that_cannot_be_mended_stops_all(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = Endpoint(Bucket("backups", versioning=True), writable=False)
    with pytest.raises(ValueError, match="bucket backups: expected object lock, found a bucket without"):
        converge(monkeypatch, endpoint, FILES, BACKUPS, check=False)
