# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image registry (https://distribution.github.io/distribution/spec/api/)."""

from __future__ import annotations

from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Tls, request


class ImageRegistryClient:
    """Asks as anybody: without a login."""

    def __init__(self, address: str, *, tls: Tls, port: int = 5000, timeout: float = 5.0) -> None:
        self.what = f"image registry at {address}:{port}"
        self._base = f"https://{address}:{port}/v2/"
        self._tls = tls
        self._timeout = timeout

    def version_check(self) -> int:
        """Return the status of the API's version check: 200 for anybody, 401 where a login is asked for."""
        return request(self.what, "GET", self._base, tls=self._tls, timeout=self._timeout, accept=(401,)).status

    def start_upload(self) -> int:
        """Return the status of an anonymous attempt to begin a push; anything but 202 is a refusal."""
        answer = request(
            self.what,
            "POST",
            f"{self._base}erpops/health/blobs/uploads/",
            tls=self._tls,
            timeout=self._timeout,
            accept=(401, 403, 405),
            # That it is refused is the answer.
            asks=True,
        )
        return answer.status
