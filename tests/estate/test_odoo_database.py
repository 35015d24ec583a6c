"""A copy of a real instance's database: whole, with a bucket and an identity of its own, and gone without a trace."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.estate import access, module, traces
from tests.estate.store import Store
from tests.estate.world import Estate, Host, Instance

PARAMETERS = ("database.uuid", "database.secret", "web.base.url", "database.is_neutralized")
OWED = "update queue_job set state = 'pending' where id = (select max(id) from queue_job) returning state"
LAST_JOB = "select state from queue_job order by id desc limit 1"
FILES = "select count(*), count(distinct store_fname) from ir_attachment where store_fname like 'attachments://%'"
# With the administrator's own credentials, which can delete in every bucket: only its address keeps the copy from it.
COLLECT = """
found = env["ir.attachment"].search([("store_fname", "like", "attachments://%"), ("id", ">", 0)], limit=5)
print("DELETED", *{name.partition("://")[2] for name in found.mapped("store_fname")})
found.unlink()
env.cr.commit()
env["fs.file.gc"]._gc_files_unsafe()
env.cr.commit()
"""


@dataclass
class Copy:
    """A scratch copy of north, and how the module is asked about it."""

    estate: Estate
    host: Host
    store: Store = field(repr=False)
    name: str
    password: str = field(repr=False)

    @property
    def bucket(self) -> str:
        return self.name.replace("_", "-")

    @property
    def admin(self) -> Any:
        return self.store.login("object_storage_admin")

    def arguments(self, state: str, **more: Any) -> dict[str, Any]:
        keys = self.store.secrets
        common = {
            "state": state,
            "hosts": [host.address for host in self.estate.group("patroni")],
            "login_password": keys["patroni_superuser_password"],
            "instances": [{"name": self.name, "database": self.name, "password": self.password}],
        }
        copying = {
            "source": "north",
            "bucket": self.bucket,
            "url": "https://copy.lab.erpops.test",
            "endpoint": f"https://{self.store.host.address}:8333",
            "access_key": keys["object_storage_admin_access_key"],
            "secret_key": keys["object_storage_admin_secret_key"],
        }
        return {**common, **(copying if state in ("duplicated", "restored", "neutralised") else {}), **more}

    def run(self, state: str, *flags: str, failing: bool = False, **more: Any) -> dict[str, Any]:
        return module.run(self.host, "odoo_database", self.arguments(state, **more), *flags, failing=failing)

    def drop(self) -> None:
        """Drop the database, and empty the bucket that it leaves."""
        self.run("absent", confirm=[self.name])
        for key in self.objects(self.bucket):
            self.admin.delete_object(Bucket=self.bucket, Key=key)

    def objects(self, bucket: str) -> dict[str, str]:
        pages = self.admin.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {entry["Key"]: entry["ETag"] for page in pages for entry in page.get("Contents", [])}

    def exists(self) -> bool:
        query = f"select count(*) from pg_database where datname like '{self.name}%'"  # noqa: S608 - our own
        return traces.psql(traces.leader(self.estate), "postgres", query) != "0"

    def sql(self, statement: str, database: str = "") -> str:
        return traces.psql(traces.leader(self.estate), database or self.name, statement)

    def parameters(self, database: str = "") -> dict[str, str]:
        names = ", ".join(f"'{name}'" for name in PARAMETERS)
        found = self.sql(f"select key, value from ir_config_parameter where key in ({names})", database)  # noqa: S608 - our own
        return dict(line.split("|") for line in found.splitlines())


@pytest.fixture(scope="module")
def copy(estate: Estate) -> Iterator[Copy]:
    """A name, a bucket and a password for a copy; whatever was made of it is removed."""
    store = Store.of(estate)
    made = Copy(estate, estate.group("odoo")[0], store, f"copy_{secrets.token_hex(4)}", secrets.token_hex(12))
    made.admin.create_bucket(Bucket=made.bucket)
    yield made
    made.drop()
    made.admin.delete_bucket(Bucket=made.bucket)


def test_a_copy_never_shares_the_bucket(copy: Copy) -> None:
    refused = copy.run("duplicated", failing=True, bucket="north-attachments")
    assert "expected one of its own, found that of database north" in refused["msg"]
    refused = copy.run("duplicated", failing=True, bucket="south-attachments")
    assert f"bucket south-attachments of {copy.name}: expected it to be empty" in refused["msg"]
    assert not copy.exists()


def test_a_check_copies_nothing(copy: Copy) -> None:
    found = copy.run("duplicated", "--check")
    assert found["changed"]
    assert found["actions"][0].startswith(f"bucket {copy.bucket}: ")
    assert not copy.exists()
    assert copy.objects(copy.bucket) == {}


def test_a_copy_is_whole_and_its_own(copy: Copy, north: Instance) -> None:
    original, files = copy.parameters(north.database), copy.objects("north-attachments")
    done = copy.run("duplicated")
    assert done["changed"]
    assert copy.password not in str(done)
    assert not copy.run("duplicated")["changed"]
    own = copy.parameters()
    assert (own["web.base.url"], own["database.is_neutralized"]) == ("https://copy.lab.erpops.test", "true")
    assert "database.is_neutralized" not in original
    for name in ("database.uuid", "database.secret"):
        assert own[name] not in ("", original[name])
    assert copy.sql("select distinct directory_path from fs_storage") == copy.bucket
    assert copy.sql("select count(*) from ir_cron where active") == "1"
    assert copy.objects(copy.bucket).items() >= {key: files[key] for key in files}.items()
    assert int(copy.sql("select count(*) from sale_order")) <= int(
        copy.sql("select count(*) from sale_order", north.database)
    )
    assert copy.sql("select count(*) from ir_module_module where state = 'installed'") == copy.sql(
        "select count(*) from ir_module_module where state = 'installed'", north.database
    )
    assert copy.sql(f"select has_database_privilege('north', '{copy.name}', 'connect')") == "f"


def test_a_new_password_is_named_for_as_long_as_it_is_not_set(copy: Copy) -> None:
    keeps = f"select rolpassword from pg_authid where rolname = '{copy.name}'"  # noqa: S608 - our own
    before = copy.sql(keeps, "postgres")
    other = [{"name": copy.name, "database": copy.name, "password": secrets.token_hex(12)}]
    assert copy.run("present", instances=other, set_passwords=False)["new_passwords"] == [copy.name]
    assert copy.sql(keeps, "postgres") == before
    done = copy.run("present", instances=other)
    assert done["new_passwords"] == [copy.name]
    assert f"role {copy.name}: set password and rights" in done["actions"]
    assert copy.sql(keeps, "postgres") != before
    assert copy.run("present", instances=other, set_passwords=False)["new_passwords"] == []


def test_what_the_copy_deletes_is_its_own(copy: Copy, north: Instance) -> None:
    before = copy.objects("north-attachments")
    printed = collect_garbage(copy)
    deleted = next(line for line in printed.splitlines() if line.startswith("DELETED")).split()[1:]
    assert deleted
    assert not set(deleted) & set(copy.objects(copy.bucket)), "the copy did not collect its garbage"
    assert copy.objects("north-attachments").items() >= before.items()
    assert copy.sql(FILES, north.database) != copy.sql(FILES)


def test_a_database_goes_only_with_confirmation_and_without_users(copy: Copy) -> None:
    assert "expected confirm to name exactly" in copy.run("absent", failing=True)["msg"]
    assert "expected confirm to name exactly" in copy.run("absent", failing=True, confirm=["north"])["msg"]
    north = [{"name": copy.name, "database": "north"}]
    refused = copy.run("absent", failing=True, confirm=["north"], instances=north)
    assert "expected it to be " in refused["msg"]
    check = copy.run("absent", "--check", confirm=[copy.name])
    assert copy.exists()
    before = copy.objects("north-attachments")
    done = copy.run("absent", confirm=[copy.name])
    assert check["actions"] == done["actions"] == [f"database {copy.name}: dropped"]
    assert not copy.exists()
    assert copy.sql(f"select count(*) from pg_roles where rolname = '{copy.name}'", "postgres") == "0"  # noqa: S608 - our own
    assert not copy.run("absent", confirm=[copy.name])["changed"]
    assert copy.objects("north-attachments").items() >= before.items()


def test_a_dump_is_restored_and_neutralised(copy: Copy, north: Instance) -> None:
    copy.drop()
    dump = f"/root/{copy.name}.dump"
    active = copy.sql("select count(*) from ir_cron where active", north.database)
    pause = {"name": north.name, "owner": "tests", "actions": ["mail.*"]}
    module.run(copy.host, "odoo_scheduled_action", {**pause, "state": "paused", "reason": "a dump", "minutes": 5})
    copy.host.check_output(
        "umask 077 && docker exec %s pg_dump --format custom --dbname %s > %s",
        access.web_container(north),
        f"service={north.name} dbname={north.database}",
        dump,
    )
    module.run(copy.host, "odoo_scheduled_action", {**pause, "state": "running"})
    try:
        assert copy.run("restored", dump=dump, neutralise=False)["changed"]
        assert "database.is_neutralized" not in copy.parameters()
        # No lease came along that would end the pause.
        assert copy.sql("select count(*) from ir_cron where active") == active
        assert copy.sql(OWED).startswith("pending")
        assert copy.run("neutralised", "--check")["changed"]
        assert "database.is_neutralized" not in copy.parameters()
        assert copy.run("neutralised")["changed"]
        assert not copy.run("neutralised")["changed"]
        assert copy.parameters()["database.is_neutralized"] == "true"
        assert copy.sql(LAST_JOB) == "cancelled"
        copy.drop()
        copy.host.check_output("printf PK > %s", dump)
        assert "expected one in PostgreSQL's custom format" in copy.run("restored", failing=True, dump=dump)["msg"]
        assert not copy.exists()
    finally:
        copy.host.check_output("rm -f %s", dump)


def collect_garbage(copy: Copy) -> str:
    """Let the copy delete attachments and collect its garbage, in Odoo itself."""
    keys, leader = copy.store.secrets, traces.leader(copy.estate)
    directory = copy.host.check_output("mktemp -d")
    image = copy.host.containers()["odoo_north_web"]["Config"]["Image"]
    files = {
        "pg_service.conf": f"[copy]\nhost={leader.address}\nuser=postgres\npassfile=/copy/pgpass\n"
        "sslmode=verify-full\nsslrootcert=/etc/erpops/tls/ca.crt\n",
        "pgpass": f"*:*:*:*:{keys['patroni_superuser_password']}\n",
        "aws_config": copy.host.check_output("cat /etc/erpops/odoo/north/aws_config"),
        "aws_credentials": f"[default]\naws_access_key_id = {keys['object_storage_admin_access_key']}\n"
        f"aws_secret_access_key = {keys['object_storage_admin_secret_key']}\n",
        "collect.py": COLLECT,
    }
    try:
        for name, content in files.items():
            copy.host.write(f"{directory}/{name}", content)
        copy.host.check_output("chmod 0600 %s/*", directory)
        return str(
            copy.host.check_output(
                "docker run --rm --interactive --network host --user 0:0 --volume %s:/copy:ro --volume %s:%s:ro"
                " --env PGSERVICE=copy --env PGSERVICEFILE=/copy/pg_service.conf --env AWS_CONFIG_FILE=/copy/aws_config"
                " --env AWS_SHARED_CREDENTIALS_FILE=/copy/aws_credentials %s"
                " odoo --addons-path=%s shell -d %s --db_sslmode=verify-full --no-http < %s/collect.py",
                directory,
                "/etc/erpops/tls",
                "/etc/erpops/tls",
                image,
                access.ADDONS,
                copy.name,
                directory,
            )
        )
    finally:
        copy.host.check_output("rm -r %s", directory)
