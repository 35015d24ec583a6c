# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The object store of this host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import NotAuthorised
from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Tls
from ansible_collections.erpops.estate.plugins.module_utils.clients.object_storage import (
    Identity,
    anonymous_status,
    read_identities,
)
from ansible_collections.erpops.estate.plugins.module_utils.clients.s3 import S3Client
from ansible_collections.erpops.estate.plugins.module_utils.health.object_storage import judge
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.members.base import Solitary


class ObjectStorageMember(Solitary):
    """Needs ``endpoint``, ``ca_file`` and ``identities_file``."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._endpoint = str(params["endpoint"])
        self._ca_file = str(params["ca_file"])
        self._identities_file = str(params["identities_file"])

    def health(self) -> Verdict:
        """Return whether it lists nothing to strangers and something to each login: the answer comes from the filer.

        Each login is tried because a store that was not told about a new one answers all the others.
        """
        status = anonymous_status(self._endpoint, tls=Tls(ca_file=self._ca_file))
        refused = {
            identity.name: answer
            for identity in read_identities(self._identities_file)
            if (answer := self._refusal(identity))
        }
        return judge(f"S3 at {self._endpoint}", anonymous_status=status, refused=refused)

    def _refusal(self, identity: Identity) -> str:
        client = S3Client(
            self._endpoint,
            ca_file=self._ca_file,
            access_key=identity.access_key,
            secret_key=identity.secret_key,
            login=identity.name,
            timeout=5.0,
        )
        try:
            client.buckets()
        except NotAuthorised as error:
            return error.found
        return ""
