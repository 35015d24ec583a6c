# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one command of Odoo in a container of its own that is gone afterwards.

Configuration, request and result are files in a directory that only this container sees: nothing secret is in
arguments, in the environment, or in a log that stays.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.docker_engine import Engine
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    MissingLibrary,
    Refused,
    TimedOut,
    Unreachable,
)

EXCHANGE = "/run/erpops/exchange"
LOG_LINES = 25
ATTENTION_SECONDS = 0.5


@dataclass(frozen=True)
class Odoo:
    """How the container is made: like the instance's own ones, unless another ``network`` mode is given."""

    what: str
    image: str
    uid: int
    config_target: str
    config_files: Mapping[str, str]
    mounts: Mapping[str, str]
    environment: Mapping[str, str]
    memory_mb: int = 0
    network: str = "bridge"


def run(odoo: Odoo, verb: str, request: Mapping[str, Any], *, addons_path: str, config: str, timeout: int) -> Any:
    """Run ``odoo estate <verb>`` with this request and return its result."""
    command = [
        "odoo",
        f"--addons-path={addons_path}",
        "estate",
        verb,
        "-c",
        f"{odoo.config_target}/{config}",
        "--request",
        f"{EXCHANGE}/request.json",
        "--result",
        f"{EXCHANGE}/result.json",
    ]
    with _workspace(odoo) as directory:
        _write(directory / "exchange" / "request.json", json.dumps(request), odoo.uid)
        _contain(odoo, command, directory, timeout)
        return json.loads((directory / "exchange" / "result.json").read_text(encoding="utf-8"))


def execute(odoo: Odoo, command: Sequence[str], *, timeout: int, meanwhile: Callable[[], object] | None = None) -> str:
    """Run any command and return what it printed; ``meanwhile`` is called again and again until it ends."""
    with _workspace(odoo) as directory:
        return _contain(odoo, command, directory, timeout, meanwhile)


@contextmanager
def _workspace(odoo: Odoo) -> Iterator[Path]:
    guard.about_to_write(odoo.what, "a container of its own")
    Path("/run/erpops").mkdir(mode=0o711, exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix="odoo-", dir="/run/erpops"))
    try:
        for name in ("config", "exchange"):
            (directory / name).mkdir(mode=0o700)
            os.chown(directory / name, odoo.uid, odoo.uid)
        directory.chmod(0o711)
        for name, content in odoo.config_files.items():
            _write(directory / "config" / name, content, odoo.uid)
        yield directory
    finally:
        rmtree(directory)


def _write(path: Path, content: str, uid: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content)
    os.chown(path, uid, uid)


def _contain(
    odoo: Odoo,
    command: Sequence[str],
    directory: Path,
    timeout: int,
    meanwhile: Callable[[], object] | None = None,
) -> str:
    try:
        import docker
        import docker.errors
        import requests.exceptions
    except ImportError as error:
        raise MissingLibrary(
            "the Docker SDK for Python", found=str(error), remedy="install the package python3-docker on this host"
        ) from error
    engine = Engine()
    if not engine.has_image(odoo.image):
        engine.pull(odoo.image)
    binds = {
        **dict(odoo.mounts),
        str(directory / "config"): f"{odoo.config_target}:ro",
        str(directory / "exchange"): f"{EXCHANGE}:rw",
    }
    try:
        api = docker.APIClient(base_url="unix:///var/run/docker.sock", version="auto", timeout=timeout)
        guard.guarded(api, odoo.what)
        container = api.create_container(
            image=odoo.image,
            command=list(command),
            user=f"{odoo.uid}:{odoo.uid}",
            environment=dict(odoo.environment),
            host_config=api.create_host_config(
                binds=[f"{source}:{target}" for source, target in binds.items()],
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                mem_limit=odoo.memory_mb * 1024 * 1024 or None,
                network_mode=odoo.network,
            ),
        )["Id"]
        try:
            api.start(container)
            if meanwhile:
                _attend(api, container, meanwhile, odoo.what, timeout)
            status = api.wait(container, timeout=timeout)["StatusCode"]
            printed = "" if status else api.logs(container, stderr=False).decode(errors="replace")
            log = api.logs(container, tail=LOG_LINES).decode(errors="replace") if status else ""
        finally:
            api.remove_container(container, force=True)
    except requests.exceptions.ReadTimeout as error:
        raise TimedOut(odoo.what, expected=f"an end within {timeout} s", found="it was still running") from error
    except docker.errors.APIError as error:
        raise Refused(odoo.what, found=str(error.explanation or error)) from error
    except (docker.errors.DockerException, requests.exceptions.ConnectionError) as error:
        raise Unreachable(odoo.what, found=str(error), remedy="see systemctl status docker on this host") from error
    if status:
        raise Refused(odoo.what, expected="exit status 0", found=f"{status}; its last lines: {log}")
    return printed


def _attend(api: Any, container: str, meanwhile: Callable[[], object], what: str, timeout: int) -> None:
    deadline = time.monotonic() + timeout
    while api.inspect_container(container)["State"]["Running"]:
        if time.monotonic() > deadline:
            raise TimedOut(what, expected=f"an end within {timeout} s", found="it was still running")
        meanwhile()
        time.sleep(ATTENTION_SECONDS)
