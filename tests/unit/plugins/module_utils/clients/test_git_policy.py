# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With the real git and real keys."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    ClientError,
    MissingFile,
    NotSigned,
    NotTrusted,
    Refused,
)
from ansible_collections.erpops.estate.plugins.module_utils.clients.git_policy import PolicyRepository

from tests.unit.plugins.module_utils.keys import Key


class Company:
    """A repository with an owner of the policy and somebody else who can commit."""

    def __init__(self, directory: Path) -> None:
        self.owner, self.other = Key(directory, "owner"), Key(directory, "other")
        self.checkout = directory / "checkout"
        self.place = self.checkout / "governance"
        self.owners = directory / "policy_owners"
        self.owners.write_text(self.owner.allowed("olga@example.com", 'namespaces="git"'), encoding="utf-8")
        self.owners.chmod(0o644)
        (self.place / "changes").mkdir(parents=True)
        self.git("init", "-q", "-b", "main", ".")
        self.write("policy.yml", "version: 1\n")
        self.write("changes/CHG-1.yml", "first\n")
        self.commit(self.owner)

    def write(self, name: str, text: str) -> None:
        (self.place / name).write_text(text, encoding="utf-8")

    def git(self, *arguments: str) -> str:
        settings = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "gpg.format=ssh"]
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", "-C", str(self.checkout), *settings, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()

    def commit(self, key: Key | None) -> str:
        self.git("add", "-A")
        signing = ["-c", f"user.signingkey={key.path}"] if key else []
        self.git(*signing, "commit", "-q", "--allow-empty", "-m", "x", "-S" if key else "--no-gpg-sign")
        return self.git("rev-parse", "HEAD")

    def repository(self) -> PolicyRepository:
        return PolicyRepository(str(self.place), str(self.owners))


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def test_what_an_owner_signed_is_read_from_the_commit(company: Company) -> None:
    (company.checkout / "elsewhere").write_text("not governance", encoding="utf-8")
    commit = company.commit(company.owner)
    found = company.repository().snapshot()
    assert (found.commit, found.signer) == (commit, "olga@example.com")
    assert found.files == {"policy.yml": b"version: 1\n", "changes/CHG-1.yml": b"first\n"}


@pytest.mark.parametrize("who", ["nobody", "other"])
def test_a_commit_that_no_owner_signed(company: Company, who: str) -> None:
    company.write("policy.yml", "version: 1 # everything goes\n")
    company.commit(company.other if who == "other" else None)
    with pytest.raises(NotSigned, match="expected to be signed by an owner of the policy"):
        company.repository().snapshot()


def test_whoever_can_commit_cannot_make_himself_an_owner(company: Company) -> None:
    (company.place / "approvers").mkdir()
    company.write("approvers/allowed_signers", company.other.allowed("olga@example.com"))
    company.commit(company.other)
    with pytest.raises(NotSigned):
        company.repository().snapshot()


def test_a_key_for_approvals_alone_signs_no_commit(company: Company) -> None:
    company.owners.write_text(company.owner.allowed("olga@example.com", 'namespaces="approval@erpops.estate"'))
    with pytest.raises(NotSigned):
        company.repository().snapshot()


@pytest.mark.parametrize(
    "setting",
    ["gpg.ssh.program", "gpg.program", "gpg.ssh.allowedSignersFile", "gpg.minTrustLevel", "gpg.openpgp.program"],
)
def test_what_the_repository_is_set_to_does_not_count(company: Company, tmp_path: Path, setting: str) -> None:
    company.commit(company.other)
    liar = tmp_path / "liar"
    liar.write_text(
        "#!/bin/sh\necho 'Good \"git\" signature for olga@example.com with ED25519 key x'\n", encoding="utf-8"
    )
    liar.chmod(0o755)
    mine = tmp_path / "mine"
    mine.write_text(company.other.allowed("olga@example.com"), encoding="utf-8")
    values = {"gpg.ssh.allowedSignersFile": str(mine), "gpg.minTrustLevel": "never"}
    company.git("config", setting, values.get(setting, str(liar)))
    with pytest.raises(NotSigned):
        company.repository().snapshot()


def test_what_the_environment_says_does_not_count(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    signed = company.repository().snapshot().commit
    company.write("policy.yml", "version: 2\n")
    unsigned = company.commit(None)
    company.git("replace", unsigned, signed)
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    with pytest.raises(NotSigned):
        company.repository().snapshot()


@pytest.mark.parametrize("how", ["changed", "staged", "untracked", "removed", "outside"])
def test_a_dirty_tree_is_refused(company: Company, how: str) -> None:
    if how == "removed":
        (company.place / "policy.yml").unlink()
    elif how == "untracked":
        company.write("freeze.ics", "x")
    elif how == "outside":
        (company.checkout / "other.txt").write_text("x", encoding="utf-8")
    else:
        company.write("policy.yml", "version: 2\n")
        if how == "staged":
            company.git("add", "-A")
    with pytest.raises(Refused, match="expected a working tree as it was committed; found changes in "):
        company.repository().snapshot()


def test_an_old_commit_that_is_made_to_follow_a_newer_one(company: Company) -> None:
    old, newer = company.git("rev-parse", "HEAD"), company.commit(company.owner)
    company.git("reset", "-q", "--hard", old)
    repository = company.repository()
    assert not repository.follows(old, newer)
    grafts = company.checkout / ".git" / "info" / "grafts"
    grafts.parent.mkdir(exist_ok=True)
    grafts.write_text(f"{old} {newer}\n{newer}\n", encoding="utf-8")
    assert repository.follows(old, newer), "git itself takes it at its word"
    with pytest.raises(Refused, match=r"history that its commits have; found .*grafts, which says another"):
        repository.snapshot()


def test_what_is_hidden_from_status_is_not_read(company: Company) -> None:
    company.git("update-index", "--assume-unchanged", "governance/policy.yml")
    company.write("policy.yml", "version: 1 # everything goes\n")
    assert company.repository().snapshot().files["policy.yml"] == b"version: 1\n"


def test_links_are_not_followed(company: Company) -> None:
    (company.place / "changes" / "CHG-2.yml").symlink_to("/etc/passwd")
    company.commit(company.owner)
    with pytest.raises(Refused, match=r"CHG-2\.yml; expected an ordinary file; found a link"):
        company.repository().snapshot()


def test_a_plan_stands_on_the_commit_that_last_touched_it(company: Company) -> None:
    first = company.repository().snapshot().commit
    company.write("changes/CHG-2.yml", "second\n")
    second = company.commit(company.owner)
    repository, paths = company.repository(), ["policy.yml", "changes/CHG-1.yml"]
    assert repository.ground(second, paths) == first
    assert repository.ground(second, ["policy.yml", "changes/CHG-2.yml"]) == second
    company.write("policy.yml", "version: 1 # altered\n")
    third = company.commit(company.owner)
    assert repository.ground(third, paths) == third
    assert repository.ground(third, ["nothing"]) == ""


def test_a_shallow_clone_does_not_know(company: Company, tmp_path: Path) -> None:
    company.commit(company.owner)
    company.git("clone", "-q", "--depth=1", f"file://{company.checkout}", str(tmp_path / "shallow"))
    repository = PolicyRepository(str(tmp_path / "shallow" / "governance"), str(company.owners))
    commit = repository.snapshot().commit
    with pytest.raises(Refused, match="found a shallow clone; fetch it whole"):
        repository.ground(commit, ["policy.yml"])


@pytest.mark.parametrize(("file", "mode"), [("policy_owners", 0o664), ("policy_owners", 0o646), (".", 0o777)])
def test_owners_that_others_could_write_are_not_believed(company: Company, file: str, mode: int) -> None:
    (company.owners.parent / file).chmod(mode)
    with pytest.raises(NotTrusted, match=f"to be writable by its owner alone, root or you; found mode {mode:04o}"):
        company.repository().snapshot()


def test_places_that_are_none(company: Company, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    cases: list[tuple[Path, Path, type[ClientError]]] = [
        (tmp_path / "plain", company.owners, Refused),
        (tmp_path / "absent", company.owners, MissingFile),
        (company.place, tmp_path / "absent", MissingFile),
    ]
    for place, owners, expected in cases:
        with pytest.raises(expected):
            PolicyRepository(str(place), str(owners)).snapshot()
