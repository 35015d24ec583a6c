# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: change_gate
short_description: Ask whether a run may do what its plan says, now
version_added: "0.1.0"
description:
  - Answers on the controller with a verdict and all reasons, from what C(estate_governance) in the inventory names, the
    plan, approvals, the launcher, the ledger and the change lock; see C(docs/governance.md). Fails with a no.
  - The first task of a playbook that changes anything. In a play with C(serial) it is asked once for each batch, with
    O(done) growing.
  - A yes takes the estate's change lock, or renews it. The callback plugin P(erpops.estate.ledger#callback) gives it
    back when the run ends. Of a run that was killed it ends by itself.
  - Where no governance is configured, only V(development) passes, and says so.
  - C(estate_name), C(estate_environment), C(estate_governance), C(estate_host_survey) and variables whose names begin
    with C(gate_) are refused among extra variables; where changes are governed also templates, what says on which host
    a task is, C(estate_instances), and for the collection's playbooks whatever their headers do not name. Hand
    evidence, steps and clocks over under such names.
  - Its task is refused under C(no_log), which would hide the verdict from the ledger. Where C(ansible.cfg), a play or
    C(ANSIBLE_NO_LOG) may say so, give it C(no_log=false).
  - In check mode the verdict is only said, nothing is taken, and a no does not fail.
author:
  - erpops.estate contributors (@erpops)
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.attributes.controller
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  plan:
    description:
      - The plan as data, with C(change), C(playbook) and C(steps), and as known C(before), C(after), C(no_return),
        C(outage_seconds) and C(rollback_seconds). A step has C(name), C(hosts), C(instances), C(reason), C(seconds) and
        C(undo). In C(touches) it says which C(instances) and C(planes) it concerns; P(erpops.estate.change_plan#filter)
        makes those of the collection's playbooks.
      - Where C(estate), C(target), C(commit) or C(rollback) are left out they are those of the estate and the change.
      - Either this or O(plan_file).
    type: dict
  plan_file:
    description: File of JSON on the controller with the plan.
    type: path
  approved:
    description:
      - File of JSON on the controller with the plan that was approved, as O(dest) has left it. A plan that differs is
        refused, with what differs. Its estimates count, whatever has run since.
    type: path
  complete:
    description:
      - Complete the plan with the version of the collection, with the extra variables that the run was called with
        (C(change), C(plan) and C(break_glass) excepted, and the values of secrets), with the seconds that
        its steps took in earlier runs by the records of the ledger on this machine, and with what the last of those
        runs made of the estate. Runs of the same change do not count. Seconds that the plan itself gives are for what
        no run has done.
      - Take as O(evidence) and O(clocks), beside those that are given, what M(erpops.estate.pgbackrest_info) and
        M(erpops.estate.host_survey) have said of any host, registered as C(gate_backups) and C(gate_survey) or
        C(estate_host_survey), of other hosts by a loop over their names.
      - Where nothing is governed this happens in check mode only, and with O(approved). A plan that this module has
        returned is complete and stays as it is.
    type: bool
    default: false
  declared:
    description:
      - Add to C(after) a digest of what the inventory declares, secrets excepted, so that the plan is one of this
        inventory alone; with O(complete).
    type: bool
    default: false
  dest:
    description:
      - File on the controller that the whole plan is written to, for who shall approve it; in check mode, too, since it
        is no change of the estate.
      - A file with the plan by which a run of its change was stopped half way stays as it is, and by it this run goes
        on. Where this plan is another, another file has to be named.
    type: path
  done:
    description: Names of the steps of the plan that are done.
    type: list
    elements: str
    default: []
  break_glass:
    description: Why this run cannot wait for window or approvals. What it may skip, and who may, the policy says.
    type: str
  evidence:
    description: What was done and recorded before.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: One of V(backup), V(restore_test), V(rehearsal), V(scan), V(lower_ring_healthy).
        type: str
        required: true
      taken:
        description: When, with its zone, such as V(2026-11-23T22:00+01:00).
        type: str
        required: true
      ok:
        description: Whether it came out well.
        type: bool
        required: true
      instances:
        description: Which instances it is about; all of them where left out.
        type: list
        elements: str
        default: []
      since:
        description: Since when it has been true, where that matters.
        type: str
      reference:
        description: What it is called, for the record.
        type: str
        default: ""
      recovery_point:
        description:
          - Of a backup, the moment (with its zone) to which it and the WAL after it could restore. It may be no older
            than the RPO of a tier concerned; one that is unknown is too old.
        type: str
  clocks:
    description:
      - By host, by how many seconds its clock is ahead of the controller's, as M(erpops.estate.host_survey) says. A
        host of a step that is not done, and whose clock is not known, is refused.
    type: dict
    default: {}
  may_be_away:
    description:
      - Hosts of the plan that the playbook can do without. One of them that M(erpops.estate.host_survey) was to look
        at, as O(complete) takes it, and that did not answer is not refused because its clock is not known.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Ask whether this may run
  erpops.estate.change_gate:
    plan:
      change: "{{ change }}"
      playbook: rolling_restart
      steps:
        - {name: node1, hosts: [node1], seconds: 90}
        - {name: node2, hosts: [node2], seconds: 90}
    clocks: "{{ gate_clocks }}"
  no_log: false
  tags: [always]

- name: Ask again before the next batch
  erpops.estate.change_gate:
    plan: "{{ gate_plan }}"
    done: "{{ gate_done }}"
  no_log: false
"""

RETURN = r"""
verdict:
  description: The answer.
  returned: always
  type: dict
  contains:
    ok:
      description: Whether it may run.
      type: bool
    reasons:
      description: Everything against it, in sentences.
      type: list
      elements: str
    facts:
      description: What was counted and used, when the window closes, when the next one opens, who holds the lock.
      type: dict
plan:
  description: The plan, whole.
  returned: when there is one
  type: dict
steps:
  description: The plan in sentences.
  returned: when there is one
  type: list
  elements: str
digest:
  description: What identifies the plan, and is approved.
  returned: when there is one
  type: str
  sample: "sha256:9c1e6f0d8b1e4f9cb8a3e6a2f4d7c0b5e1a8d3f6c9b2e5a8d1f4c7b0e3a6d9f2"
evidence:
  description: What the record of the run keeps of it.
  returned: always
  type: list
  elements: dict
estimates:
  description:
    - How long each step (C(seconds), by its name) and the way back (C(rollback_seconds)) take by what is known here,
      whatever the plan's file says. The longer of both counts; the next question of this run takes it from the answer
      that was registered as C(gate_asked).
  returned: when there is one
  type: dict
verified:
  description:
    - What the ledger is known by now that it was found whole, for the next question of this run; empty where it was
      not, or where it was altered just before.
  returned: when there is one
  type: str
"""
