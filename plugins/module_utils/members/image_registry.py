# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image registry of this host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Tls
from ansible_collections.erpops.estate.plugins.module_utils.clients.image_registry import ImageRegistryClient
from ansible_collections.erpops.estate.plugins.module_utils.health.image_registry import judge
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.members.base import Solitary


class ImageRegistryMember(Solitary):
    """Needs ``address``, ``port`` and ``ca_file``; ``anonymous`` says whether anybody may pull."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._client = ImageRegistryClient(
            params["address"], port=int(params["port"]), tls=Tls(ca_file=params["ca_file"])
        )
        self._anonymous = bool(params["anonymous"])

    def health(self) -> Verdict:
        """Return whether it serves images and refuses pushes without a login."""
        return judge(
            self._client.what,
            version_check=self._client.version_check(),
            upload=self._client.start_upload(),
            anonymous=self._anonymous,
        )
