# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which values of a record the recorder and the gate make themselves; the others lose the values of secrets.

A secret is the value of whatever is called so, and who runs a playbook can call anything so: with
``-e cover_token=succeeded`` the outcome of his own run would be blank. What is ours has no secret in it and stays. What
is not named here is text of others: what is new in a record or a verdict is looked through until somebody knows better.
"""

from __future__ import annotations

from ansible_collections.erpops.estate.plugins.module_utils.evidence.redaction import OWN, TEXT, Shape


def _shape(own: str, text: str = "", **others: Shape) -> dict[str, Shape]:
    return {**dict.fromkeys(own.split(), OWN), **dict.fromkeys(text.split(), TEXT), **others}


# The names of a plan's steps are what the gate counts as done; of its states two are the gate's own word.
PLAN = _shape(
    "format change playbook estate target commit no_return outage_seconds rollback_seconds digest",
    "given before rollback",
    after=_shape("collection inventory"),
    steps=_shape("name hosts instances seconds", "reason undo"),
)
VERDICT = _shape(
    "ok at change plan commit done governed rules approvals closes next_opening skipped review reviews_closed",
    # Sentences, and names that people gave: they may quote anything.
    "reasons approvals_refused evidence frozen break_glass beside waivers lock copy",
    about=_shape("kind environment instances requester risk", "title reason"),
)
APPROVAL = _shape("format decision person change plan estate environment given expires", "where fault")
# As tasks declare it: who made the rest of it is not known.
VERIFICATION = _shape("", "name ok details")
RECORD = _shape(
    # What was declared was looked through before hosts were named in it.
    "format run estate playbook started ended seconds outcome change plan_digest hosts spent before after verification",
    origin=_shape("account host from awx_job launcher", "limit tags"),
    plan=PLAN,
    approvals=APPROVAL,
    verdicts=VERDICT,
    steps=_shape("action started seconds ok skipped changed failed unreachable", "play task"),
    failures=_shape("host ignored", "task message"),
)
