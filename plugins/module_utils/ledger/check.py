# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verification as a playbook asks for it: what is not said is what this machine's configuration says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.ledger_file import LedgerDirectory
from ansible_collections.erpops.estate.plugins.module_utils.evidence.audit import Question, Report
from ansible_collections.erpops.estate.plugins.module_utils.evidence.chain import Anchor
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import digest, parse
from ansible_collections.erpops.estate.plugins.module_utils.ledger.settings import Settings, load
from ansible_collections.erpops.estate.plugins.module_utils.ledger.verify import verify
from ansible_collections.erpops.estate.plugins.module_utils.service.program import archive

PROGRAM = "ansible_collections.erpops.estate.plugins.module_utils.ledger.verify"


def check(given: Mapping[str, Any], *, dry: bool = False) -> tuple[Report, bool]:
    """Verify, and leave the program where it is asked for; return the report and whether the program is new."""
    known = None if given["ledger"] else load(given["configuration"])
    line = known.fetch() if known and given["fetch"] else b""
    number, anchor = _last(line)
    report = verify(question(given, known), head=anchor, head_n=number)
    return report, _left(given["program"], dry=dry) if given["program"] else False


def question(given: Mapping[str, Any], known: Settings | None) -> Question:
    """Return what is to be verified against what."""
    asked = {entry.name: given[entry.name] for entry in fields(Question) if given.get(entry.name)}
    if known:
        settings = {
            "ledger": known.directory,
            "estate": known.estate,
            "allowed_signers": known.allowed_signers,
            "revoked": known.revoked,
        }
        asked = {**settings, **asked}
    return Question(**asked)


def _last(line: bytes) -> tuple[int, Anchor | None]:
    if not line:
        return 0, None
    try:
        return parse(line).n, Anchor(digest(line), "etcd")
    except ValueError as error:
        raise Refused("head of the ledger in etcd", found=str(error), remedy="see who wrote it") from error


def _left(path: str, *, dry: bool) -> bool:
    place, content = LedgerDirectory(""), archive(PROGRAM)
    if place.get(path) == content:
        return False
    if not dry:
        guard.about_to_write(path, "a new program")
        place.put(path, content)
    return True
