"""New passwords while orders come in: nothing is lost, nobody falls off, and the old passwords are worth nothing."""

from __future__ import annotations

import copy
import re
import secrets
from pathlib import Path

import yaml

from tests.estate import authority, site
from tests.estate.traces import leader, psql
from tests.estate.wait import until, until_whole
from tests.estate.world import Estate, Host, Instance
from tests.lab import secrets as lab_secrets
from tests.load.load import Load

INCLUDE = "ansible.builtin.include_role"
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
        f"estate_instance_secrets.{north.name}.database_password: expected what PostgreSQL knows",
        f"--limit leaves out {left_out.name}, found another",
        f"Run without --limit, or with {left_out.name} in it",
    ):
        assert part in run.output
    assert run.tasks == ()
    assert known_password(estate, north) == before


def test_a_limited_run_gives_no_member_passwords_that_others_would_not_learn(estate: Estate, tmp_path: Path) -> None:
    leading = leader(estate)
    others = [host.name for host in estate.group("patroni") if host.name != leading.name]
    names = [f"patroni_{role}_password" for role in ("superuser", "replication", "rewind", "rest")]
    variables = authority.given(tmp_path, **{name: secrets.token_urlsafe(24) for name in names})

    def known() -> list[str]:
        files = ("/etc/erpops/patroni/config/20-secrets.yml", "/etc/erpops/patroni/rest.password")
        keeps = "select md5(string_agg(rolpassword, ',' order by rolname)) from pg_authid"
        return [
            psql(leading, "postgres", keeps),
            leading.check_output("stat --format %%y%%i %s %s; sha256sum %s %s", *files, *files),
        ]

    before = known()
    # The leader could set them: whoever is left out could follow it no more.
    run = site.run("--limit", leading.name, "--tags", "patroni", *variables, check=False)
    assert run.status != 0
    for name in names:
        assert f"{name}: expected what this host's /etc/erpops/patroni/config/20-secrets.yml knows" in run.output
    assert f"--limit leaves out {', '.join(others)}, found another" in run.output
    assert (run.tasks, known()) == ((), before)
    # Where files know a password already, since a run was interrupted, the leader asks again.
    asked = {"roles": [{"name": "replicator", "password": secrets.token_urlsafe(24)}], "left_out": others}
    refused = site.module(leading.name, "erpops.estate.patroni_role", asked)[leading.name]
    assert (refused["failed"], refused["error"]) == (True, "invalid")
    assert "password of role replicator: expected what PostgreSQL knows" in refused["msg"]
    assert known() == before


def test_no_service_takes_a_secret_that_those_who_share_it_would_not_learn(
    estate: Estate, north: Instance, tmp_path: Path
) -> None:
    shared = [
        *(f"redis_sentinel_{user}_password" for user in ("admin", "replication", "sentinel")),
        "backup_s3_access_key",
        "backup_s3_secret_key",
    ]
    own = ["redis_password", "s3_access_key", "s3_secret_key"]
    instances = copy.deepcopy(lab_secrets.read()["estate_instance_secrets"])
    instances[north.name] |= {name: secrets.token_hex(16) for name in own}
    variables = authority.given(
        tmp_path, estate_instance_secrets=instances, **{name: secrets.token_hex(16) for name in shared}
    )
    of_north = [f"estate_instance_secrets.{north.name}.{name}" for name in own]
    expected = {
        "object_storage": {*shared[3:], *of_north[1:]},
        "backup": set(shared[3:]),
        "redis_sentinel": {*shared[:3], of_north[0]},
        "odoo": set(of_north),
    }
    # Each is asked what site.yml asks first of its role; one that refuses would end the run before the next is asked.
    plays = [
        {
            "hosts": {"backup": "patroni", "redis_sentinel": "redis"}.get(role, role),
            "gather_facts": False,
            "become": True,
            "vars": {"__estate_inventory": "validated before"},
            "tasks": [
                {
                    "block": [{INCLUDE: {"name": f"erpops.estate.{role}", "tasks_from": "preflight"}}],
                    "rescue": [{"ansible.builtin.meta": "noop"}],
                }
            ],
        }
        for role in expected
    ]
    path = tmp_path / "preflights.yml"
    path.write_text(yaml.safe_dump(plays), encoding="utf-8")
    named = [estate.group("odoo")[1].name, estate.group("object_storage")[0].name]
    left_out = estate.group("odoo")[0].name
    run = site.run("--limit", ",".join(named), *variables, check=False, playbook=str(path))
    refused = [result["msg"] for _host, _task, result in run.results if result.get("error") == "invalid"]
    found = [set(re.findall(r"(\S+): expected what this host's ", sentences)) for sentences in refused]
    assert found == list(expected.values()), run.output
    assert all(f"--limit leaves out {left_out}" in sentences for sentences in refused)
    assert run.tasks == ()
    assert not [name for name in own if instances[north.name][name] in run.shown]


def test_a_repository_keeps_its_passphrase(estate: Estate, tmp_path: Path) -> None:
    leading, path = leader(estate), "/etc/erpops/pgbackrest/pgbackrest.conf"
    # A standby, where nothing would have asked the repository before the next failover.
    standby = next(host for host in estate.group("patroni") if host.name != leading.name)
    before = standby.check_output("stat --format %%y%%i %s; sha256sum %s", path, path)
    variables = authority.given(tmp_path, backup_cipher_passphrase=secrets.token_urlsafe(24))
    run = site.run("--limit", standby.name, "--tags", "backup", *variables, check=False)
    assert run.status != 0
    assert f"backup_cipher_passphrase; expected the one in {path}, which the repository was written with" in run.output
    assert run.tasks == ()
    assert standby.check_output("stat --format %%y%%i %s; sha256sum %s", path, path) == before


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
