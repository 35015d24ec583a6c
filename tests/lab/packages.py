"""Installs what the lab needs from the machine's own distribution."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

from tests.lab.errors import LabError
from tests.lab.progress import Progress

_LOCK_TIMEOUT = 300


class CannotInstall(LabError):
    """Something is missing on this machine and this user may not install it."""


def ensure(commands: Mapping[str, str], progress: Progress) -> None:
    """Install the packages of those commands that are not there (command to package)."""
    missing = sorted({package for command, package in commands.items() if shutil.which(command) is None})
    if not missing:
        return
    if os.geteuid() != 0:
        raise CannotInstall(f"{', '.join(missing)} must be installed: run as root, or install by hand and try again.")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    progress.doing(f"installing {', '.join(missing)}")
    # Somebody else may be installing, the machine's own updates for one.
    patient = ["apt-get", "-o", f"DPkg::Lock::Timeout={_LOCK_TIMEOUT}"]
    progress.run([*patient, "-q", "update"], log="apt", env=env)
    progress.run([*patient, "-qy", "install", "--no-install-recommends", *missing], log="apt", env=env)
