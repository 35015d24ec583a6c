"""The collection as it is shipped: built into an artefact and installed from it, so that what is tested is that."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

import yaml

from tests.lab import paths
from tests.lab.progress import Progress

_GALAXY = paths.VENV / "bin" / "ansible-galaxy"
_DESCRIPTION = paths.ROOT / "galaxy.yml"
INSTALLED = paths.INSTALLED_TREE / "ansible_collections" / "erpops" / "estate"
_STAMP = paths.STAMPS / "collection"


def ensure(progress: Progress) -> Path:
    """Build and install the artefact when the working tree has changed since the last time."""
    wanted = tree_digest()
    artefacts = sorted(paths.ARTEFACTS.glob("erpops-estate-*.tar.gz"))
    if artefacts and INSTALLED.is_dir() and _STAMP.exists() and _STAMP.read_text(encoding="ascii") == wanted:
        return artefacts[-1]
    progress.doing("building the artefact")
    shutil.rmtree(paths.ARTEFACTS, ignore_errors=True)
    progress.run([_GALAXY, "collection", "build", "--output-path", paths.ARTEFACTS, "--force"], log="collection")
    artefact = next(paths.ARTEFACTS.glob("erpops-estate-*.tar.gz"))
    progress.doing(f"installing {artefact.name}")
    shutil.rmtree(INSTALLED, ignore_errors=True)
    progress.run(
        [_GALAXY, "collection", "install", artefact, "-p", paths.INSTALLED_TREE, "--no-deps", "--force", "--offline"],
        log="collection",
    )
    paths.write(_STAMP, wanted)
    return artefact


def tree_digest() -> str:
    """A digest over everything that goes into the artefact, and over what says so."""
    digest = hashlib.sha256()
    for path in [*shipped(), _DESCRIPTION]:
        digest.update(f"{path.relative_to(paths.ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def shipped() -> list[Path]:
    """Every file that goes into the artefact, by the word of galaxy.yml."""
    ignored = yaml.safe_load(_DESCRIPTION.read_text(encoding="utf-8"))["build_ignore"]
    return [path for path in _walk(paths.ROOT, ignored) if path != _DESCRIPTION]


def _walk(directory: Path, ignored: Sequence[str]) -> Iterator[Path]:
    for path in sorted(directory.iterdir()):
        # As ansible-galaxy reads it: a pattern is of the whole path below the collection.
        name = str(path.relative_to(paths.ROOT))
        if path.name == "__pycache__" or any(fnmatch(name, pattern) for pattern in ignored):
            continue
        if path.is_dir():
            yield from _walk(path, ignored)
        else:
            yield path
