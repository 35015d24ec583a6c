# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What who launches a run may say by extra variables, which win over whatever inventory and playbook say.

Where a run is governed, a playbook of the collection takes nothing but what its header documents: any other name would
alter what the playbook works with behind the plan that it shows to the gate.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.seen import SURVEYS
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import listed

# What says where a run is and by what it is governed: the inventory's word, not that of who launches.
GUARDED = ("estate_name", "estate_environment", "estate_governance")
# What a playbook hands to the gate goes by such names.
GUARDED_PREFIX = "gate_"
# Of what a role takes, that by which a plan says whom it touches.
TOUCHED = ("estate_instances",)
# What only names the plan: none of it may decide what is done.
NAMING = frozenset({"change", "plan", "break_glass", "change_plan"})
# Beside those, what a playbook takes; a test compares this with its header.
KNOBS: Mapping[str, tuple[str, ...]] = {
    "site": (),
    "rolling_restart": ("restart_services",),
    "switchover": ("switchover_to",),
    "host_out": ("out_host", "out_minutes", "out_owner", "out_reason"),
    "host_in": ("out_abandon", "out_force", "out_host", "out_owner"),
    "drill": ("drill_instance", "drill_result", "drill_scenario"),
}
# It takes all that roles document, too: the plan has each value, or, of what is in the inventory, its digest.
OF_ROLES = "site"
# By what somebody is let in on a host; where that host is, the inventory says.
LOGIN = frozenset(
    f"ansible_{name}"
    for name in (
        "become_pass",
        "become_password",
        "password",
        "private_key_file",
        "ssh_pass",
        "ssh_password",
        "ssh_private_key_file",
        "ssh_user",
        "user",
    )
)
# Ansible's own, which say on which host a task is and what else there is.
MAGIC = frozenset({"groups", "group_names", "hostvars", "item", "omit", "play_hosts", "playbook_dir", "role_path"})
MAGIC_PREFIXES = ("ansible_", "inventory_")
# What AWX adds to each job: by awx_meta_vars() of its models, and of a launch by webhook.
OF_AWX = frozenset(
    f"{prefix}_{name}"
    for prefix in ("awx", "tower")
    for name in (
        "execution_node",
        "inventory_id",
        "inventory_name",
        "job_id",
        "job_launch_type",
        "job_scm_branch",
        "job_template_id",
        "job_template_name",
        "parent_job_schedule_id",
        "parent_job_schedule_name",
        "project_revision",
        "project_scm_branch",
        "schedule_id",
        "schedule_name",
        "user_email",
        "user_first_name",
        "user_id",
        "user_last_name",
        "user_name",
        "webhook_event_guid",
        "webhook_event_ref",
        "webhook_event_type",
        "webhook_payload",
        "webhook_status_api",
        "workflow_job_id",
        "workflow_job_launch_type",
        "workflow_job_name",
    )
)
# By what Ansible knows a template: what it makes of it may be another thing each time, and the plan has its text alone.
TEMPLATES = ("{{", "{%", "{#", "#jinja2:")


def overridden(extra: Collection[str]) -> list[str]:
    """Return what is objected to variables that no run may be given, governed or not."""
    return _found(name for name in extra if _guarded(name))


def objected(extra: Mapping[str, Any], playbook: str, roles: Collection[str], *, job: bool) -> list[str]:
    """Return what else is objected to the variables of a governed run.

    ``playbook`` is the one that asks, ``roles`` are the names of all that roles document. In a ``job`` of AWX its own
    names are among them.
    """
    names = [
        name for name in extra if not _guarded(name) and name not in NAMING | LOGIN and not left_out(name, job=job)
    ]
    if playbook not in KNOBS:
        # What else somebody's own playbook works with is theirs to know.
        return [*_found(name for name in names if name in TOUCHED or _magic(name)), *_templates(extra)]
    known = {*KNOBS[playbook], *(set(roles) - {*TOUCHED, *GUARDED} if playbook == OF_ROLES else ())}
    odd = sorted(set(names) - known)
    allowed = [*KNOBS[playbook], *(("variables of roles",) if playbook == OF_ROLES else ())]
    said = f"variables: expected none for {playbook} but {listed([*allowed, 'change', 'plan', 'break_glass'])}"
    refused = [f"{said}, found {listed(odd)}; say it in the inventory, where it is meant"] if odd else []
    return [*refused, *_templates(extra)]


def left_out(name: str, *, job: bool) -> bool:
    """Return whether a variable is no part of a plan: it names the plan, or AWX gave it to its job."""
    return name in NAMING or (job and name in OF_AWX)


def _guarded(name: str) -> bool:
    return name in (*GUARDED, *SURVEYS) or name.startswith(GUARDED_PREFIX)


def _magic(name: str) -> bool:
    return name in MAGIC or name.startswith(MAGIC_PREFIXES)


def _found(names: Iterable[str]) -> list[str]:
    found = sorted(names)
    if not found:
        return []
    return [f"variables: expected {listed(found)} from inventory and playbook, found among the extra variables"]


def _templates(extra: Mapping[str, Any]) -> list[str]:
    found = sorted(name for name, value in extra.items() if any(_template(text) for text in _texts(value)))
    if not found:
        return []
    said = "variables: expected values, found templates"
    return [f"{said} in {listed(found)}; write what they stand for: a plan has to say what it is called with"]


def _template(text: str) -> bool:
    return any(mark in text for mark in TEMPLATES)


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a value, keys included."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for inner in value:
            yield from _texts(inner)
    else:
        # What is encrypted shows itself so, too.
        yield str(value)
