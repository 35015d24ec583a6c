"""Wheels that go into images: fetched outside the build, where pip already trusts what this machine trusts."""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from tests.lab import paths
from tests.lab.progress import Progress

_PYTHON = "3.13"  # of Debian trixie, whatever Python this runs on
_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "any")
_ABIS = (f"cp{_PYTHON.replace('.', '')}", "abi3", "none")


def ensure(requirements: Path, progress: Progress) -> Path:
    """The directory that holds the wheels a requirements file pins by version and hash."""
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    directory = paths.LAB / "wheels" / f"{requirements.parent.name}-{digest}"
    if directory.is_dir():
        return directory
    draft = directory.with_name(f".{directory.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    choices = [f"--platform={platform}" for platform in _PLATFORMS] + [f"--abi={abi}" for abi in _ABIS]
    progress.doing(f"wheels of {requirements.parent.name}")
    progress.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--require-hashes", "--only-binary=:all:", f"--python-version={_PYTHON}"),
            *choices,
            *("--dest", draft, "--requirement", requirements),
        ],
        log="wheels",
    )
    draft.rename(directory)
    return directory
