"""The collection as it is shipped: built into an artefact and installed from it, so that what is tested is that."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from tests.lab import paths
from tests.lab.progress import Progress

_GALAXY = paths.VENV / "bin" / "ansible-galaxy"
_SHIPPED = ("plugins", "roles", "playbooks", "meta")
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
    """A digest over everything that goes into the artefact and acts on a host."""
    digest = hashlib.sha256()
    files = [path for part in _SHIPPED for path in sorted((paths.ROOT / part).rglob("*")) if path.is_file()]
    for path in [*files, paths.ROOT / "galaxy.yml"]:
        if "__pycache__" in path.parts:
            continue
        digest.update(f"{path.relative_to(paths.ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
