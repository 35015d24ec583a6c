"""``.lab/estate.json``: how any client finds its way in the estate. Secrets are named by file, never written in it."""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.lab import inventory, paths
from tests.lab.plan import USER, Lab


def write(lab: Lab) -> dict[str, Any]:
    """Write everything down for clients of the estate."""
    content = describe(lab)
    paths.write(paths.ESTATE_JSON, json.dumps(content, indent=2) + "\n")
    return content


def describe(lab: Lab) -> dict[str, Any]:
    """The content of estate.json, from the inventory alone."""
    return {
        "virtual_ip": lab.virtual_ip,
        "ca_file": str(paths.CA_FILE),
        "hosts": [
            {
                "name": machine.name,
                "address": lab.address(machine),
                "user": USER,
                "ssh_key_file": str(paths.SSH_KEY),
                "groups": list(machine.groups),
            }
            for machine in lab.machines
        ],
        "instances": [_instance(declared) for declared in inventory.instances()],
    }


def write_api_key(instance: str, key: str) -> None:
    """Keep an API key made for an instance where estate.json says it is."""
    paths.private_directory(paths.SECRETS / instance)
    paths.write_private(paths.SECRETS / instance / "api_key", key + "\n")


def _instance(declared: dict[str, Any]) -> dict[str, Any]:
    # Importable once the checkout is linked as the collection it is.
    paths.link_source()
    if str(paths.SOURCE_TREE) not in sys.path:
        sys.path.insert(0, str(paths.SOURCE_TREE))
    from ansible_collections.erpops.estate.plugins.filter.estate import instances

    instance = instances([declared])[0]
    return {
        **{key: instance[key] for key in ("name", "url", "database", "admin_login")},
        "admin_password_file": str(paths.SECRETS / instance["name"] / "admin_password"),
        "api_key_file": str(paths.SECRETS / instance["name"] / "api_key"),
    }
