"""A cluster is formed by all its members or not at all; one that runs can be mended and joined one host at a time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.estate import site
from tests.estate.daemons import Etcd
from tests.estate.wait import until_whole
from tests.estate.world import Estate

# All that etcd has on a host, its container aside.
PLACES = ("/etc/erpops/etcd", "/var/lib/erpops/etcd", "/var/lib/erpops/proven/etcd.json")


def asked(directory: Path, service: str, *options: str, joins: bool = True) -> site.Run:
    """Ask what the roles ask before they change anything."""
    include = {"name": "erpops.estate.estate", "tasks_from": "forming"}
    task = {
        "ansible.builtin.include_role": include,
        "vars": {"estate_forming_service": service, "estate_forming_group": "etcd", "estate_forming_joins": joins},
        "when": "groups['etcd'] | difference(ansible_play_hosts_all) | length > 0",
    }
    play = {"hosts": "etcd", "gather_facts": False, "any_errors_fatal": True, "tasks": [task]}
    path = directory / "forming.yml"
    path.write_text(yaml.safe_dump([play]), encoding="utf-8")
    return site.run(*options, check=False, playbook=str(path))


@pytest.fixture
def some(estate: Estate) -> str:
    """All members of etcd but the last."""
    return ",".join(host.name for host in estate.group("etcd")[:-1])


def test_some_of_the_members_form_no_cluster(estate: Estate, some: str, tmp_path: Path) -> None:
    run = asked(tmp_path, "nobody_ever_saw_this", "--limit", some)
    assert run.status != 0
    last = estate.group("etcd")[-1].name
    assert f"nor on any other member, and --limit leaves out {last} of group etcd" in run.output
    assert "run once without --limit" in run.output


def test_all_of_them_do(tmp_path: Path) -> None:
    assert asked(tmp_path, "nobody_ever_saw_this").status == 0


@pytest.mark.parametrize("joins", [True, False])
def test_members_of_a_cluster_that_runs_are_mended_alone(some: str, tmp_path: Path, joins: bool) -> None:
    assert asked(tmp_path, "etcd", "--limit", some, joins=joins).status == 0


def test_a_new_member_joins_only_where_it_was_said_that_it_may(estate: Estate, tmp_path: Path) -> None:
    # Nobody but the application nodes has ever run this: to etcd's last member it is a cluster it may join.
    service, new = "odoo_north_web", estate.group("etcd")[-1].name
    assert asked(tmp_path, service, "--limit", new).status == 0
    refused = asked(tmp_path, service, "--limit", new, joins=False)
    assert refused.status != 0
    assert f"{new}: {service} was never seen healthy here, though on " in refused.output


def test_a_rebuilt_member_is_let_in_as_it_is_told(estate: Estate, tmp_path: Path) -> None:
    """Its host was installed anew: nothing of etcd is on it, and the others still count on it."""
    etcd, host = Etcd(estate), estate.group("etcd")[-1]
    others = [member.name for member in estate.group("etcd") if member.name != host.name]
    host.check_output("docker rm --force etcd && rm -r %s %s %s", *PLACES)

    refused = site.run("--tags", "etcd", check=False)
    assert refused.status != 0
    known = f"the cluster that runs on {', '.join(others)} knows it as a member that has some"
    assert f"{host.name} has no data of etcd, and {known}" in refused.output
    assert refused.tasks == ()
    assert not [place for place in PLACES if host.file(place).exists]

    told = re.search(
        r"etcdctl (member remove [0-9a-f]+), then etcdctl (member add \S+ --peer-urls=\S+);", refused.output
    )
    assert told, refused.output
    for command in told.groups():
        etcd.ctl(command)
    said = tmp_path / "host_vars" / f"{host.name}.yml"
    said.parent.mkdir()
    (tmp_path / "hosts.yml").write_text("all: {}\n", encoding="utf-8")
    said.write_text("etcd_initial_cluster_state: existing\n", encoding="utf-8")
    joined = site.run("--tags", "etcd", "-i", str(tmp_path))
    assert {changed for changed, _task in joined.tasks} == {host.name}
    assert len(etcd.status()) == len(estate.group("etcd"))
    until_whole(estate)
    # What was said for the way in means nothing to a member that has data.
    site.run("--tags", "etcd")
    until_whole(estate)
