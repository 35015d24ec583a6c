# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store is healthy when it knows every login of its own file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import NotAuthorised, Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.object_storage import read_identities
from ansible_collections.erpops.estate.plugins.module_utils.members import object_storage
from ansible_collections.erpops.estate.plugins.module_utils.members.object_storage import ObjectStorageMember

IDENTITIES = {
    "identities": [
        {"name": "admin", "credentials": [{"accessKey": "A", "secretKey": "s"}]},
        {"name": "instance-north", "credentials": [{"accessKey": "N", "secretKey": "s"}]},
        {"name": "instance-gone", "credentials": [], "disabled": True},
    ]
}


class Login:
    """A login at a store that knows only the keys in ``known``."""

    known: frozenset[str] = frozenset()

    def __init__(self, _endpoint: str, *, access_key: str, **_options: object) -> None:
        self._access_key = access_key

    def buckets(self) -> list[str]:
        if self._access_key not in self.known:
            raise NotAuthorised("S3", found="InvalidAccessKeyId: not in our records")
        return []


@pytest.mark.parametrize(
    ("known", "complaint"),
    [
        pytest.param("AN", "", id="all are known"),
        pytest.param("A", "login instance-north to be accepted, found InvalidAccessKeyId", id="not told about one"),
    ],
)
def test_health(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, known: str, complaint: str) -> None:
    path = tmp_path / "identities.json"
    path.write_text(json.dumps(IDENTITIES), encoding="utf-8")
    monkeypatch.setattr(object_storage, "anonymous_status", lambda *_arguments, **_options: 403)
    monkeypatch.setattr(object_storage, "S3Client", Login)
    monkeypatch.setattr(Login, "known", frozenset(known))
    params = {"endpoint": "https://s:8333", "ca_file": "/ca.crt", "identities_file": str(path)}
    verdict = ObjectStorageMember(params).health()
    assert verdict.ok is not bool(complaint)
    assert complaint in "; ".join(verdict.reasons)


def test_a_torn_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "identities.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(Refused, match=r"logins in .*identities.json; expected a JSON file"):
        read_identities(str(path))
