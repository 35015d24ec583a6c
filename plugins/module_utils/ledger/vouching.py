# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What signed checkpoints vouch for, wherever they are kept."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class _Claim:
    """What a file says that may be a checkpoint; whether anybody signed it is another question."""

    directory: LedgerDirectory
    name: str
    statement: bytes
    made: checkpoint.Checkpoint

    def signer(self, estate: str, signatures: SshSignatures) -> Signer:
        """Return who signed it; raise where nobody has who may, or where it is one of another estate."""
        if estate and self.made.estate != estate:
            raise ValueError(f"expected one of {estate}; found one of {self.made.estate}")
        signature = self.directory.get(f"{self.name}.sig") or b""
        # A key may have ended since: it counts as of when it signed.
        at = datetime.fromisoformat(self.made.at)
        return signatures.signer(self.statement, signature, namespace=checkpoint.NAMESPACE, at=at)

    def is_signed(self, estate: str, signatures: SshSignatures) -> bool:
        """Return whether anybody signed it who may."""
        try:
            self.signer(estate, signatures)
        except (NotSigned, ValueError):
            return False
        return True


def newest(question: Question, ledger: Stored, findings: list[str]) -> tuple[Vouched, dict[int, Anchor]]:
    """Return the newest checkpoint with a good signature: it vouches for all that older ones vouch for.

    Which is the newest their statements say, which are signed. Whoever may only write files gives them any name.
    """
    found = checkpoints(question, ledger)
    if found and not question.allowed_signers:
        findings.append("there are checkpoints, and no file of allowed signers to verify them with")
    if not found or not question.allowed_signers:
        return Vouched(), {}
    signatures = _signatures(question)
    for claim in _newest_first(found, findings):
        try:
            signer, made = claim.signer(question.estate, signatures), claim.made
        except (NotSigned, ValueError) as error:
            _find(findings, claim.directory, claim.name, error)
            if len(findings) >= MOST_NAMED:
                break
            continue
        return Vouched(made.n, f"{signer.person} with key {signer.key}", made.at), {made.n: _anchor(made, signer)}
    return Vouched(), {}


def narrowed(question: Question, ledger: Stored, anchors: Mapping[int, Anchor]) -> Wrong | None:
    """Return what the older checkpoints tell: the first that does not fit, and the last that does, narrow it down.

    They are all compared, and of those only the two that count have their signatures verified.
    """
    claims: dict[int, _Claim] = {}
    tried = dict(anchors)
    for directory, name in checkpoints(question, ledger):
        try:
            claim = _claim(directory, name)
        except ValueError:
            continue
        # Of several about one entry the first one's digest counts, so it is the first one's signature, too.
        claims.setdefault(claim.made.n, claim)
        tried.setdefault(claim.made.n, Anchor(claim.made.digest, "a checkpoint"))
    signatures = _signatures(question)
    for _round in range(MOST_NAMED):
        wrong = ledger.followed(tried).wrong
        if wrong is None:
            return None
        fitting = [number for number in sorted(tried) if number < wrong.entry][-1:]
        counting = [number for number in (*fitting, wrong.entry) if number in claims and number not in anchors]
        bad = [number for number in counting if not claims[number].is_signed(question.estate, signatures)]
        if not bad:
            return wrong
        for number in bad:
            del tried[number]
    return None


def checkpoints(question: Question, ledger: Stored) -> list[tuple[LedgerDirectory, str]]:
    """Return the checkpoints that there are, by the directory they lie in and their name."""
    places = dict.fromkeys(filter(None, (ledger.directory.path, question.bucket, question.checkpoints)))
    return [(directory, name) for directory in map(LedgerDirectory, places) for name in _statements(directory)]


def _newest_first(found: Sequence[tuple[LedgerDirectory, str]], findings: list[str]) -> list[_Claim]:
    """Return what can be read, by the entry that each is about; say what cannot, and what lies under another name."""
    claims = []
    for directory, name in found:
        try:
            claim = _claim(directory, name)
        except ValueError as error:
            _find(findings, directory, name, error)
            continue
        claims.append(claim)
        if os.path.basename(name) != claim.made.name:
            # No writer leaves it so: an old one that is called like the newest is there to be taken for it.
            _find(findings, directory, name, f"expected {claim.made.name}; it is about entry {claim.made.n}")
    return sorted(claims, key=lambda claim: claim.made.n, reverse=True)


def _claim(directory: LedgerDirectory, name: str) -> _Claim:
    statement = directory.get(name) or b""
    return _Claim(directory, name, statement, checkpoint.load(statement))


def _find(findings: list[str], directory: LedgerDirectory, name: str, why: object) -> None:
    if len(findings) < MOST_NAMED:
        findings.append(f"checkpoint {os.path.join(directory.path, name)}: {why}")


def _anchor(made: checkpoint.Checkpoint, signer: Signer) -> Anchor:
    return Anchor(made.digest, f"the checkpoint signed by {signer.person}")


def _signatures(question: Question) -> SshSignatures:
    return SshSignatures(_content(question.allowed_signers), _content(question.revoked))


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
