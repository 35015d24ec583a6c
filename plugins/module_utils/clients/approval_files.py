# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Approvals and launches as files: ``NAME.json`` is what was signed, ``NAME.json.sig`` the signature."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import NotSigned
from ansible_collections.erpops.estate.plugins.module_utils.clients.ssh_signature import SshSignatures
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.approvals import (
    NAMESPACES,
    Approval,
    approval,
)

LARGEST = 16 * 1024


def read(directory: str, plan: str, signatures: SshSignatures) -> tuple[tuple[Approval, ...], list[str]]:
    """Return what was decided and lies in a directory, and sentences about files that are none.

    Only those that name this plan are verified; the others come back as they are, and cannot count for it.
    """
    found: list[Approval] = []
    broken: list[str] = []
    for path in sorted(Path(directory).glob("*.json")):
        try:
            text = _content(path)
            one = approval(text, str(path))
        except (OSError, ValueError) as error:
            broken.append(f"approvals: {error}")
            continue
        found.append(replace(one, fault=_fault(path, text, one, signatures)) if one.plan == plan else one)
    return tuple(found), broken


def _fault(path: Path, text: bytes, one: Approval, signatures: SshSignatures) -> str:
    try:
        signatures.verify(text, _content(Path(f"{path}.sig")), person=one.person, namespace=NAMESPACES[one.decision])
    except FileNotFoundError:
        return f"{path.name}.sig is missing"
    except (NotSigned, OSError, ValueError) as error:
        return str(error)
    return ""


def _content(path: Path) -> bytes:
    with path.open("rb") as stream:
        content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"{path}: expected at most {LARGEST} bytes, found more")
    return content
