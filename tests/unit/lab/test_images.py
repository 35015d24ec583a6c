"""Images: what they are built from decides whether they are built again."""

from __future__ import annotations

import json
import re
import tarfile
from pathlib import Path

import pytest

from tests.lab import images, paths
from tests.lab.build import Recipe
from tests.lab.progress import Progress


def _recipe(directory: Path, base_id: str = "sha256:1", **arguments: str) -> Recipe:
    return Recipe("example", directory, base_id, arguments, ("true",))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\n", encoding="utf-8")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "a.conf").write_text("a", encoding="utf-8")
    return tmp_path


def test_the_fingerprint_stays_while_nothing_changes(directory: Path) -> None:
    before = _recipe(directory, LANGUAGES="de").fingerprint
    (directory / "__pycache__").mkdir()
    (directory / "__pycache__" / "x.pyc").write_bytes(b"x")
    assert _recipe(directory, LANGUAGES="de").fingerprint == before


def test_the_fingerprint_changes_with_all_an_image_is_made_from(directory: Path) -> None:
    seen = {_recipe(directory).fingerprint}
    seen.add(_recipe(directory, base_id="sha256:2").fingerprint)
    seen.add(_recipe(directory, LANGUAGES="de").fingerprint)
    (directory / "conf" / "a.conf").write_text("b", encoding="utf-8")
    seen.add(_recipe(directory).fingerprint)
    (directory / "conf" / "a.conf").chmod(0o755)
    seen.add(_recipe(directory).fingerprint)
    (directory / "conf" / "a.conf").rename(directory / "conf" / "b.conf")
    seen.add(_recipe(directory).fingerprint)
    assert len(seen) == 6


def test_the_context_is_the_directory_without_what_tools_leave_there(directory: Path) -> None:
    (directory / "__pycache__").mkdir()
    (directory / "__pycache__" / "x.pyc").write_bytes(b"x")
    with tarfile.open(fileobj=_recipe(directory).context(Progress())) as tar:
        assert sorted(tar.getnames()) == ["Dockerfile", "conf/a.conf"]


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ([], []),
        ([{"name": "north"}], []),
        ([{"languages": ["en_US"]}], []),
        ([{"languages": ["de_DE", "en_US"]}, {"languages": ["fr_BE"]}], ["de", "de_DE", "fr", "fr_BE"]),
        ([{"languages": ["en_GB"]}], ["en_GB"]),
    ],
)
def test_languages_that_instances_ask_for(asked: list[dict[str, list[str]]], kept: list[str]) -> None:
    assert images.languages(json.loads(json.dumps(asked))) == kept


def test_every_image_has_its_directory_its_base_argument_and_a_numeric_user() -> None:
    for name in images.PROOFS:
        dockerfile = (paths.ROOT / "images" / name / "Dockerfile").read_text(encoding="utf-8")
        assert "ARG BASE=erpops/base:trixie\n" in dockerfile, name
        users = [line.split()[1] for line in dockerfile.splitlines() if line.startswith("USER ")]
        assert users, name
        uid, _colon, gid = users[-1].partition(":")
        assert uid in {str(number) for number in range(901, 908)}, name
        assert gid == uid, name


def test_wheels_are_pinned_by_version_and_hash() -> None:
    for requirements in (paths.ROOT / "images").glob("*/requirements.txt"):
        text = requirements.read_text(encoding="utf-8").replace("\\\n", " ")
        for line in (line for line in text.splitlines() if line and not line.startswith("#")):
            assert re.fullmatch(r"[a-z0-9-]+==\S+\s+--hash=sha256:[0-9a-f]{64}", line), f"{requirements}: {line}"
