# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the change gate: gathers what it has to be told, and keeps what follows from a yes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import approval_files
from ansible_collections.erpops.estate.plugins.module_utils.clients.awx import AwxClient
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, MissingFile, Refused
from ansible_collections.erpops.estate.plugins.module_utils.evidence.audit import Question
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import REVIEWED
from ansible_collections.erpops.estate.plugins.module_utils.governance import half_way
from ansible_collections.erpops.estate.plugins.module_utils.governance.copy import end
from ansible_collections.erpops.estate.plugins.module_utils.governance.laid_down import Laid, laid_down
from ansible_collections.erpops.estate.plugins.module_utils.governance.state import ChangeState, Seen
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.ledger import unaltered
from ansible_collections.erpops.estate.plugins.module_utils.ledger.settings import load
from ansible_collections.erpops.estate.plugins.module_utils.ledger.verify import verify
from ansible_collections.erpops.estate.plugins.module_utils.policy.change import asking, awx, kept
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.approvals import Approval, Asked, as_dict
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.gate import verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.going_on import going_on
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.kept import Governed
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.launch import launched
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import UNKNOWN, Estimates, Plan
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.planned import completed
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.review import Closed, Reviewed, reviewed
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import (
    Governance,
    Launcher,
    Ran,
    Recorder,
    Review,
    Run,
)


@dataclass(frozen=True)
class Recorded:
    """What the callback says of this run; ``configuration`` is the file that says where the ledger is.

    ``verified`` is what the ledger was known by when this run last found it whole, empty where it has not yet.
    """

    loaded: bool = False
    run: str = ""
    spool: bool = False
    configuration: str = ""
    fault: str = ""
    verified: str = ""


@dataclass(frozen=True)
class Asking:
    """A run that asks. ``governance`` says where it lies: ``directory``, ``owners``, ``approvals``, ``cache``, ``awx``.

    ``approved`` is the plan of the file that was approved, where one was handed over, ``begun`` the one by which the
    change stands half way, where it is at hand. ``objections`` is what stands against the run already, ``away`` are
    hosts that did not answer and need not, ``job`` is the number of AWX's job, 0 outside of AWX. ``check`` asks only:
    nothing is taken or kept. ``behind`` is why this machine's copy of the ledger may lack what others have written.
    ``known`` is how long the plan takes by what is known here.
    """

    estate: str
    environment: str
    governance: Mapping[str, Any]
    plan: Mapping[str, Any]
    recorded: Recorded
    approved: Plan | None = None
    begun: Plan | None = None
    objections: Sequence[str] = ()
    done: Sequence[str] = ()
    break_glass: str | None = None
    evidence: Sequence[Mapping[str, Any]] = ()
    clocks: Mapping[str, float] = field(default_factory=dict)
    away: frozenset[str] = frozenset()
    job: int = 0
    check: bool = False
    behind: str = ""
    known: Estimates = UNKNOWN


@dataclass(frozen=True)
class Answer:
    """The verdict, and what it is about; ``verified`` is for the next question of the same run."""

    verdict: Verdict
    plan: Plan
    launcher: Launcher = field(default_factory=Launcher)
    approvals: tuple[Approval, ...] = ()
    done: tuple[str, ...] = ()
    verified: str = ""

    def evidence(self) -> list[dict[str, Any]]:
        """Return what the record of the run keeps."""
        found, plan = self.verdict, {**self.plan.as_dict(), "digest": self.plan.digest}
        judged = {"ok": found.ok, "reasons": list(found.reasons), "change": self.plan.change, **found.facts}
        # By what was done when it was asked, the next plan knows how long each step takes.
        judged["done"] = list(self.done)
        launcher = {"person": self.launcher.person, "proof": self.launcher.proof}
        pieces = {"plan": plan, "verdict": judged, "launcher": launcher}
        # Those for other plans that lie about are none of this run's business.
        mine = [as_dict(one) for one in self.approvals if one.plan == self.plan.digest]
        return [{"kind": kind, "data": data} for kind, data in pieces.items()] + [{"kind": "approvals", "data": mine}]


@dataclass(frozen=True)
class _Known:
    """What the estate keeps, where it could be asked; ``fault`` is why it could not.

    ``waiting`` is what this machine keeps for it meanwhile.
    """

    state: ChangeState | None = None
    seen: Seen = field(default_factory=Seen)
    waiting: ChangeState | None = None
    fault: str = ""


def answer(question: Asking, now: datetime) -> Answer:
    """Return what the gate says; with a yes the lock is taken, and commit and review are kept."""
    known, done = _known(question), tuple(question.done)
    if not question.governance.get("directory"):
        plan = _plan(question, None)
        objections = (*question.objections, *asking.altered(question.approved, plan))
        judged = asking.ungoverned(plan, question.environment, known.seen.governed, objections, now)
        return Answer(judged, plan, done=done)
    laid = laid_down(
        str(question.governance["directory"]),
        str(question.governance.get("owners") or ""),
        change_id=str(question.plan.get("change") or ""),
        now=now,
        newest=known.seen.governed.commit,
        cache=question.governance.get("cache"),
    )
    plan = _plan(question, laid.governance)
    approvals, unread = _approvals(question, plan.digest, laid)
    # What is about other changes belongs to other runs.
    approvals = tuple(one for one in approvals if one.change == plan.change)
    launcher, more = _launched(question, plan, laid.governance, approvals, _begun(question, known.seen, now))
    approvals = (*approvals, *more)
    looked_at = _reviewed(question, plan, laid, known.seen, now)
    recorder, verified = _recorder(question, now)
    ordinary = question.break_glass is None
    run = Run(
        plan=plan,
        now=now,
        launcher=launcher,
        owner=kept.owner_of(launcher.person, question.recorded.run),
        approvals=approvals,
        evidence=asking.evidence_of(question.evidence),
        under_way=half_way.others(question.recorded.configuration, laid.governance, plan),
        begun=half_way.since(question.recorded.configuration, plan.change),
        reviews=looked_at.open,
        recorder=recorder,
        lock=kept.lock_of(known.seen.lock),
        done=frozenset(question.done),
        break_glass=question.break_glass,
        known=question.known,
        clocks=question.clocks,
        away=question.away,
        lock_fault=known.fault,
        unread=tuple(unread),
        objections=(
            *question.objections,
            *asking.undone(plan, done),
            *asking.misused(plan),
            *asking.altered(question.approved, plan),
            *asking.relabelled(known.seen.governed, question.environment),
            *asking.elsewhere(plan, question.estate, question.environment),
            *(looked_at.refused if ordinary else ()),
        ),
    )
    judged = _with_copy(verdict(laid.governance, run), question, known.fault)
    if judged.ok and not question.check:
        judged = _kept(judged, question, run, known, looked_at)
    return Answer(judged, plan, launcher, approvals, done, verified)


def _plan(question: Asking, governance: Governance | None) -> Plan:
    plan = completed(question.plan, governance, estate=question.estate, environment=question.environment)
    return going_on(plan, question.begun) if question.begun else plan


def _known(question: Asking) -> _Known:
    """Ask what the estate keeps; a run that nobody records, and that is refused for it, has no place to look in."""
    if not question.recorded.configuration:
        return _Known()
    waiting = None
    try:
        settings = load(question.recorded.configuration)
        if settings.estate != question.estate:
            raise Refused(
                question.recorded.configuration,
                expected=f"the ledger of {question.estate}",
                found=f"that of {settings.estate}",
                remedy="name the configuration that belongs to this estate",
            )
        waiting = ChangeState(settings.waiting(), question.estate)
        state = ChangeState(settings.keys(), question.estate)
        return _Known(state, _seen(state, waiting, check=question.check), waiting)
    except ClientError as error:
        return _Known(waiting=waiting, fault=str(error))


def _seen(state: ChangeState, waiting: ChangeState, *, check: bool) -> Seen:
    """Return what stands there, with reviews that have waited on this machine: who does not only ask opens them."""
    left = waiting.seen().reviews
    if check:
        seen = state.seen()
        return replace(seen, reviews=(*seen.reviews, *left))
    for one in left:
        state.open_review(one.review)
        waiting.close([one])
    return state.seen()


def _approvals(question: Asking, plan: str, laid: Laid) -> tuple[tuple[Approval, ...], list[str]]:
    directory = question.governance.get("approvals")
    return approval_files.read(str(directory), plan, laid.signatures) if directory else ((), [])


def _begun(question: Asking, seen: Seen, now: datetime) -> datetime:
    """Return since when this run has the lock: a signed launch is for the start, and a run may take longer than it."""
    mine = seen.lock and kept.owned_by(seen.lock, question.recorded.run) and not seen.lock.expired(now)
    return seen.lock.taken if seen.lock and mine else now


def _launched(
    question: Asking, plan: Plan, governance: Governance, given: Sequence[Approval], begun: datetime
) -> tuple[Launcher, list[Approval]]:
    """Return who launched the run, and what AWX knows of approvals; the two ways are never mixed."""
    found = governance.changes.get(plan.change)
    asked = Asked(
        plan=plan.digest,
        change=plan.change,
        estate=plan.estate,
        environment=plan.target.environment,
        requester=found.requester if found else "",
        launcher="",
    )
    if question.job:
        return _by_awx(AwxClient.of(question.governance["awx"]), question.job, asked, governance)
    launcher, refused = launched([one for one in given if one.plan == plan.digest], asked, begun)
    return replace(launcher, refused=tuple(refused)), []


def _by_awx(client: AwxClient, number: int, asked: Asked, governance: Governance) -> tuple[Launcher, list[Approval]]:
    job = client.job(number)
    part_of = awx.workflow_of(job)
    if part_of is None:
        return awx.launched(job, None, governance.people), []
    workflow = client.workflow_job(part_of)
    records = [client.workflow_approval(one) for one in awx.approval_nodes(client.workflow_nodes(part_of))]
    launcher = awx.launched(job, workflow, governance.people)
    return launcher, awx.approvals(workflow, records, asked, governance.people)


def _reviewed(question: Asking, plan: Plan, laid: Laid, seen: Seen, now: datetime) -> Reviewed:
    # What is being run so again is not closed by who looked at it before.
    own = "" if question.break_glass is None else plan.digest
    reviews = [standing.review for standing in seen.reviews if standing.review.plan != own]
    documents = [one for review in reviews for one in _approvals(question, review.plan, laid)[0]]
    governance = laid.governance
    rule = governance.policy.break_glass.get(question.environment)
    return reviewed(reviews, documents, rule, governance.people, now)


def _recorder(question: Asking, now: datetime) -> tuple[Recorder, str]:
    recorded = question.recorded
    fault, verified = _ledger(question, now) if recorded.loaded else (recorded.fault, "")
    return Recorder(recorded.loaded, recorded.spool, fault), verified


def _ledger(question: Asking, now: datetime) -> tuple[str, str]:
    """Return what is wrong with the ledger, or else what it is known by now that it was found whole.

    Where nothing was altered since this run last did, nothing is read again. etcd's head was compared when this run's
    own entry was added.
    """
    try:
        known = load(question.recorded.configuration)
        asked = Question(known.directory, known.allowed_signers, known.revoked, estate=known.estate)
        mark = unaltered.mark(asked, now)
        if mark and mark == question.recorded.verified:
            return "", mark
        report = verify(asked)
    except MissingFile as error:
        return "" if question.check else str(error), ""
    except ClientError as error:
        return str(error), ""
    faults = [*([report.wrong.sentence] if report.wrong else []), *report.findings]
    return (f"{'; '.join(faults)} ({known.file().path})", "") if faults else ("", mark)


def _with_copy(judged: Verdict, question: Asking, fault: str) -> Verdict:
    """Say where the copy of the ledger ends, where more may have been written."""
    why, configuration = question.behind or fault, question.recorded.configuration
    if not (why and configuration):
        return judged
    try:
        return replace(judged, facts={**judged.facts, "copy": f"{end(configuration)}, since {why}"})
    except (ClientError, ValueError):
        return judged


def _kept(judged: Verdict, question: Asking, run: Run, known: _Known, looked_at: Reviewed) -> Verdict:
    """Take the lock and keep what follows; where somebody was faster the answer is no."""
    if known.state is None:
        return _kept_here(judged, question, run, known)
    try:
        lease = known.state.lock(kept.lock_wanted(run.plan, run.owner, run.done, run.now, run.known))
        known.state.govern(Governed(judged.facts["commit"], run.plan.target.environment), known.seen)
        if judged.facts.get("review"):
            known.state.open_review(_review(judged, question, run))
        if looked_at.closed:
            _close(known.state, question, known.seen, looked_at.closed)
    except ClientError as error:
        return Verdict.of([*judged.reasons, f"lock: {error}"], **judged.facts)
    closed = [one.fields() for one in looked_at.closed]
    facts = {"lock": f"{lease.owner} until {lease.expires.isoformat()}", "reviews_closed": closed}
    return replace(judged, facts={**judged.facts, **facts})


def _kept_here(judged: Verdict, question: Asking, run: Run, known: _Known) -> Verdict:
    """Keep the review until etcd answers. Break-glass alone comes here: what mends etcd cannot wait for it."""
    facts = {**judged.facts, "lock": f"not taken: {known.fault}"}
    if known.waiting is None:
        return Verdict.of([f"review: expected a place where it can wait, found {known.fault}"], **facts)
    try:
        known.waiting.open_review(_review(judged, question, run))
    except ClientError as error:
        return Verdict.of([f"review: expected to wait on this machine, found {error}"], **facts)
    return replace(judged, facts={**facts, "review": {**facts["review"], "waits": True}})


def _review(judged: Verdict, question: Asking, run: Run) -> Review:
    ran = Ran(run.launcher.person, question.recorded.run, run.break_glass or "")
    due = datetime.fromisoformat(judged.facts["review"]["due"])
    return Review(run.plan.change, (ran,), run.now, due, run.plan.digest)


def _close(state: ChangeState, question: Asking, seen: Seen, closed: Sequence[Closed]) -> None:
    """Have the ledger say of each review who closed it, and when, before nobody can see any more that there was one."""
    ledger = load(question.recorded.configuration).ledger()
    for one in closed:
        ledger.append({**one.fields(), "event": REVIEWED, "run": question.recorded.run})
    reviews = [one.review for one in closed]
    state.close(standing for standing in seen.reviews if standing.review in reviews)
