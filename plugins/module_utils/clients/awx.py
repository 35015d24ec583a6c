# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWX's API (https://ansible.readthedocs.io/projects/awx/en/24.6.1/rest_api/), read only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import MissingFile, Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Tls, request

# As many as one page of an answer may hold.
PAGE = 200


class AwxClient:
    """Asks one AWX; the token needs no right but to read jobs and workflows."""

    def __init__(self, url: str, *, ca_file: str, token: str) -> None:
        self.what = f"AWX at {url}"
        self._base = f"{url.rstrip('/')}/api/v2"
        self._tls = Tls(ca_file)
        self._headers = {"Authorization": f"Bearer {token}"}

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> AwxClient:
        """Return the client that ``url``, ``ca_file`` and ``token_file`` describe."""
        try:
            with open(params["token_file"], encoding="utf-8") as stream:
                token = stream.read().strip()
        except OSError as error:
            raise MissingFile("token of AWX", expected=params["token_file"], found=str(error)) from error
        return cls(params["url"], ca_file=params["ca_file"], token=token)

    def job(self, number: int) -> Mapping[str, Any]:
        """Return the record of a job."""
        return self._get(f"jobs/{number}/")

    def workflow_job(self, number: int) -> Mapping[str, Any]:
        """Return the record of a workflow's run."""
        return self._get(f"workflow_jobs/{number}/")

    def workflow_nodes(self, number: int) -> Sequence[Mapping[str, Any]]:
        """Return the nodes of a workflow's run."""
        answer = self._get(f"workflow_jobs/{number}/workflow_nodes/?page_size={PAGE}")
        if answer.get("next"):
            found = f"{answer.get('count')}"
            raise Refused(f"workflow job {number} of {self.what}", expected=f"at most {PAGE} nodes", found=found)
        nodes: Sequence[Mapping[str, Any]] = answer.get("results", [])
        return nodes

    def workflow_approval(self, number: int) -> Mapping[str, Any]:
        """Return the record of a node of approval."""
        return self._get(f"workflow_approvals/{number}/")

    def _get(self, path: str) -> Mapping[str, Any]:
        answer = request(self.what, "GET", f"{self._base}/{path}", tls=self._tls, headers=self._headers, timeout=15.0)
        found = answer.json()
        if not isinstance(found, Mapping):
            raise Refused(self.what, expected=f"a record at {path}", found=answer.text())
        return found
