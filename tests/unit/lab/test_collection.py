"""The artefact is built anew when anything in it has changed."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.lab import collection, paths


def test_what_is_looked_at_is_what_is_in_the_artefact(tmp_path: Path) -> None:
    command = [str(paths.VENV / "bin" / "ansible-galaxy"), "collection", "build", "--output-path", str(tmp_path)]
    subprocess.run(command, cwd=paths.ROOT, check=True, capture_output=True)
    with tarfile.open(next(tmp_path.glob("erpops-estate-*.tar.gz"))) as artefact:
        built = {member.name for member in artefact.getmembers() if not member.isdir()}
    looked_at = {str(path.relative_to(paths.ROOT)) for path in collection.shipped()}
    assert looked_at == built - {"MANIFEST.json", "FILES.json"}
    assert {"README.md", "docs/operating.md", "inventories/example-dedicated/hosts.yml"} <= looked_at


@pytest.mark.parametrize("name", ["docs/page.md", "plugins/modules/service.py", "README.md"])
def test_a_change_of_any_of_it_is_another_collection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    description = tmp_path / "galaxy.yml"
    description.write_text("build_ignore: [tests/lab]\n")
    for each in ("docs/page.md", "plugins/modules/service.py", "README.md", "tests/lab/plan.py"):
        (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / each).write_text("one\n")
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(collection, "_DESCRIPTION", description)
    before = collection.tree_digest()
    (tmp_path / "tests/lab/plan.py").write_text("two\n")
    assert collection.tree_digest() == before
    (tmp_path / name).write_text("two\n")
    assert collection.tree_digest() != before
