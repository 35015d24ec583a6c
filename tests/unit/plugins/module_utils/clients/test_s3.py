# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong at an S3 endpoint becomes a typed error that names the object and no secret."""

from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients import errors
from ansible_collections.erpops.estate.plugins.module_utils.clients.s3 import S3Client
from botocore import exceptions

ENDPOINT = "https://127.0.0.1:1"


def answer(status: int, code: str) -> exceptions.ClientError:
    response = {"Error": {"Code": code, "Message": "said"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return exceptions.ClientError(response, "ListBuckets")


@pytest.mark.parametrize(
    ("raised", "expected", "found"),
    [
        pytest.param(answer(403, "AccessDenied"), errors.NotAuthorised, "AccessDenied: said", id="no permission"),
        pytest.param(answer(403, "InvalidAccessKeyId"), errors.NotAuthorised, "InvalidAccessKeyId", id="unknown key"),
        pytest.param(answer(409, "BucketAlreadyExists"), errors.Refused, "BucketAlreadyExists", id="taken"),
        pytest.param(exceptions.SSLError(endpoint_url=ENDPOINT, error="self-signed"), errors.NotTrusted, "", id="tls"),
        pytest.param(exceptions.ReadTimeoutError(endpoint_url=ENDPOINT), errors.TimedOut, "none", id="too slow"),
        pytest.param(
            exceptions.EndpointConnectionError(endpoint_url=ENDPOINT), errors.Unreachable, ENDPOINT, id="nobody there"
        ),
        pytest.param(OSError("no such file"), errors.NotTrusted, "no such file", id="no authority"),
    ],
)
def test_errors(monkeypatch: pytest.MonkeyPatch, raised: Exception, expected: type[Exception], found: str) -> None:
    canary = "canary-91c2"
    client = S3Client(ENDPOINT, ca_file="/nowhere/ca.crt", access_key="AKEY", secret_key=canary, login="north")

    def list_buckets() -> None:
        raise raised

    monkeypatch.setattr(client._s3, "list_buckets", list_buckets)
    with pytest.raises(expected) as caught:
        client.buckets()
    said = str(caught.value)
    assert f"S3 at {ENDPOINT} as north, list of buckets" in said
    assert found in said
    assert canary not in said
