# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What signed checkpoints vouch for, wherever they are kept."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import datetime

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import MissingFile, NotSigned
from ansible_collections.erpops.estate.plugins.module_utils.clients.ledger_file import LedgerDirectory
from ansible_collections.erpops.estate.plugins.module_utils.clients.ssh_signature import Signer, SshSignatures
from ansible_collections.erpops.estate.plugins.module_utils.evidence import checkpoint
from ansible_collections.erpops.estate.plugins.module_utils.evidence.audit import Question, Vouched
from ansible_collections.erpops.estate.plugins.module_utils.evidence.chain import Anchor
from ansible_collections.erpops.estate.plugins.module_utils.evidence.tampering import Wrong
from ansible_collections.erpops.estate.plugins.module_utils.ledger.stored import Stored

CHECKPOINTS = "checkpoints"
# So many bad checkpoints are named; more say nothing new.
MOST_NAMED = 10


def newest(question: Question, ledger: Stored, findings: list[str]) -> tuple[Vouched, dict[int, Anchor]]:
    """Return the newest checkpoint with a good signature: it vouches for all that older ones vouch for."""
    found = sorted(checkpoints(question, ledger), key=lambda item: os.path.basename(item[1]), reverse=True)
    if found and not question.allowed_signers:
        findings.append("there are checkpoints, and no file of allowed signers to verify them with")
    if not found or not question.allowed_signers:
        return Vouched(), {}
    signatures = _signatures(question)
    for directory, name in found:
        try:
            made, signer = _judged(directory, name, question.estate, signatures)
        except (NotSigned, ValueError) as error:
            findings.append(f"checkpoint {os.path.join(directory.path, name)}: {error}")
            if len(findings) >= MOST_NAMED:
                break
            continue
        return Vouched(made.n, f"{signer.person} with key {signer.key}", made.at), {made.n: _anchor(made, signer)}
    return Vouched(), {}


def narrowed(question: Question, ledger: Stored, anchors: Mapping[int, Anchor]) -> Wrong | None:
    """Return what the older checkpoints tell: the first that does not fit, and the last that does, narrow it down.

    They are all compared, and of those only the two that count have their signatures verified.
    """
    claims: dict[int, tuple[LedgerDirectory, str]] = {}
    tried = dict(anchors)
    for directory, name in checkpoints(question, ledger):
        try:
            made = checkpoint.load(directory.get(name) or b"")
        except ValueError:
            continue
        claims[made.n] = (directory, name)
        tried.setdefault(made.n, Anchor(made.digest, "a checkpoint"))
    signatures = _signatures(question)
    for _round in range(MOST_NAMED):
        wrong = ledger.followed(tried).wrong
        if wrong is None:
            return None
        fitting = [number for number in sorted(tried) if number < wrong.entry][-1:]
        counting = [number for number in (*fitting, wrong.entry) if number in claims and number not in anchors]
        bad = [number for number in counting if not _is_signed(*claims[number], question.estate, signatures)]
        if not bad:
            return wrong
        for number in bad:
            del tried[number]
    return None


def checkpoints(question: Question, ledger: Stored) -> list[tuple[LedgerDirectory, str]]:
    """Return the checkpoints that there are, by the directory they lie in and their name."""
    places = dict.fromkeys(filter(None, (ledger.directory.path, question.bucket, question.checkpoints)))
    return [(directory, name) for directory in map(LedgerDirectory, places) for name in _statements(directory)]


def _is_signed(directory: LedgerDirectory, name: str, estate: str, signatures: SshSignatures) -> bool:
    try:
        _judged(directory, name, estate, signatures)
    except (NotSigned, ValueError):
        return False
    return True


def _anchor(made: checkpoint.Checkpoint, signer: Signer) -> Anchor:
    return Anchor(made.digest, f"the checkpoint signed by {signer.person}")


def _signatures(question: Question) -> SshSignatures:
    return SshSignatures(_content(question.allowed_signers), _content(question.revoked))


def _judged(
    directory: LedgerDirectory, name: str, estate: str, signatures: SshSignatures
) -> tuple[checkpoint.Checkpoint, Signer]:
    statement, signature = directory.get(name) or b"", directory.get(f"{name}.sig") or b""
    made = checkpoint.load(statement)
    if estate and made.estate != estate:
        raise ValueError(f"expected one of {estate}; found one of {made.estate}")
    # A key may have ended since: it counts as of when it signed.
    at = datetime.fromisoformat(made.at)
    return made, signatures.signer(statement, signature, namespace=checkpoint.NAMESPACE, at=at)


def _content(path: str) -> bytes:
    if not path:
        return b""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise MissingFile("file of keys", expected=path, found=str(error)) from error


def _statements(directory: LedgerDirectory) -> Iterator[str]:
    """Yield the checkpoints of a ledger's directory, or of a directory that holds nothing else."""
    yield from (name for name in directory.names(CHECKPOINTS) if name.endswith(".json"))
    yield from (
        name.removeprefix("./")
        for name in directory.names(".")
        if name.endswith(".json") and directory.get(f"{name}.sig") is not None
    )
