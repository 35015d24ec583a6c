# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook drift hands over to be judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.gathered import NAMES, gathered
from ansible_collections.erpops.estate.plugins.plugin_utils.inventory_reader import plain


def drift_seen(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> dict[str, Any]:
    """Return by host what the tasks of the playbook were told."""
    found = {}
    for host in hosts:
        told = {name: hostvars[host][name] for name in NAMES if name in hostvars[host]}
        try:
            found[str(host)] = gathered(plain(told), yaml.safe_load)
        except (AttributeError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
            raise AnsibleFilterError(f"drift_seen: {host}: {type(error).__name__} {error}") from error
    return found


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return what Jinja2 may call."""
        return {"drift_seen": drift_seen}
