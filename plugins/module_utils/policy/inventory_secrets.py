# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges the images and the secrets of an inventory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.declared_services import OWN_IMAGES
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import (
    ESTATE_GROUP,
    Finding,
    Inventory,
    listed,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_stores import backed_up_here
from ansible_collections.erpops.estate.plugins.module_utils.policy.names import nearest

# By digest, or by the id of an image that was loaded from an archive.
DIGEST = re.compile(r"([^@\s]+@)?sha256:[0-9a-f]{64}")
IMAGES = {
    "etcd": "etcd",
    "patroni": "postgresql",
    "redis": "redis",
    "edge": "traefik",
    "object_storage": "object_storage",
    "image_registry": "image_registry",
    "odoo": "odoo",
}
SECRETS: dict[str, tuple[str, ...]] = {
    ESTATE_GROUP: ("certificates_ca_passphrase",),
    "patroni": (
        "patroni_superuser_password",
        "patroni_replication_password",
        "patroni_rewind_password",
        "patroni_rest_password",
    ),
    "redis": (
        "redis_sentinel_admin_password",
        "redis_sentinel_replication_password",
        "redis_sentinel_sentinel_password",
    ),
    "object_storage": ("object_storage_admin_access_key", "object_storage_admin_secret_key"),
}
# Of members that archive; where nothing is backed up nothing has to be kept secret.
BACKUP_SECRETS = ("backup_cipher_passphrase", "backup_s3_access_key", "backup_s3_secret_key")
# The login of the backups, by the variable that may give the estate's own store another one.
STORE_SECRETS = {
    "object_storage_backup_access_key": "backup_s3_access_key",
    "object_storage_backup_secret_key": "backup_s3_secret_key",
}
# Known by name even where no role has them as a variable of its own.
SECRET_NAMES = (*(name for names in SECRETS.values() for name in names), *BACKUP_SECRETS)
INSTANCE_SECRETS = (
    "database_password",
    "redis_password",
    "s3_access_key",
    "s3_secret_key",
    "admin_password",
    "master_password",
)
# Only where a mail server asks for it.
OPTIONAL_INSTANCE_SECRETS = ("mail_password",)
VAULT = "Set it in a file that ansible-vault encrypts"


def image_name_findings(inventory: Inventory) -> Iterator[Finding]:
    """Find images of services that do not exist."""
    images = inventory.shared("estate_images", {})
    where = inventory.where("estate_images")
    if not isinstance(images, Mapping):
        yield Finding(where, "estate_images", "it is not a mapping", "Write one image by name of service")
        return
    for name in images:
        if name not in IMAGES.values():
            remedy = nearest(str(name), IMAGES.values()) or f"Known are {listed(sorted(IMAGES.values()))}"
            yield Finding(where, f"estate_images.{name}", "no service has this name", remedy)


def image_findings(inventory: Inventory, group: str) -> Iterator[Finding]:
    """Find a group's image missing, or named by a tag where only a digest is the same everywhere."""
    images = inventory.shared("estate_images", {})
    name = IMAGES.get(group)
    if not name or not inventory.members(group) or not isinstance(images, Mapping):
        return
    where = inventory.where("estate_images")
    image = str(_own_image(inventory, group) or images.get(name) or "")
    if not image:
        problem = f"the group {group} has hosts and no image to run"
        yield Finding(where, f"estate_images.{name}", problem, "Set it to registry/repository@sha256:digest")
    elif inventory.environment() != "development" and not DIGEST.fullmatch(image):
        yield Finding(
            where,
            f"estate_images.{name}",
            f"{image!r} is named by tag and estate_environment is {inventory.environment()}",
            "Name it by digest, as registry/repository@sha256:digest; a tag may mean another image tomorrow",
        )


def _own_image(inventory: Inventory, group: str) -> Any:
    # Roles that take an image of their own: a registry cannot serve the one it runs from.
    values = inventory.values(f"{group}_image", inventory.members(group)) if group in OWN_IMAGES else ()
    return next((value for _host, value in values), None)


def secret_findings(inventory: Inventory, group: str) -> Iterator[Finding]:
    """Find secrets that a group's services will need and nobody has set."""
    hosts = inventory.estate_hosts() if group == ESTATE_GROUP else inventory.members(group)
    for name in SECRETS.get(group, ()):
        yield from _missing(inventory, name, group, hosts)
    if group == "patroni":
        archiving = dict(inventory.values("patroni_archive_enabled", hosts))
        for name in BACKUP_SECRETS:
            yield from _missing(inventory, name, group, [host for host in hosts if archiving.get(host, True)])
    if group == "object_storage" and backed_up_here(inventory):
        # Its role reads there what is otherwise read on the members.
        for own, name in STORE_SECRETS.items():
            yield from _missing(
                inventory, name, group, [host for host in hosts if is_empty(inventory.hosts.get(host, {}).get(own))]
            )
    if group == "odoo" and hosts:
        yield from _instance_secrets(inventory)


def _missing(inventory: Inventory, name: str, group: str, hosts: list[str]) -> Iterator[Finding]:
    if name in inventory.unresolved:
        return
    without = [host for host in hosts if is_empty(inventory.hosts.get(host, {}).get(name))]
    if without:
        where = inventory.where(name, f"group {group}")
        on = "" if len(without) == len(hosts) else f" on {listed(without)}"
        yield Finding(where, name, f"this secret is not set{on}", VAULT)


def _instance_secrets(inventory: Inventory) -> Iterator[Finding]:
    variable = "estate_instance_secrets"
    instances = inventory.shared("estate_instances", [])
    if variable in inventory.unresolved or not isinstance(instances, list):
        return
    where = inventory.where(variable)
    secrets = inventory.shared(variable, {})
    if not isinstance(secrets, Mapping):
        yield Finding(where, variable, "it is not a mapping", "Write one mapping of secrets by name of instance")
        return
    names = [str(item.get("name", "")) for item in instances if isinstance(item, Mapping)]
    for name in dict.fromkeys(names):
        own = secrets.get(name)
        own = own if isinstance(own, Mapping) else {}
        missing = [key for key in INSTANCE_SECRETS if is_empty(own.get(key))]
        if missing:
            yield Finding(where, f"{variable}.{name}", f"{listed(missing)} not set", VAULT)
        for key in own:
            known = (*INSTANCE_SECRETS, *OPTIONAL_INSTANCE_SECRETS)
            if key not in known:
                remedy = nearest(str(key), known) or f"Known are {listed(known)}"
                yield Finding(where, f"{variable}.{name}.{key}", "no secret has this name", remedy)
    for name in secrets:
        if name not in names:
            remedy = nearest(str(name), names) or "Remove it, or add the instance to estate_instances"
            yield Finding(where, f"{variable}.{name}", "there is no instance of this name", remedy)


def is_empty(value: Any) -> bool:
    """Return whether a secret has no value."""
    return value is None or (isinstance(value, str) and not value.strip())
