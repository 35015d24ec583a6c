# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The code of an image's modules by checksum, and what of it an instance's database was last upgraded to."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard, odoo_command
from ansible_collections.erpops.estate.plugins.module_utils.clients.docker_engine import Engine
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_records import has_table
from ansible_collections.erpops.estate.plugins.module_utils.policy.odoo_modules import Installed

CHECKSUM_SECONDS = 300

# Runs in the image, whose files nothing else can read. Files of the browser and of tests call for no upgrade, and of
# the translations only those of active languages do. Of several directories the first that has the module counts, as
# with Odoo itself.
CHECKSUMS = r"""
import hashlib, json, os, sys
paths, names, languages = sys.argv[1].split(","), json.loads(sys.argv[2]), set(json.loads(sys.argv[3]))
def files(root):
    for directory, below, found in os.walk(root):
        below[:] = sorted(name for name in below if name not in ("__pycache__", "static", "tests"))
        for name in sorted(found):
            kind = os.path.splitext(name)[1]
            language = os.path.splitext(name)[0]
            if kind in (".pyc", ".pot") or kind == ".po" and language not in languages:
                continue
            yield os.path.join(directory, name)
def checksum(root):
    total = hashlib.sha256()
    for path in files(root):
        with open(path, "rb") as stream:
            content = stream.read()
        total.update(f"{os.path.relpath(path, root)}\0{len(content)}\0".encode() + content)
    return total.hexdigest()
result = {}
for name in names:
    for path in paths:
        root = os.path.join(path, name)
        if os.path.isfile(os.path.join(root, "__manifest__.py")):
            result[name] = checksum(root)
            break
print(json.dumps(result))
"""

STATES = "SELECT name, state FROM ir_module_module"
NEEDS = """
SELECT m.name, d.name FROM ir_module_module_dependency d JOIN ir_module_module m ON m.id = d.module_id
WHERE m.state = 'installed'
"""
RECORDED = "SELECT module, checksum FROM erpops.module_code"
# The collection's own: Odoo never looks at it, and every dump and copy of the database carries it along.
TABLE = """
CREATE SCHEMA IF NOT EXISTS erpops;
CREATE TABLE IF NOT EXISTS erpops.module_code (
    module text PRIMARY KEY, checksum text NOT NULL, image text NOT NULL, upgraded_at timestamptz NOT NULL)
"""
WRITE = """
INSERT INTO erpops.module_code SELECT key, value, %s, now() FROM jsonb_each_text(%s::jsonb)
ON CONFLICT (module) DO UPDATE SET checksum = excluded.checksum, image = excluded.image, upgraded_at = now()
"""


def checksums(
    odoo: odoo_command.Odoo,
    addons_path: str,
    names: Collection[str],
    languages: Collection[str],
    *,
    container: str = "",
) -> dict[str, str]:
    """Return the checksum of every one of these modules that the image holds.

    ``container`` is one that runs the image now. Without it a container is made that has no network and no secret, and
    is removed again; in check mode too, but nothing is pulled for it then.
    """
    # A translation of fr_BE refines that of fr.
    wanted = sorted({*languages, *(language.partition("_")[0] for language in languages)})
    command = ["python3", "-c", CHECKSUMS, addons_path, json.dumps(sorted(names)), json.dumps(wanted)]
    printed = Engine().ask(container, command) if container else _printed(odoo, command)
    try:
        found: dict[str, str] = json.loads(printed.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise Refused(odoo.what, expected="checksums of the image's modules", found=printed[-500:]) from None
    return found


def _printed(odoo: odoo_command.Odoo, command: list[str]) -> str:
    if not guard.are_allowed() and not Engine().has_image(odoo.image):
        raise Refused(
            f"image {odoo.image}",
            expected="it on this host, since check mode pulls nothing",
            found="none",
            remedy="pull it with docker pull on this host and run again",
        )
    bare = replace(odoo, config_files={}, mounts={}, environment={}, network="none")
    with guard.asking():
        return odoo_command.execute(bare, command, timeout=CHECKSUM_SECONDS)


def look(database: Database) -> Installed:
    """Return what the database says of its modules; nothing where Odoo has not made it yet."""
    if not has_table(database, "ir_module_module"):
        return Installed({}, {})
    return Installed(
        states=dict(database.rows(STATES)),
        recorded=dict(database.rows(RECORDED)) if has_table(database, "erpops.module_code") else {},
        needs=[(str(module), str(needed)) for module, needed in database.rows(NEEDS)],
    )


def languages(database: Database) -> list[str]:
    """Return the languages that are active."""
    return [str(code) for (code,) in database.rows("SELECT code FROM res_lang WHERE active ORDER BY code")]


def record(database: Database, code: Mapping[str, str], image: str) -> None:
    """Write down the code that these modules were just upgraded to."""
    if code:
        database.run(TABLE)
        database.run(WRITE, image, json.dumps(dict(code)))


def record_new(database: Database, odoo: odoo_command.Odoo, addons_path: str, before: Installed) -> None:
    """Write down the code of the modules that were not installed ``before``."""
    new = sorted(set(look(database).installed) - set(before.installed))
    if new:
        record(database, checksums(odoo, addons_path, new, languages(database)), odoo.image)
