# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers out of service: comments in their own places, in a file that is otherwise as it was."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.erpops.estate.plugins.module_utils.policy import drained

# As the role traefik writes it, cut to its services.
WRITTEN = """\
http:
  services:
    north-gevent:
      loadBalancer:
        serversTransport: odoo
        servers:
          - url: http://172.30.77.11:8072
          - url: http://172.30.77.12:8072
    north-web:
      loadBalancer:
        serversTransport: odoo
        servers:
          - url: http://172.30.77.11:8069
          - url: http://172.30.77.12:8069
"""
B = "172.30.77.12"
OUT = drained.without(WRITTEN, B)


def served(text: str) -> set[str]:
    """Return the URLs that a reader of YAML finds in the file."""
    services = yaml.safe_load(text)["http"]["services"].values()
    return {server["url"] for service in services for server in service["loadBalancer"]["servers"] or ()}


def test_a_drained_host_is_served_by_no_service() -> None:
    assert served(OUT) == {"http://172.30.77.11:8069", "http://172.30.77.11:8072"}
    assert drained.drained(OUT) == {"http://172.30.77.12:8069", "http://172.30.77.12:8072"}
    assert drained.drained(WRITTEN) == frozenset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(drained.back(OUT, B), WRITTEN, id="back is as it was"),
        pytest.param(drained.without(OUT, B), OUT, id="twice is once"),
        pytest.param(drained.back(WRITTEN, B), WRITTEN, id="back in service twice"),
        pytest.param(drained.without(WRITTEN, "172.30.77.1"), WRITTEN, id="the beginning of an address is another"),
        pytest.param(drained.back(OUT, "172.30.77.11"), OUT, id="another host's return"),
    ],
)
def test_what_becomes_of_the_file(text: str, expected: str) -> None:
    assert text == expected


def test_two_hosts_are_drained_each_for_itself() -> None:
    both = drained.without(OUT, "172.30.77.11")
    assert served(both) == set()
    assert drained.back(both, "172.30.77.11") == OUT


def test_a_file_that_is_written_anew_keeps_what_is_drained() -> None:
    changed = WRITTEN.replace("odoo", "other")
    assert drained.carried_over(changed, OUT) == drained.without(changed, B)
    assert drained.carried_over(changed, WRITTEN) == changed
    assert drained.carried_over(changed, "") == changed


def test_a_server_that_is_gone_is_not_kept() -> None:
    alone = "".join(line for line in WRITTEN.splitlines(keepends=True) if B not in line)
    assert drained.carried_over(alone, OUT) == alone


def test_a_url_has_an_address_and_a_port() -> None:
    assert (drained.address_of("http://172.30.77.12:8069"), drained.port_of("http://172.30.77.12:8069")) == (B, 8069)
