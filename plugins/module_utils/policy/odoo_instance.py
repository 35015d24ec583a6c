# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an instance's database should hold, and how it differs from what it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# What sessions, attachments and jobs of the estate stand on; installed in every instance.
ESTATE_MODULES = ("erpops_attachment", "queue_job")
# Set once by the command that gives the administrator a login and a password.
ADMIN_MARK = "erpops.estate.administrator"
# Names of parameters that begin so decide what the estate stands on; all others Odoo and its users keep for themselves.
OWN = ("erpops.", "ir_attachment.", "report.", "web.base.url")
# Small images and assets stay in the database: they are read with every page, and they travel with its copies.
IN_DATABASE = '{"image/": 51200, "application/javascript": 0, "text/css": 0}'
STORAGE = "attachments"
# Of the request's storage, what is a column that can be compared.
STORAGE_COLUMNS = (
    "protocol",
    "options",
    "directory_path",
    "use_as_default_for_attachments",
    "force_db_for_default_attachment_rules",
)


@dataclass(frozen=True)
class Found:
    """What a look into the database told; an empty one has no modules."""

    modules: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    languages: Sequence[str] = ()
    storage: Mapping[str, Any] = field(default_factory=dict)
    strays: bool = False


def own_parameters(url: str) -> dict[str, str]:
    """Return the system parameters that follow from the estate."""
    return {
        "web.base.url": url,
        "web.base.url.freeze": "True",
        # wkhtmltopdf fetches style sheets from the process it was started by, whatever the edge does.
        "report.url": "http://127.0.0.1:8069",
        # Should the object storage's add-on ever be missing, attachments go where every node finds them.
        "ir_attachment.location": "db",
    }


def request(
    *, url: str, bucket: str, modules: Sequence[str], languages: Sequence[str], parameters: Mapping[str, str]
) -> dict[str, Any]:
    """Return what the instance should hold, in the form that the command in the image reads.

    ``parameters`` may add system parameters; it may not change those that the estate stands on.
    """
    own = own_parameters(url)
    taken = sorted(set(own) & set(parameters))
    if taken:
        raise ValueError(f"parameters: {', '.join(taken)} follow from the estate; leave them out")
    return {
        "modules": list(dict.fromkeys([*ESTATE_MODULES, *modules])),
        "languages": list(languages),
        "parameters": {**own, **parameters},
        "storage": {
            "code": STORAGE,
            "name": STORAGE,
            "protocol": "s3",
            # A listing that one process remembers hides what another one has written since.
            "options": '{"use_listings_cache": false}',
            "directory_path": bucket,
            "use_as_default_for_attachments": True,
            "force_db_for_default_attachment_rules": IN_DATABASE,
            # Both checks before every use cost more than they tell: one writes a marker, one lists the whole bucket.
            "check_connection_method": False,
        },
    }


def differences(wanted: Mapping[str, Any], found: Found) -> list[str]:
    """Return every difference as a sentence; none when there is nothing to do."""
    if not found.modules:
        return [f"make the database, with {', '.join(wanted['modules'])}"]
    return [*_modules(wanted, found), *_settings(wanted, found)]


def undeclared(wanted: Mapping[str, Any], found: Found) -> list[str]:
    """Return the names of parameters that are the estate's to say, and that it does not say."""
    known = {*wanted["parameters"], ADMIN_MARK}
    return sorted(name for name in found.parameters if name.startswith(OWN) and name not in known)


def _modules(wanted: Mapping[str, Any], found: Found) -> Iterator[str]:
    for name in wanted["modules"]:
        state = found.modules.get(name, "unknown")
        if state != "installed":
            yield f"install {name} (is {state})"
    for name, state in sorted(found.modules.items()):
        if state.startswith("to ") and name not in wanted["modules"]:
            yield f"finish {name} (is {state})"


def _settings(wanted: Mapping[str, Any], found: Found) -> Iterator[str]:
    if ADMIN_MARK not in found.parameters:
        yield "give the administrator login and password"
    for key, value in wanted["parameters"].items():
        if found.parameters.get(key) != value:
            yield f"set {key} to {value} (is {found.parameters.get(key, 'unset')})"
    for code in wanted["languages"]:
        if code not in found.languages:
            yield f"activate the language {code}"
    for column in STORAGE_COLUMNS:
        if found.storage.get(column) != wanted["storage"][column]:
            yield f"set {column} of the storage of attachments (is {found.storage.get(column, 'unset')})"
    if found.strays:
        yield "move attachments that are neither in the bucket nor meant for the database"
