# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An object store asked without a login, and the file that names the logins it should know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Tls, request


@dataclass(frozen=True)
class Identity:
    """One login of the store."""

    name: str
    access_key: str
    secret_key: str


def anonymous_status(endpoint: str, *, tls: Tls, timeout: float = 5.0) -> int:
    """Return the status of a list of buckets asked for without a login."""
    what = f"S3 at {endpoint} without a login"
    return request(what, "GET", endpoint + "/", tls=tls, timeout=timeout, accept=(401, 403)).status


def read_identities(path: str) -> list[Identity]:
    """Return the logins in the store's own file, which only root and the store can read."""
    try:
        with open(path, encoding="utf-8") as stream:
            data: Mapping[str, Any] = json.load(stream)
    except (OSError, ValueError) as error:
        raise Refused(f"logins in {path}", expected="a JSON file", found=str(error)) from error
    return [
        Identity(entry["name"], credential["accessKey"], credential["secretKey"])
        for entry in data["identities"]
        for credential in entry["credentials"]
    ]
