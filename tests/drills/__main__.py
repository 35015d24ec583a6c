"""Runs drills on the running estate under load and keeps what came of them: ``python -m tests.drills``.

Ends with 1 where one did not come out as it must. A drill that was refused keeps no result and ends with 2, and so does
everything where the code is not committed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.drill_plan import VICTIMS, Members
from ansible_collections.erpops.estate.plugins.module_utils.policy.drills import SCENARIOS

from tests import kept
from tests.drills import bare, results, volume
from tests.estate import site
from tests.estate.daemons import TIMER, Etcd, Patroni
from tests.estate.wait import until_whole
from tests.estate.world import Estate
from tests.load.load import Load

DRILL, SWITCHOVER, STATUS = "erpops.estate.drill", "erpops.estate.switchover", "erpops.estate.status"
FAILED, REFUSED = 1, 2
# As many are used up at least in a drill about WAL.
SEGMENTS = 10
# Where PostgreSQL has its data from, and its WAL.
DATA = "/var/lib/erpops/patroni/data"
WAL = f"{DATA}/17/pg_wal"


class Refusal(AssertionError):
    """The drill did not take place."""


@contextmanager
def arranged(estate: Estate, name: str) -> Iterator[None]:
    """Bring PostgreSQL's leader and etcd's together or apart where a scenario is about that, and what a fault needs.

    Together they do not stay by themselves: their host would give etcd's leadership away.
    """
    at = SCENARIOS[name].at
    if SCENARIOS[name].fault == "wrong_clock":
        site.module("odoo", "ansible.builtin.apt", {"name": "libfaketime", "update_cache": True})
    if not at.startswith("postgresql leader with"):
        yield
        return
    both = Patroni(estate).host(Patroni(estate).leader())
    both.check_output("systemctl stop %s", TIMER)
    try:
        if at == "postgresql leader with etcd's":
            Etcd(estate).lead(both)
        elif Etcd(estate).leader().name == both.name:
            Etcd(estate).lead(next(host for host in estate.group("etcd") if host.name != both.name))
        yield
    finally:
        both.check_output("systemctl start %s", TIMER)


@contextmanager
def volumes(estate: Estate, name: str) -> Iterator[None]:
    """Let whom a drill strikes keep its data, or a leader its WAL alone, on a volume of its own, where it fills one."""
    with ExitStack() as taken_back:
        if SCENARIOS[name].fault == "disk_full":
            # The leader would not lead any more when it has its volume: it is one who does not, and leads then.
            asked = site.module("all", "erpops.estate.service_info")
            members = Members({host: answer.get("services") or [] for host, answer in asked.items()})
            victim = VICTIMS["postgresql standby"][0](members)[0]
            leads = SCENARIOS[name].at == "postgresql leader"
            taken_back.enter_context(volume.of_its_own(estate.host(victim), "patroni", WAL if leads else DATA))
            until_whole(estate)
            if leads:
                site.run("-e", f"switchover_to={victim}", playbook=SWITCHOVER)
                until_whole(estate)
                taken_back.enter_context(written(estate))
        yield


@contextmanager
def written(estate: Estate) -> Iterator[None]:
    """Use up WAL as a busy estate does, whoever leads: a segment a second, however little is in it."""
    over, used, trouble = threading.Event(), list[str](), list[str]()

    def write() -> None:
        while not over.wait(1):
            try:
                used.append(Patroni(estate).sql(Patroni(estate).leader(), "select pg_switch_wal()"))
            except Exception as error:  # noqa: BLE001 - while the leader changes it is this, then that; it is looked at
                trouble.append(repr(error))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        over.set()
        writer.join()
    assert len(set(used)) > SEGMENTS, f"expected more than {SEGMENTS} segments to be used up, found {used}; {trouble}"


def left_to_do(page: Path) -> list[str]:
    """Return what the status of the estate says is not as desired: leases, backups and certificates as well."""
    told = site.run("-e", f"status_page={page}", playbook=STATUS).results
    [status] = [result["ansible_facts"]["status"] for _host, task, result in told if task == "Judge it"]
    return list(status["findings"])


def drill(estate: Estate, name: str, instance: str) -> dict[str, Any]:
    """Do one drill under the usual load and return what is kept of it."""
    until_whole(estate)
    with tempfile.TemporaryDirectory() as directory, arranged(estate, name), volumes(estate, name):
        file = Path(directory) / "result.json"
        with Load(estate, estate.instance(instance)) as load:
            done = site.run(
                "-e",
                f"drill_scenario={name}",
                "-e",
                f"drill_result={file}",
                "-e",
                f"drill_instance={instance}",
                check=False,
                playbook=DRILL,
            )
        if not file.exists():
            raise Refusal(f"{name}: {done.output}")
        seen = json.loads(file.read_text(encoding="utf-8"))
        left = left_to_do(Path(directory) / "status.html")
    result = load.result()
    print(result.summary(), flush=True)
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "struck": [each["host"] for each in seen["strikes"]],
        **seen["run"],
        "findings": list(dict.fromkeys([*seen["run"]["findings"], *left])),
        "load": result.kept(),
    }


def to_compare(estate: Estate, names: Sequence[str], times: int, commit: str, instance: str) -> int:
    """Do drills with Patroni's own times and keep their figures beside those of ours; nothing is demanded of them."""
    for name in names:
        with bare.times(estate):
            runs = [drill(estate, name, instance) for _time in range(times)]
        print(f"{name} with Patroni's own times: {json.dumps(results.keep_bare(name, commit, runs))}", flush=True)
    return 0


def main() -> int:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m tests.drills", description="Drills on the lab, under load.")
    parser.add_argument("scenario", nargs="*", choices=[[], *SCENARIOS], help="which (default: all)")
    parser.add_argument("--times", type=int, default=0, help="how often each (default: as its verdict needs)")
    parser.add_argument("--instance", default="north", help="whose users (default: %(default)s)")
    parser.add_argument(
        "--bare", action="store_true", help=f"with Patroni's own times; kept to compare ({', '.join(bare.SCENARIOS)})"
    )
    options = parser.parse_args()
    if options.bare and not set(options.scenario) <= set(bare.SCENARIOS):
        parser.error(f"--bare: expected {', '.join(bare.SCENARIOS)}, found {', '.join(options.scenario)}")
    if options.bare and (alone := set(options.scenario or bare.SCENARIOS) - set(results.read())):
        parser.error(f"--bare: expected a result to compare with, found none of {', '.join(sorted(alone))}")
    try:
        commit = kept.commit()
    except kept.Uncommitted as error:
        print(error, file=sys.stderr)
        return REFUSED
    estate, status = Estate.load(), 0
    if options.bare:
        return to_compare(estate, options.scenario or bare.SCENARIOS, options.times or 1, commit, options.instance)
    if bare.has_them(Patroni(estate)):
        print(
            "Patroni has its own times, which a comparison left behind; run: site.yml --tags patroni", file=sys.stderr
        )
        return REFUSED
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
