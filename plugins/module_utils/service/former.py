# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that this host has a record of and is no longer to have."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.docker_engine import Engine
from ansible_collections.erpops.estate.plugins.module_utils.service.overview import Service, services
from ansible_collections.erpops.estate.plugins.module_utils.service.record import DIRECTORY, Record


@dataclass(frozen=True)
class Former:
    """The services to be removed, and whose none is left: an instance of Odoo, by its name."""

    services: tuple[Service, ...]
    subjects: tuple[str, ...]


def former(kind: str, wanted: Collection[str], directory: str = DIRECTORY) -> Former:
    """Return what this host has of services of a kind, those it is to have left out."""
    known = [service for service in services(directory=directory) if service.kind == kind]
    found = tuple(service for service in known if service.name not in wanted)
    kept = {_subject(service) for service in known if service not in found}
    return Former(found, tuple(sorted({_subject(service) for service in found} - kept - {""})))


def remove(found: Former, configuration: str = "", directory: str = DIRECTORY) -> None:
    """Stop and remove their containers, then what was configured for their subjects, then what tells of them.

    ``configuration`` is the directory that has one for each subject. The records go last: the next run finds by them
    what an interrupted one has left.
    """
    engine = Engine()
    for service in found.services:
        if engine.observe(service.name).container:
            engine.remove(service.name)
    for subject in found.subjects if configuration else ():
        path = os.path.join(configuration, subject)
        guard.about_to_write(path, "nothing")
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(path)
    for service in found.services:
        Record(service.name, directory).forget()


def _subject(service: Service) -> str:
    return str(service.params.get("service", ""))
