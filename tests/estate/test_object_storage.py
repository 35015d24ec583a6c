"""The object store as its clients see it: each login has its own bucket, and what is locked stays."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.estate import site
from tests.estate.store import Store
from tests.estate.world import Estate

BACKUPS = "lab-backup"
INSTANCES = ("north", "south")
OTHER = {"north": "south", "south": "north"}


@pytest.fixture(scope="module")
def store() -> Store:
    return Store.of(Estate.load())


def refusal(request: Callable[..., Any], **arguments: Any) -> str:
    """The code with which the store refuses a request."""
    with pytest.raises(ClientError) as refused:
        request(**arguments)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    return str(refused.value.response["Error"]["Code"])


@pytest.mark.parametrize("name", INSTANCES)
def test_an_instance_reads_and_writes_its_own_bucket(store: Store, name: str) -> None:
    client, bucket = store.instance(name), f"{name}-attachments"
    client.put_object(Bucket=bucket, Key="test/probe", Body=b"first")
    client.put_object(Bucket=bucket, Key="test/probe", Body=b"second")
    assert client.get_object(Bucket=bucket, Key="test/probe")["Body"].read() == b"second"
    assert [entry["Name"] for entry in client.list_buckets()["Buckets"]] == [bucket]


@pytest.mark.parametrize("name", INSTANCES)
@pytest.mark.parametrize("foreign", ["the other instance's", "the backups'"])
def test_an_instance_is_refused_elsewhere(store: Store, name: str, foreign: str) -> None:
    client = store.instance(name)
    bucket = BACKUPS if foreign == "the backups'" else f"{OTHER[name]}-attachments"
    assert refusal(client.list_objects_v2, Bucket=bucket) == "AccessDenied"
    assert refusal(client.get_object, Bucket=bucket, Key="test/probe") == "AccessDenied"
    assert refusal(client.put_object, Bucket=bucket, Key="test/intruder", Body=b"") == "AccessDenied"
    assert refusal(client.delete_object, Bucket=bucket, Key="test/probe") == "AccessDenied"
    source = {"Bucket": bucket, "Key": "test/probe"}
    own = f"{name}-attachments"
    assert refusal(client.copy_object, Bucket=own, Key="test/stolen", CopySource=source) == "AccessDenied"


@pytest.mark.parametrize("name", INSTANCES)
def test_an_instance_cannot_destroy_versions(store: Store, name: str) -> None:
    client, bucket = store.instance(name), f"{name}-attachments"
    version = client.put_object(Bucket=bucket, Key="test/kept", Body=b"kept")["VersionId"]
    client.delete_object(Bucket=bucket, Key="test/kept")
    assert refusal(client.delete_object, Bucket=bucket, Key="test/kept", VersionId=version) == "AccessDenied"
    suspended = {"Status": "Suspended"}
    assert refusal(client.put_bucket_versioning, Bucket=bucket, VersioningConfiguration=suspended) == "AccessDenied"
    assert refusal(client.delete_bucket, Bucket=bucket) == "AccessDenied"
    kept = client.get_object(Bucket=bucket, Key="test/kept", VersionId=version)
    assert kept["Body"].read() == b"kept"


def test_wrong_credentials_are_refused(store: Store) -> None:
    keys = store.secrets["estate_instance_secrets"]["north"]
    assert refusal(store.client(keys["s3_access_key"], "wrong").list_buckets) == "SignatureDoesNotMatch"
    assert refusal(store.client("NOBODY", keys["s3_secret_key"]).list_buckets) == "InvalidAccessKeyId"


@pytest.mark.parametrize("name", ["backup_s3", "object_storage_admin"])
def test_a_locked_version_refuses_deletion(store: Store, name: str) -> None:
    """Neither who writes the backups nor the administrator can destroy what was written."""
    client = store.login(name)
    page = client.list_object_versions(Bucket=BACKUPS, Prefix="pgbackrest/backup/", MaxKeys=10)
    locked = page["Versions"][0]
    version = {"Bucket": BACKUPS, "Key": locked["Key"], "VersionId": locked["VersionId"]}
    retention = store.login("object_storage_admin").get_object_retention(**version)["Retention"]
    assert retention["Mode"] == "COMPLIANCE"
    assert refusal(client.delete_object, **version) == "AccessDenied"
    assert refusal(client.delete_object, BypassGovernanceRetention=True, **version) == "AccessDenied"
    assert client.head_object(**version)["ContentLength"] == locked["Size"]


def test_the_lock_of_the_backups_cannot_be_taken_off(store: Store) -> None:
    for name in ("backup_s3", "object_storage_admin"):
        with pytest.raises(ClientError):
            store.login(name).put_bucket_versioning(Bucket=BACKUPS, VersioningConfiguration={"Status": "Suspended"})
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    backup = store.login("backup_s3")
    refused = refusal(backup.put_object_lock_configuration, Bucket=BACKUPS, ObjectLockConfiguration=lock)
    assert refused == "AccessDenied"


def have(store: Store, *buckets: dict[str, Any], check: bool = False) -> dict[str, Any]:
    given = {
        "endpoint": f"https://{store.host.address}:8333",
        "ca_file": "/etc/erpops/tls/ca.crt",
        "access_key": "{{ object_storage_admin_access_key }}",
        "secret_key": "{{ object_storage_admin_secret_key }}",
        "buckets": list(buckets),
    }
    host = store.host.name
    return site.module(host, "erpops.estate.s3_bucket", given, *["--check"] * check)[host]


@pytest.fixture
def scratch(store: Store) -> Iterator[str]:
    """A bucket that nobody has yet, and that holds nothing."""
    name = f"scratch-{uuid.uuid4().hex[:12]}"
    yield name
    if name in store.settings():
        store.login("object_storage_admin").delete_bucket(Bucket=name)


def test_a_bucket_is_made_as_a_dry_run_said_and_its_lock_can_be_raised(store: Store, scratch: str) -> None:
    wanted = {"name": scratch, "retention_mode": "COMPLIANCE", "retention_days": 2}
    would = have(store, wanted, check=True)
    assert (would["failed"], scratch in store.settings()) == (False, False)
    made = have(store, wanted)
    assert (
        made["actions"] == would["actions"] == [f"bucket {scratch}: create", f"bucket {scratch}: set default retention"]
    )
    raised = have(store, wanted | {"retention_days": 3})
    assert raised["actions"] == [f"bucket {scratch}: set default retention"]
    versioning, lock = store.settings()[scratch]
    assert (versioning, lock["Rule"]["DefaultRetention"]) == ("Enabled", {"Mode": "COMPLIANCE", "Days": 3})
    assert have(store, wanted | {"retention_days": 3})["changed"] is False
    assert have(store, wanted | {"retention_at_least": True})["changed"] is False


def test_nothing_is_made_where_a_bucket_cannot_be_mended(store: Store, scratch: str) -> None:
    refused = have(store, {"name": scratch}, {"name": "north-attachments", "object_lock": True})
    assert (refused["failed"], refused["error"]) == (True, "invalid")
    assert "bucket north-attachments: expected object lock, found a bucket without" in refused["msg"]
    assert scratch not in store.settings()


@pytest.mark.parametrize("port", [9333, 19333, 8080, 18080, 8888, 18888, 18333])
def test_only_the_s3_endpoint_can_be_reached(store: Store, port: int) -> None:
    """Master, volume and filer know no logins: they are out of reach even for other processes of their host."""
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((store.host.address, port), timeout=3).close()
    assert not any(found.endswith(f":{port}") for found in store.host.socket.get_listening_sockets())
