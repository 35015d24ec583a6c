"""New passwords while orders come in: nothing is lost, nobody falls off, and the old passwords are worth nothing."""

from __future__ import annotations

import copy
import secrets
from pathlib import Path

from tests.estate import authority, site
from tests.estate.traces import leader, psql
from tests.estate.wait import until, until_whole
from tests.estate.world import Estate, Host, Instance
from tests.lab import secrets as lab_secrets
from tests.load.load import Load

TAGS = ("--tags", "patroni,odoo")
ASK = 'read -r PGPASSWORD; export PGPASSWORD; exec psql -XAtqw "$1" -c "$2"'


def lets_in(host: Host, address: str, user: str, password: str, *, replication: bool = False) -> bool:
    """Return whether PostgreSQL at an address takes this password from a host; what else could be wrong is an error."""
    where = f"host={address} user={user} sslmode=require " + (
        "dbname=postgres replication=true" if replication else f"dbname={user}"
    )
    query = "IDENTIFY_SYSTEM" if replication else "select 1"
    answer = host.run(
        "printf '%%s\\n' %s | docker exec --interactive patroni sh -c %s sh %s %s", password, ASK, where, query
    )
    assert answer.succeeded or f'password authentication failed for user "{user}"' in answer.stderr, answer.stderr
    return bool(answer.succeeded)


def streaming(host: Host) -> int:
    return int(psql(host, "postgres", "select count(*) from pg_stat_replication where state = 'streaming'"))


def test_a_dry_run_names_the_role_whose_password_would_be_set_and_the_leader_alone_would(estate: Estate) -> None:
    leading, role = leader(estate), "erpops.estate.patroni_role"
    keeps = "select md5(string_agg(rolpassword, ',' order by rolname)) from pg_authid"
    before = psql(leading, "postgres", keeps)
    other = [{"name": "replicator", "password": secrets.token_urlsafe(24)}]
    told = site.module("patroni", role, {"roles": other}, "--check")
    would = {leading.name: ["role replicator: set password"]}
    assert {name: result.get("actions") for name, result in told.items()} == {
        host.name: would.get(host.name, []) for host in estate.group("patroni")
    }
    missing = site.module(leading.name, role, {"roles": [{**other[0], "name": "nobody"}]}, "--check")[leading.name]
    assert (missing["failed"], missing["error"]) == (True, "refused")
    assert "no role nobody" in missing["msg"]
    assert psql(leading, "postgres", keeps) == before


def known_password(estate: Estate, instance: Instance) -> dict[str, str]:
    """Return, as digests, what PostgreSQL keeps of an instance's password and the files that its nodes open it with."""
    keeps = f"select md5(rolpassword) from pg_authid where rolname = '{instance.name}'"  # noqa: S608 - a name of ours
    files = {
        host.name: host.check_output(
            "stat --format %%y%%i %s; sha256sum %s", *[f"/etc/erpops/odoo/{instance.name}/pgpass"] * 2
        )
        for host in estate.group("odoo")
    }
    return {"PostgreSQL": psql(leader(estate), "postgres", keeps), **files}


def test_a_limited_run_sets_no_password_that_other_nodes_would_not_learn(
    estate: Estate, north: Instance, tmp_path: Path
) -> None:
    left_out, named = estate.group("odoo")[:2]
    instances = copy.deepcopy(lab_secrets.read()["estate_instance_secrets"])
    instances[north.name]["database_password"] = secrets.token_urlsafe(24)
    variables = authority.given(tmp_path, estate_instance_secrets=instances)
    before = known_password(estate, north)
    run = site.run("--limit", named.name, "--tags", "odoo", *variables, check=False)
    assert run.status != 0
    for part in (
        f"{north.name}: expected estate_instance_secrets.{north.name}.database_password",
        f"--limit leaves out {left_out.name} of group odoo",
        "Run without --limit, or with all hosts of group odoo in it",
    ):
        assert part in run.output
    assert run.tasks == ()
    assert known_password(estate, north) == before


def test_passwords_are_changed_under_load(estate: Estate, north: Instance, tmp_path: Path) -> None:
    until_whole(estate)
    known = lab_secrets.read()
    old = {
        north.name: known["estate_instance_secrets"][north.name]["database_password"],
        "replicator": known["patroni_replication_password"],
    }
    new = {name: secrets.token_urlsafe(24) for name in old}
    instances = copy.deepcopy(known["estate_instance_secrets"])
    instances[north.name]["database_password"] = new[north.name]
    variables = authority.given(
        tmp_path, estate_instance_secrets=instances, patroni_replication_password=new["replicator"]
    )
    # The leader may be on a host without Odoo, which is no client of PostgreSQL.
    asking = estate.group("odoo")[0]
    leading, standbys = leader(estate), len(estate.group("patroni")) - 1

    with Load(estate, north) as load:
        try:
            done = site.run(*TAGS, *variables)
            assert lets_in(asking, leading.address, north.name, new[north.name])
            assert not lets_in(asking, leading.address, north.name, old[north.name])
            assert lets_in(asking, leading.address, "replicator", new["replicator"], replication=True)
            assert not lets_in(asking, leading.address, "replicator", old["replicator"], replication=True)
            # The standbys know the new one: whoever loses its connection comes back.
            psql(leading, "postgres", "select pg_terminate_backend(pid) from pg_stat_replication")
            until(lambda: streaming(leading) == standbys, 60, "both standbys to stream again")
        finally:
            site.run(*TAGS)
    result = load.result()
    print(result.summary())
    until_whole(estate)
    assert lets_in(asking, leading.address, north.name, old[north.name])
    assert not [word for word in [*old.values(), *new.values()] if word in done.output]
    assert not result.faults, result.summary()
