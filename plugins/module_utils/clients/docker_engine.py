# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Docker engine of this host, through the Docker SDK for Python."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    MissingLibrary,
    Refused,
    TimedOut,
    Unreachable,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.converge import Observed
from ansible_collections.erpops.estate.plugins.module_utils.policy.definition import CPU_PERIOD, MIB, Definition

SOCKET = "unix:///var/run/docker.sock"
LABEL = "erpops.estate.aspects"
VERSION_LABEL = "org.opencontainers.image.version"
# Removing and stopping wait for the process; anything else answers within seconds.
PATIENCE_SECONDS = 60
# What Docker itself takes for a container that says nothing.
DEFAULT_STOP_SECONDS = 10


class Engine:
    """One engine; every method raises a :class:`ClientError` that names the object."""

    def __init__(self, base_url: str = SOCKET) -> None:
        try:
            import docker
            import docker.errors
            import requests.exceptions
        except ImportError as error:
            raise MissingLibrary(
                "the Docker SDK for Python", found=str(error), remedy="install the package python3-docker on this host"
            ) from error
        self._errors = docker.errors
        self._request_errors = requests.exceptions
        try:
            self._api: Any = docker.APIClient(base_url=base_url, version="auto", timeout=PATIENCE_SECONDS)
        except docker.errors.DockerException as error:
            raise Unreachable(
                f"Docker engine at {base_url}",
                expected="an answer",
                found=str(error),
                remedy="see systemctl status docker on this host",
            ) from error
        guard.guarded(self._api, f"Docker engine at {base_url}")

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        try:
            yield
        except self._errors.APIError as error:
            raise Refused(what, found=str(error.explanation or error)) from error
        except self._request_errors.Timeout as error:
            raise TimedOut(what, expected=f"an answer within {PATIENCE_SECONDS} s", found=str(error)) from error
        except (self._request_errors.ConnectionError, self._errors.DockerException) as error:
            raise Unreachable(what, found=str(error), remedy="see systemctl status docker on this host") from error

    def image_identity(self, reference: str) -> str:
        """Return what stands for the image: its digest, or the id of a local image; "" when it must be pulled."""
        if "@" in reference:
            return reference.rpartition("@")[2]
        with self._asking(f"image {reference}"):
            try:
                return str(self._api.inspect_image(reference)["Id"])
            except self._errors.ImageNotFound:
                return ""

    def has_image(self, reference: str) -> bool:
        """Return whether the image is on this host."""
        with self._asking(f"image {reference}"):
            try:
                self._api.inspect_image(reference)
            except self._errors.ImageNotFound:
                return False
            return True

    def pull(self, reference: str) -> None:
        """Fetch the image from its registry."""
        name, separator, tag = reference.partition("@")
        if not separator:
            name, _colon, tag = reference.rpartition(":")
        with self._asking(f"image {reference}"):
            for message in self._api.pull(name, tag=tag, stream=True, decode=True):
                if "error" in message:
                    raise Refused(
                        f"image {reference}",
                        expected="an image in the registry",
                        found=message["error"],
                        remedy="check estate_images, the registry and its CA on this host",
                    )

    def observe(self, name: str) -> Observed:
        """Return the container of this name as it is; an empty one when there is none."""
        with self._asking(f"container {name}"):
            try:
                info = self._api.inspect_container(name)
            except self._errors.NotFound:
                return Observed()
        state, host = info["State"], info["HostConfig"]
        return Observed(
            container=info["Id"],
            running=bool(state["Running"]) and not state.get("Restarting") and not state.get("Paused"),
            started_at=_seconds(state["StartedAt"]),
            aspects=_aspects(info["Config"].get("Labels") or {}),
            limits={
                "memory": host.get("Memory") or 0,
                "cpu_quota": max(host.get("CpuQuota") or 0, 0),
            },
        )

    def containers(self) -> list[dict[str, Any]]:
        """Return all containers, stopped ones too, and whether each is one of ours."""
        with self._asking("containers of this host"):
            found = self._api.containers(all=True)
        return [
            {
                "name": str((entry.get("Names") or [entry["Id"]])[0]).lstrip("/"),
                "image": str(entry.get("Image", "")),
                "running": entry.get("State") == "running",
                "managed": LABEL in (entry.get("Labels") or {}),
            }
            for entry in found
        ]

    def release(self, name: str) -> Mapping[str, str]:
        """Return ``image`` and the ``version`` that the image's label tells; empty when there is no container."""
        with self._asking(f"container {name}"):
            try:
                config = self._api.inspect_container(name)["Config"]
            except self._errors.NotFound:
                return {}
        return {"image": config["Image"], "version": (config.get("Labels") or {}).get(VERSION_LABEL, "")}

    def create(self, definition: Definition, aspects: Mapping[str, str]) -> str:
        """Create the container, not started, and return its id."""
        options = definition.options
        with self._asking(f"container {definition.name}"):
            created = self._api.create_container(
                image=definition.image,
                name=definition.name,
                command=options["command"] or None,
                user=options["user"] or None,
                environment=options["env"] or None,
                ports=[port["container_port"] for port in options["ports"] or []] or None,
                labels={LABEL: json.dumps(dict(aspects), sort_keys=True)},
                stop_signal=options["stop_signal"],
                stop_timeout=options["stop_timeout"],
                host_config=self._host_config(definition),
            )
        return str(created["Id"])

    def _host_config(self, definition: Definition) -> Any:
        from docker.types import Ulimit

        options, limits = definition.options, definition.limits
        return self._api.create_host_config(
            binds=[
                f"{mount['source']}:{mount['target']}:{'ro' if mount['read_only'] else 'rw'}"
                for mount in options["mounts"] or []
            ],
            port_bindings={
                port["container_port"]: (port["host_ip"], port["host_port"]) for port in options["ports"] or []
            },
            network_mode=options["network"],
            restart_policy={"Name": "unless-stopped"},
            tmpfs=dict.fromkeys(options["tmpfs"] or [], "") or None,
            cap_drop=["ALL"],
            cap_add=options["capabilities"] or None,
            security_opt=["no-new-privileges"],
            mem_limit=limits["memory"] or None,
            memswap_limit=limits["memory"] or None,
            cpu_period=CPU_PERIOD if limits["cpu_quota"] else None,
            cpu_quota=limits["cpu_quota"] or None,
            pids_limit=options["pids"] or None,
            shm_size=(options["shm_size_mb"] or 0) * MIB or None,
            ulimits=[Ulimit(name=name, soft=value, hard=value) for name, value in (options["ulimits"] or {}).items()]
            or None,
            init=options["init"] or None,
        )

    def start(self, name: str) -> None:
        """Start the container."""
        with self._asking(f"container {name}"):
            self._api.start(name)

    def stop(self, name: str) -> None:
        """Stop the container, giving its process the time it was created with; it stays stopped."""
        with self._asking(f"container {name}"):
            self._api.stop(name, timeout=self._stop_timeout(name))

    def restart(self, name: str) -> None:
        """Stop the container as :meth:`stop` does and start it, in one request: the engine ends what it has begun."""
        with self._asking(f"container {name}"):
            self._api.restart(name, timeout=self._stop_timeout(name))

    def _stop_timeout(self, name: str) -> int:
        return int(self._api.inspect_container(name)["Config"].get("StopTimeout") or DEFAULT_STOP_SECONDS)

    def stop_and_remove(self, name: str, stop_timeout: int) -> None:
        """Stop the container, giving its process ``stop_timeout`` seconds, and remove it."""
        with self._asking(f"container {name}"):
            self._api.stop(name, timeout=stop_timeout)
            self._api.remove_container(name, force=True)

    def remove(self, name: str) -> None:
        """Stop the container, giving its process the time it was created with, and remove it."""
        with self._asking(f"container {name}"):
            self.stop_and_remove(name, self._stop_timeout(name))

    def set_limits(self, name: str, limits: Mapping[str, int]) -> None:
        """Set memory (bytes) and CPU time (microseconds a period) on the running container; 0 lifts a limit."""
        wanted: dict[str, int] = {}
        if "memory" in limits:
            wanted.update(mem_limit=limits["memory"], memswap_limit=limits["memory"] or -1)
        if "cpu_quota" in limits:
            wanted.update(cpu_period=CPU_PERIOD, cpu_quota=limits["cpu_quota"] or -1)
        with self._asking(f"limits of container {name}"):
            self._api.update_container(name, **wanted)

    def signal(self, name: str, wanted: str) -> None:
        """Send a signal, such as ``SIGHUP``, to the container's first process, past the engine.

        Through the engine it would mark the container as stopped by hand, whatever the signal, and so it would not be
        started again with its host (``killWithSignal`` in moby's ``daemon/kill.go``).
        """
        what = f"{wanted} to container {name}"
        if wanted not in signal.Signals.__members__:
            raise Refused(what, expected="the name of a signal, such as SIGHUP", found=wanted)
        guard.about_to_write(f"container {name}", wanted)
        number = self._process(what, name)
        try:
            process = os.pidfd_open(number)
            try:
                # Before it was opened the number could have become another's; since then it cannot.
                if self._process(what, name) != number:
                    raise ProcessLookupError
                signal.pidfd_send_signal(process, signal.Signals[wanted])
            finally:
                os.close(process)
        except ProcessLookupError:
            raise Refused(what, expected="it to run on", found="its process ended", remedy="run again") from None

    def _process(self, what: str, name: str) -> int:
        """Return the number of a running container's first process on this host."""
        with self._asking(f"container {name}"):
            found = int(self._api.inspect_container(name)["State"]["Pid"])
        if not found:
            raise Refused(what, expected="it to run", found="it stopped", remedy="start it, or run the role again")
        return found

    def execute(self, name: str, command: Sequence[str]) -> None:
        """Run a command in the container; a status other than 0 is an error that shows its output."""
        self._executed(name, command)

    def ask(self, name: str, command: Sequence[str]) -> str:
        """Run a command that changes nothing in the container and return what it printed."""
        with guard.asking():
            return self._executed(name, command)

    def _executed(self, name: str, command: Sequence[str]) -> str:
        what = f"command {command[0]} in container {name}"
        with self._asking(what):
            identity = self._api.exec_create(name, list(command))["Id"]
            output = self._api.exec_start(identity)
            status = self._api.exec_inspect(identity)["ExitCode"]
        if status != 0:
            raise Refused(what, expected="exit status 0", found=f"{status}: {output.decode(errors='replace')[-2000:]}")
        return str(output.decode(errors="replace"))

    def check(self, definition: Definition, command: Sequence[str]) -> None:
        """Run a command in a container of its own, with the service's image, user and mounts and no network."""
        what = f"check {command[0]} for {definition.name}"
        options = definition.options
        with self._asking(what):
            created = self._api.create_container(
                image=definition.image,
                command=list(command[1:]),
                entrypoint=[command[0]],
                user=options["user"] or None,
                environment=options["env"] or None,
                host_config=self._api.create_host_config(
                    network_mode="none",
                    binds=[f"{mount['source']}:{mount['target']}:ro" for mount in options["mounts"] or []],
                ),
            )["Id"]
            try:
                self._api.start(created)
                status = self._api.wait(created)["StatusCode"]
                output = self._api.logs(created)
            finally:
                self._api.remove_container(created, force=True)
        if status != 0:
            raise Refused(what, expected="a valid file", found=output.decode(errors="replace")[-2000:])


def _aspects(labels: Mapping[str, str]) -> Mapping[str, str]:
    try:
        return dict(json.loads(labels.get(LABEL, "{}")))
    except ValueError:
        return {}


def _seconds(timestamp: str) -> float:
    """Return seconds since the epoch for the engine's RFC 3339 time, whose nanoseconds Python cannot read."""
    whole, _dot, fraction = timestamp.rstrip("Z").partition(".")
    if whole.startswith("0001"):
        return 0.0
    return datetime.fromisoformat(whole + "+00:00").timestamp() + float(f"0.{fraction[:6] or 0}")
