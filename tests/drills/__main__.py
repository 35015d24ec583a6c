"""Runs drills on the running estate under load and keeps what came of them: ``python -m tests.drills``.

Ends with 1 where one did not come out as it must. A drill that was refused keeps no result and ends with 2.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.drill_plan import VICTIMS, Members
from ansible_collections.erpops.estate.plugins.module_utils.policy.drills import SCENARIOS

from tests.drills import results, volume
from tests.estate import site
from tests.estate.daemons import Etcd, Patroni
from tests.estate.wait import until_whole
from tests.estate.world import Estate
from tests.lab import paths
from tests.load.load import Load

DRILL, SWITCHOVER = "erpops.estate.drill", "erpops.estate.switchover"
FAILED, REFUSED = 1, 2
# Where PostgreSQL has its data from.
DATA = "/var/lib/erpops/patroni/data"


class Refusal(AssertionError):
    """The drill did not take place."""


def arrange(estate: Estate, name: str) -> None:
    """Bring PostgreSQL's leader and etcd's together or apart where a scenario is about that, and what a fault needs."""
    at = SCENARIOS[name].at
    if SCENARIOS[name].fault == "wrong_clock":
        site.module("odoo", "ansible.builtin.apt", {"name": "libfaketime", "update_cache": True})
    if not at.startswith("postgresql leader with"):
        return
    leader = Patroni(estate).leader()
    status = Etcd(estate).status()
    etcd = next(host for host, said in status.items() if said["header"]["member_id"] == said["leader"])
    together = at == "postgresql leader with etcd's"
    if (leader == etcd) != together:
        others = [host for host in status if (host == etcd) == together]
        site.run("-e", f"switchover_to={others[0]}", playbook=SWITCHOVER)


@contextmanager
def volumes(estate: Estate, name: str) -> Iterator[None]:
    """Let whom a drill strikes keep its data on a volume of its own, where it fills one."""
    with ExitStack() as taken_back:
        if SCENARIOS[name].fault == "disk_full":
            asked = site.module("all", "erpops.estate.service_info")
            members = Members({host: answer.get("services") or [] for host, answer in asked.items()})
            for victim in VICTIMS[SCENARIOS[name].at][0](members):
                taken_back.enter_context(volume.of_its_own(estate.host(victim), "patroni", DATA))
            until_whole(estate)
        yield


def drill(estate: Estate, name: str, instance: str) -> dict[str, Any]:
    """Do one drill under the usual load and return what is kept of it."""
    until_whole(estate)
    arrange(estate, name)
    with tempfile.TemporaryDirectory() as directory, volumes(estate, name):
        file = Path(directory) / "result.json"
        with Load(estate, estate.instance(instance)) as load:
            done = site.run(
                "-e", f"drill_scenario={name}", "-e", f"drill_result={file}", "-e", f"drill_instance={instance}",
                check=False, playbook=DRILL,
            )  # fmt: skip
        if not file.exists():
            raise Refusal(f"{name}: {done.output}")
        kept = json.loads(file.read_text(encoding="utf-8"))
    result = load.result()
    print(result.summary(), flush=True)
    data = result.data()
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "struck": [each["host"] for each in kept["strikes"]],
        **kept["run"],
        "load": {
            "seconds": data["seconds"],
            "requests": sum(figures["requests"] for figures in data["streams"].values()),
            "failed": data["failed"],
            "orders": data["orders"],
            "longest_gap_seconds": data["longest_gap_seconds"],
            "unknown_there": len(result.truth.unknown.there),
            "unknown_absent": len(result.truth.unknown.absent),
            "untrue": result.truth.faults,
        },
    }


def main() -> int:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m tests.drills", description="Drills on the lab, under load.")
    parser.add_argument("scenario", nargs="*", choices=[[], *SCENARIOS], help="which (default: all)")
    parser.add_argument("--times", type=int, default=0, help="how often each (default: as its verdict needs)")
    parser.add_argument("--instance", default="north", help="whose users (default: %(default)s)")
    options = parser.parse_args()
    estate, status = Estate.load(), 0
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=paths.ROOT, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    for name in options.scenario or SCENARIOS:
        for _time in range(options.times or SCENARIOS[name].repeat):
            try:
                entry = results.keep(name, commit, drill(estate, name, options.instance))
            except Refusal as refusal:
                print(refusal, flush=True)
                status = max(status, REFUSED)
                break
            print(f"{name}: {json.dumps(entry['verdict'])}", flush=True)
        else:
            status = max(status, 0 if entry["verdict"]["ok"] else FAILED)
    return status


if __name__ == "__main__":
    sys.exit(main())
