# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A systemd unit of this host, in the terms in which a container is converged."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.docker_engine import Engine
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused, TimedOut
from ansible_collections.erpops.estate.plugins.module_utils.policy.converge import Observed
from ansible_collections.erpops.estate.plugins.module_utils.policy.definition import Definition

PATIENCE_SECONDS = 300


class Units(Engine):
    """Units in place of containers: the package that brings the unit is its image, enabling it creates it."""

    def __init__(self, package: str) -> None:
        # The engine's own constructor would connect to Docker.
        self._package = package

    def _change(self, command: Sequence[str]) -> None:
        guard.about_to_write(self._package, " ".join(command[:3]))
        _run(command)

    def image_identity(self, reference: str) -> str:
        """Return the package's name: its version is the distribution's affair."""
        return reference

    def has_image(self, reference: str) -> bool:
        """Return whether the package is installed."""
        shown = subprocess.run(
            ["dpkg-query", "--show", "--showformat=${Status}", reference], capture_output=True, text=True, check=False
        )
        return shown.stdout.endswith(" installed")

    def pull(self, reference: str) -> None:
        """Install the package."""
        self._change(["apt-get", "update", "--quiet"])
        self._change(["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", reference])

    def observe(self, name: str) -> Observed:
        """Return the unit as it is; one that is not enabled counts as not running."""
        shown = _run(["systemctl", "show", name, "--property=LoadState,ActiveState,UnitFileState"])
        state = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
        if state.get("LoadState") != "loaded":
            return Observed()
        running = state.get("ActiveState") == "active" and state.get("UnitFileState") == "enabled"
        return Observed(container=name, running=running, aspects={"image": self._package})

    def release(self, name: str) -> Mapping[str, str]:  # noqa: ARG002 - the unit comes with the package
        """Return the package as ``image`` and its ``version``."""
        version = _run(["dpkg-query", "--show", "--showformat=${Version}", self._package])
        return {"image": self._package, "version": version}

    def create(self, definition: Definition, aspects: Mapping[str, str]) -> str:  # noqa: ARG002 - a unit carries no labels
        """Make the unit known to systemd."""
        self._change(["systemctl", "daemon-reload"])
        return definition.name

    def start(self, name: str) -> None:
        """Enable and start the unit."""
        self._change(["systemctl", "daemon-reload"])
        self._change(["systemctl", "enable", "--now", name])

    def stop(self, name: str) -> None:
        """Stop the unit; disabled, so that a restart of the host does not bring it back."""
        self._change(["systemctl", "disable", "--now", name])

    def restart(self, name: str) -> None:
        """Restart the unit; once it is asked to, systemd goes on alone."""
        self._change(["systemctl", "daemon-reload"])
        self._change(["systemctl", "restart", name])

    def execute(self, name: str, command: Sequence[str]) -> None:  # noqa: ARG002 - the command names the unit itself
        """Run a command on this host."""
        self._change(["systemctl", "daemon-reload"])
        self._change(command)

    def check(self, definition: Definition, command: Sequence[str]) -> None:  # noqa: ARG002 - nothing of the unit is used
        """Run a command that refuses an invalid file."""
        _run(command)


def _run(command: Sequence[str]) -> str:
    """Return the command's output; a status other than 0 is an error that shows it."""
    what = f"command {' '.join(command[:3])}"
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            list(command), capture_output=True, text=True, timeout=PATIENCE_SECONDS, env=environment, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise TimedOut(what, expected=f"an end within {PATIENCE_SECONDS} s", found="none") from error
    except OSError as error:
        raise Refused(what, expected="a program that can be run", found=str(error)) from error
    if done.returncode != 0:
        raise Refused(
            what, expected="exit status 0", found=f"{done.returncode}: {(done.stdout + done.stderr).strip()[-2000:]}"
        )
    return done.stdout
