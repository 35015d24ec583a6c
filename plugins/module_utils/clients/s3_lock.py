# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an object in a bucket is locked, asked with the login that wrote it.

The standard library alone (AWS signature version 4): a member of PostgreSQL has no other client of S3.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Tls, request

NOTHING = hashlib.sha256(b"").hexdigest()
SIGNED = "host;x-amz-content-sha256;x-amz-date"


@dataclass(frozen=True)
class Login:
    """A bucket and how it is entered; ``by_path`` where its name is no part of the host's."""

    host: str
    port: int
    bucket: str
    region: str
    ca_file: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    by_path: bool = True


@dataclass(frozen=True)
class Lock:
    """The newest version of an object: until when nobody can remove it, in which mode; "" where there is no lock."""

    mode: str = ""
    until: str = ""
    version: str = ""


def lock_of(login: Login, key: str) -> Lock:
    """Return the lock on the newest version of an object; a login that may not see locks sees none."""
    host = login.host if login.by_path else f"{login.bucket}.{login.host}"
    if login.port != 443:
        host += f":{login.port}"
    path = quote(f"/{login.bucket}/{key}" if login.by_path else f"/{key}")
    headers = signed(login, "HEAD", host, path, now=datetime.now(UTC))
    what = f"object {key} of bucket {login.bucket} at {host}"
    answer = request(what, "HEAD", f"https://{host}{path}", tls=Tls(login.ca_file), headers=headers)
    found = {name.lower(): value for name, value in answer.headers.items()}
    return Lock(
        found.get("x-amz-object-lock-mode", ""),
        found.get("x-amz-object-lock-retain-until-date", ""),
        found.get("x-amz-version-id", ""),
    )


def signed(login: Login, method: str, host: str, path: str, *, now: datetime, query: str = "") -> dict[str, str]:
    """Return the headers that prove who asks."""
    moment = f"{now:%Y%m%dT%H%M%SZ}"
    head = f"host:{host}\nx-amz-content-sha256:{NOTHING}\nx-amz-date:{moment}\n"
    canonical = "\n".join([method, path, query, head, SIGNED, NOTHING])
    scope = f"{now:%Y%m%d}/{login.region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{login.secret_key}".encode()
    for word in scope.split("/"):
        key = hmac.digest(key, word.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = f"Credential={login.access_key}/{scope}, SignedHeaders={SIGNED}, Signature={signature}"
    return {
        "Authorization": f"AWS4-HMAC-SHA256 {credential}",
        "X-Amz-Content-SHA256": NOTHING,
        "X-Amz-Date": moment,
    }
