# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who asks for a lock proves it as S3 expects, and shows no key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients import s3_lock
from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Answer
from ansible_collections.erpops.estate.plugins.module_utils.clients.s3_lock import Lock, Login, lock_of, signed

# The example of Amazon's documentation of the signature ("GET Bucket Lifecycle").
EXAMPLE = Login(
    "s3.amazonaws.com",
    443,
    "examplebucket",
    "us-east-1",
    "",
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    by_path=False,
)


def test_the_signature_is_the_one_that_amazon_documents() -> None:
    moment = datetime(2013, 5, 24, tzinfo=UTC)
    headers = signed(EXAMPLE, "GET", "examplebucket.s3.amazonaws.com", "/", now=moment, query="lifecycle=")
    assert headers["Authorization"].endswith(
        "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
    )
    assert headers["X-Amz-Date"] == "20130524T000000Z"


def test_a_login_shows_no_key() -> None:
    assert "EXAMPLE" not in repr(EXAMPLE)


@pytest.mark.parametrize(
    ("by_path", "port", "url"),
    [
        (True, 8333, "https://s3.amazonaws.com:8333/examplebucket/a%20b"),
        (False, 443, "https://examplebucket.s3.amazonaws.com/a%20b"),
    ],
)
@pytest.mark.parametrize(
    ("headers", "lock"),
    [
        (
            # Recorded from SeaweedFS 4.48, cut to what matters here.
            {
                "X-Amz-Object-Lock-Mode": "COMPLIANCE",
                "X-Amz-Object-Lock-Retain-Until-Date": "2026-12-07T04:54:53Z",
                "X-Amz-Version-Id": "67156c65730e10ec20b87cc26e4107c2",
            },
            Lock("COMPLIANCE", "2026-12-07T04:54:53Z", "67156c65730e10ec20b87cc26e4107c2"),
        ),
        ({}, Lock()),
    ],
)
def test_the_lock_is_in_the_headers(
    monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], lock: Lock, port: int, url: str, *, by_path: bool
) -> None:
    asked: list[str] = []

    def answer(what: str, method: str, asked_url: str, **_more: Any) -> Answer:
        asked.append(f"{method} {asked_url}")
        return Answer(what, 200, b"", headers)

    monkeypatch.setattr(s3_lock, "request", answer)
    login = Login(EXAMPLE.host, port, EXAMPLE.bucket, "us-east-1", "ca", "key", "secret", by_path=by_path)
    assert lock_of(login, "a b") == lock
    assert asked == [f"HEAD {url}"]
