#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: odoo_module
short_description: Install modules of an Odoo instance and upgrade those whose code changed
version_added: "0.1.0"
description:
  - Compares the code of every installed module in the image with its code at its last upgrade, by checksum, and
    upgrades what changed and what depends on it. Where nothing changed, Odoo is not started.
  - Files of the browser and of tests, and translations into languages that are not active, call for no upgrade.
  - The checksums are kept in the instance's database, in a schema of their own, and travel with its copies.
  - An upgrade never lets users wait for long, see O(lock_timeout) and O(block_limit). One that is ended is rolled back,
    and the module fails.
  - Code is read in the instance's own web container where that runs the image, and else in a container that has no
    network and no secret and is removed again.
  - An upgrade works in a container of its own. Processes that run take over what changed in the database, but their
    code is that of their image.
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.odoo
attributes:
  check_mode:
    support: partial
    details: Nothing is pulled. An image other than that of the running web container has to be on the host already, and
      its code is read in a container that is removed again.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  modules:
    description: Modules to have installed. Modules beyond these are left alone.
    type: list
    elements: str
    default: []
  upgrade:
    description: Whether installed modules are upgraded where their code changed.
    type: bool
    default: true
  adopt:
    description:
      - Whether installed modules of whose last upgrade nothing is recorded are taken for what the image holds, and are
        recorded so. Otherwise they are upgraded.
      - Say it once for a database that was made elsewhere and is known to be at this code.
    type: bool
    default: false
  image:
    description: Image whose code counts, by digest. By default that of the instance's web container on this host.
    type: str
    default: ""
  lock_timeout:
    description:
      - Seconds, from 1 to 60, that the upgrade waits for any lock in the database. Whoever waits behind it waits as
        long.
    type: int
    default: 5
  block_limit:
    description: Seconds, from 1 to 600, that any other connection may wait for the upgrade before it is ended.
    type: int
    default: 10
  timeout:
    description: Seconds the whole work may take.
    type: int
    default: 1800
author:
  - erpops.estate contributors (@erpops)
"""

EXAMPLES = r"""
- name: See what a release would upgrade in north
  erpops.estate.odoo_module:
    name: north
    image: registry.example.com/erpops/odoo@sha256:0f1d...
  check_mode: true
  register: release
  run_once: true

- name: Have quotations, and upgrade what changed
  erpops.estate.odoo_module:
    name: north
    modules: [sale_management]
  run_once: true
"""

RETURN = r"""
evidence:
  description: What the record of the run keeps of it, where the run is recorded.
  returned: success
  type: list
  elements: dict
plan:
  description: What was done, or in check mode would be done, with which module and why.
  returned: success
  type: list
  elements: dict
  contains:
    module:
      description: The module.
      type: str
      returned: always
    act:
      description: V(install), V(upgrade), or V(record) for one that was only adopted.
      type: str
      returned: always
    why:
      description: The reason.
      type: str
      returned: always
  sample:
    - module: sale
      act: upgrade
      why: its code changed since its last upgrade, from 5c1f0a9be233 to 90aa17c6ed01
image:
  description: Image whose code was compared.
  returned: success
  type: str
longest_wait:
  description: Seconds that another connection waited for the upgrade at most.
  returned: success
  type: float
error:
  description: The kind of failure, for who has to tell them apart, such as V(unreachable) or V(refused).
  returned: failure
  type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard, odoo_code, odoo_upgrade
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_host import HOST_SPEC, OdooHost
from ansible_collections.erpops.estate.plugins.module_utils.evidence.declared import settings
from ansible_collections.erpops.estate.plugins.module_utils.policy import odoo_modules as policy
from ansible_collections.erpops.estate.plugins.module_utils.policy import shown

ARGUMENT_SPEC: dict[str, Any] = {
    **HOST_SPEC,
    "modules": {"type": "list", "elements": "str", "default": []},
    "upgrade": {"type": "bool", "default": True},
    "adopt": {"type": "bool", "default": False},
    "image": {"type": "str", "default": ""},
    "lock_timeout": {"type": "int", "default": 5},
    "block_limit": {"type": "int", "default": 10},
    "timeout": {"type": "int", "default": 1800},
}


def converge(params: dict[str, Any], *, check: bool) -> dict[str, Any]:
    """Return the module's result."""
    policy.check_bounds(params["lock_timeout"], params["block_limit"])
    host = OdooHost(params["name"], params["directory"])
    wanted = params["modules"]
    odoo = host.command(f"code of {host.name}", image=params["image"])

    def code_of(names: list[str]) -> dict[str, str]:
        with host.look() as database:
            languages = odoo_code.languages(database)
        running = host.running(odoo.image)
        return odoo_code.checksums(odoo, host.settings().addons_path, names, languages, container=running)

    with host.look() as database:
        found = odoo_code.look(database)
    code = code_of([*found.installed, *wanted])
    refusals = policy.objections(wanted, found, code)
    if refusals:
        raise ValueError("; ".join(refusals))
    steps = policy.plan(wanted, found, code, upgrade=params["upgrade"], adopt=params["adopt"])
    install, upgrade = policy.acting(steps, policy.INSTALL), policy.acting(steps, policy.UPGRADE)
    longest, evidence = 0.0, []
    if not check and (install or upgrade):
        longest = odoo_upgrade.change(
            host,
            install=install,
            upgrade=upgrade,
            image=odoo.image,
            **{name: params[name] for name in ("lock_timeout", "block_limit", "timeout")},
        )
    if not check and steps:
        with host.database() as database:
            after = odoo_code.look(database)
            done = policy.settled(steps, found, after)
            odoo_code.record(database, code_of(done), odoo.image)
            after = odoo_code.look(database)
        evidence = settings(f"{host.name} module", policy.described(done, found), policy.described(done, after))
    return {
        "changed": bool(steps),
        "plan": [step.as_dict() for step in steps],
        "diff": shown.steps(f"{step.module}: {step.act}, {step.why}" for step in steps),
        "image": odoo.image,
        "evidence": evidence,
        "longest_wait": round(longest, 2),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    guard.writes(allowed=not module.check_mode)
    try:
        module.exit_json(**converge(module.params, check=module.check_mode))
    except ClientError as error:
        module.fail_json(**error.as_result())
    except ValueError as error:
        module.fail_json(msg=str(error), error="invalid")


if __name__ == "__main__":
    main()
