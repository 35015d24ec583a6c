"""Two machines share one ledger: its head in the estate's etcd, its entries in a bucket that keeps them."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible_collections.erpops.estate.plugins.module_utils.governance.copy import brought_up
from botocore.client import Config
from botocore.exceptions import ClientError

from tests.estate.bastion import Bastion
from tests.estate.wait import until
from tests.estate.world import Estate
from tests.lab import secrets

BUCKET = "lab-ledger"


@pytest.fixture(scope="module")
def bastions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bastion, Bastion]:
    """Two machines that were set up, and that trust each other's checkpoints."""
    one, two = (Bastion(tmp_path_factory.mktemp(name)) for name in ("one", "two"))
    one.set_up()
    two.others = [one.signer()]
    two.set_up()
    one.others = [two.signer()]
    again = one.set_up()
    assert [task.rpartition(" : ")[2] for _host, task in again.tasks] == ["Say whose checkpoints are trusted"]
    return one, two


def ended(bastion: Bastion) -> list[str]:
    """The playbooks of the runs that have ended, in their order."""
    opened = {entry.run: entry.fields["playbook"] for entry in bastion.entries() if entry.event == "opened"}
    return [opened[entry.run] for entry in bastion.entries() if entry.event == "closed"]


def test_a_machine_that_was_set_up_is_left_as_it_is(bastions: tuple[Bastion, Bastion]) -> None:
    one, _two = bastions
    assert one.set_up().tasks == ()
    assert one.set_up("--check", "--diff").tasks == ()
    assert [path.name for path in (one.path / "keys").iterdir() if path.stat().st_mode & 0o077] == []


def test_runs_of_both_are_one_chain(bastions: tuple[Bastion, Bastion]) -> None:
    one, two = bastions
    one.run("first")
    two.run("second")
    together = [one.start("third"), two.start("fourth")]
    for running in together:
        assert running.wait(120) == 0, running.communicate()[0]
    one.run("fifth")
    closed = ended(one)[-5:]
    assert (closed[:2], sorted(closed[2:4]), closed[4:]) == (
        ["first.yml", "second.yml"],
        ["fourth.yml", "third.yml"],
        ["fifth.yml"],
    )
    assert [entry.n for entry in one.entries()] == list(range(1, len(one.entries()) + 1))
    for bastion in bastions:
        verified = bastion.verify()
        assert verified.status == 0, verified.output
    # What the other one wrote last was fetched before it was verified.
    assert two.entries() == one.entries()


def test_who_only_asks_has_what_the_other_wrote(bastions: tuple[Bastion, Bastion]) -> None:
    one, two = bastions
    one.run("sixth")
    assert two.entries() != one.entries()
    assert brought_up(str(two.path / "ledger.json")) == ""
    assert two.entries() == one.entries()


def test_what_a_lost_key_signed_counts_no_more(bastions: tuple[Bastion, Bastion]) -> None:
    one, two = bastions
    two.run("seventh")
    one.lost = [two.signer().partition(" ")[2]]
    one.set_up()
    doubted = one.verify()
    assert doubted.status != 0
    assert "revoked" in doubted.output.lower()
    one.lost = []
    one.set_up()
    assert one.verify().status == 0


@pytest.fixture
def bucket(estate: Estate) -> Any:
    """The object storage by the ledger's own login."""
    known = secrets.read()
    endpoint = f"https://{estate.group('object_storage')[0].address}:8333"
    keys = {
        "aws_access_key_id": known["ledger_s3_access_key"],
        "aws_secret_access_key": known["ledger_s3_secret_key"],
    }
    config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}, proxies={})
    return boto3.client(
        "s3", endpoint_url=endpoint, verify=estate.ca_file, region_name="us-east-1", config=config, **keys
    )


def test_the_login_cannot_take_an_entry_away(bastions: tuple[Bastion, Bastion], bucket: Any) -> None:
    client, key = bucket, f"entries/{bastions[0].entries()[-1].n:012d}.json"
    (version,) = client.list_object_versions(Bucket=BUCKET, Prefix=key)["Versions"]
    for version_id in ({}, {"VersionId": version["VersionId"]}):
        with pytest.raises(ClientError) as refused:
            client.delete_object(Bucket=BUCKET, Key=key, **version_id)
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_an_auditor_finds_with_the_bucket_what_the_chain_alone_cannot(
    bastions: tuple[Bastion, Bastion], bucket: Any, tmp_path: Path
) -> None:
    one, client = bastions[0], bucket
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for found in page["Contents"]:
            file = tmp_path / "bucket" / found["Key"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(client.get_object(Bucket=BUCKET, Key=found["Key"])["Body"].read())
    program = tmp_path / "verify.pyz"
    assert one.verify("-e", f"ledger_program={program}").status == 0
    copy = tmp_path / "ledger"
    copy.mkdir()
    kept = (one.path / "copy" / "ledger.jsonl").read_bytes().splitlines(keepends=True)
    alone = [sys.executable, "-I", "-S", str(program), str(copy)]
    audit = [*alone, "--bucket", str(tmp_path / "bucket"), "--allowed-signers", str(one.path / "keys/allowed_signers")]

    def said(command: list[str], lines: list[bytes]) -> str:
        (copy / "ledger.jsonl").write_bytes(b"".join(lines))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return f"{done.returncode} {done.stdout}"

    assert said(audit, kept).startswith("0 ")
    assert said(alone, kept[:-2]).startswith("0 "), "the chain alone cannot miss its end"
    assert f"the first wrong entry is {len(kept) - 1} (truncated)" in said(audit, kept[:-2])


def _drains(bastion: Bastion, known: int) -> bool:
    bastion.run("afterwards")
    return len(ended(bastion)) > known


def test_without_the_bucket_a_run_is_recorded_in_the_spool_and_later_in_the_ledger(
    estate: Estate, bastions: tuple[Bastion, Bastion]
) -> None:
    one, store = bastions[0], estate.group("object_storage")[0]
    before = ended(one)
    store.check_output("docker stop object_storage")
    try:
        one.run("spooled")
        assert ended(one) == before
    finally:
        store.check_output("docker start object_storage")
    until(partial(_drains, one, len(before)), 90, "a run that finds the bucket")
    # Runs that came before the store took objects again waited behind it.
    since = ended(one)[len(before) :]
    assert (since[0], set(since[1:])) == ("spooled.yml", {"afterwards.yml"})
    assert one.verify().status == 0
