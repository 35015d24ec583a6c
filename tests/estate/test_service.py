"""The service module against a real engine: what each difference leads to, and that nothing else is touched."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.estate import site
from tests.estate.wait import until
from tests.estate.world import Estate, Host

NAME = "scratch"
ROOT = f"/etc/erpops/{NAME}"


class Scratch:
    """A service of its own on one host, beside the estate's."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def converge(self, *options: str, replace: str = "gated", **changes: Any) -> dict[str, Any]:
        contents = {"a": "as desired", "reloadable": "1", "secret": "canary-7f3a"} | changes.pop("contents", {})
        definition: dict[str, Any] = {
            "image": "{{ estate_images.redis }}",
            "command": ["sleep", "3600"],
            "network": "none",
            "user": "65534:65534",
            "init": True,
            "stop_timeout": 1,
            "memory_mb": 64,
            "directories": [{"path": ROOT, "mode": "0755"}],
            "files": [
                {"path": f"{ROOT}/a", "content": contents["a"], "validate": ["grep", "-q", "desired", "%s"]},
                {"path": f"{ROOT}/reloadable", "content": contents["reloadable"], "on_change": "reload"},
            ],
            "secret_files": [{"path": f"{ROOT}/secret", "content": contents["secret"], "on_change": "none"}],
            "mounts": [{"source": ROOT, "target": "/scratch", "read_only": True}],
            "reload": {"exec": ["true"]},
            "health_timeout": 15,
        }
        arguments = {"name": NAME, "definition": {**definition, **changes}, "replace": replace}
        return site.module(self.host.name, "erpops.estate.service", arguments, *options)[self.host.name]

    def shell(self, command: str) -> str:
        return str(self.host.run(command).stdout).strip()

    def container(self) -> tuple[str, str]:
        """The container's id and the time its process started: equal as long as nothing restarted."""
        found = self.host.docker(NAME).inspect()
        return found["Id"], found["State"]["StartedAt"]


@pytest.fixture(scope="module")
def scratch(estate: Estate) -> Iterator[Scratch]:
    service = Scratch(estate.group("etcd")[-1])
    remove = f"docker rm -f {NAME}; rm -rf {ROOT} /var/lib/erpops/proven/{NAME}.json"
    service.shell(remove)
    yield service
    service.shell(remove)


@pytest.fixture
def running(scratch: Scratch) -> Scratch:
    """The service as desired, whatever the test before left."""
    result = scratch.converge()
    assert not result["failed"], result
    return scratch


def test_check_mode_creates_nothing(scratch: Scratch) -> None:
    foreseen = scratch.converge("--check")
    assert (foreseen["reasons"], foreseen["changed"]) == (["there is no container"], True)
    assert scratch.shell(f"docker ps -aqf name=^{NAME}$; ls {ROOT} 2>&1 | grep -v 'No such file'") == ""


def test_the_second_run_changes_nothing(running: Scratch) -> None:
    before = running.container()
    result = running.converge("--diff")
    assert (result["actions"], result["changed"], result.get("diff", [])) == ([], False, [])
    assert running.container() == before


def test_a_stopped_container_is_started(running: Scratch) -> None:
    running.shell(f"docker stop -t 1 {NAME}")
    assert running.converge()["actions"] == ["started the container"]


def test_an_edit_that_was_not_read_is_mended_without_a_restart(running: Scratch) -> None:
    before = running.container()
    running.shell(f"echo edited > {ROOT}/a")
    assert running.converge()["actions"] == [f"wrote {ROOT}/a"]
    assert running.container() == before


def test_an_edit_that_was_read_replaces_the_container(running: Scratch) -> None:
    running.shell(f"echo edited > {ROOT}/a; docker restart -t 1 {NAME}")
    result = running.converge()
    assert result["actions"] == [f"wrote {ROOT}/a", "replaced the container"]
    assert "by hand" in result["reasons"][0]


def test_a_reloadable_file_reloads(running: Scratch) -> None:
    before = running.container()
    assert running.converge(contents={"reloadable": "2"})["actions"] == [f"wrote {ROOT}/reloadable", "reloaded"]
    assert running.container() == before


# As a host loses its power: what runs is dead when its engine starts again.
POWER_LOST = """
pid=$(docker inspect --format '{{.State.Pid}}' %s)
systemctl stop docker.socket docker.service
kill -KILL "$pid"
systemctl start docker.socket docker.service
"""


def test_what_was_reloaded_by_a_signal_starts_with_its_host(running: Scratch) -> None:
    """To an engine that sends a signal the container counts as stopped by hand, whatever the signal."""
    told: dict[str, Any] = {
        "command": ["sh", "-c", "trap 'echo told' HUP; while :; do sleep 0.2; done"],
        "reload": {"signal": "SIGHUP"},
    }
    assert not running.converge(**told)["failed"]
    before = running.container()
    done = running.converge(**told, contents={"reloadable": "2"})
    assert done["actions"] == [f"wrote {ROOT}/reloadable", "reloaded"]
    assert running.container() == before
    until(lambda: "told" in running.shell(f"docker logs {NAME}"), 5, "the signal to arrive")
    running.host.check_output(POWER_LOST, NAME)
    until(lambda: running.host.docker(NAME).is_running, 30, "the engine to start it again")


def test_limits_change_on_the_running_container(running: Scratch) -> None:
    before = running.container()
    assert running.converge(memory_mb=96)["changed"]
    assert running.host.docker(NAME).inspect()["HostConfig"]["Memory"] == 96 * 1024 * 1024
    assert running.container() == before


def test_a_deferred_replacement_touches_nothing(running: Scratch) -> None:
    before = running.container()
    result = running.converge(replace="defer", contents={"a": "newly desired"})
    assert (result["changed"], result["replace_reasons"]) == (False, [f"{ROOT}/a differs"])
    assert running.shell(f"cat {ROOT}/a") == "as desired"
    assert running.container() == before


def test_a_secret_that_is_read_anew_does_not_wait_for_the_replacement(running: Scratch) -> None:
    before = running.container()
    contents = {"a": "newly desired", "secret": "canary-new"}
    assert running.converge("--check", replace="defer", contents=contents)["changed"]
    assert running.shell(f"cat {ROOT}/secret") == "canary-7f3a"
    result = running.converge(replace="defer", contents=contents)
    assert (result["changed"], result["actions"]) == (True, [f"wrote {ROOT}/secret"])
    assert running.shell(f"cat {ROOT}/a {ROOT}/secret") == "as desiredcanary-new"
    assert running.container() == before


def test_a_file_that_its_daemon_refuses_is_not_installed(running: Scratch) -> None:
    before = running.container()
    assert running.converge(contents={"a": "nonsense"})["failed"]
    assert running.shell(f"cat {ROOT}/a; ls -A {ROOT} | wc -l") == "as desired3"
    assert running.converge()["changed"] is False
    assert running.container() == before


def test_a_secret_is_in_no_output(running: Scratch) -> None:
    running.shell(f"echo edited > {ROOT}/secret")
    result = running.converge("--diff", "-vvv")
    assert result["changed"]
    assert "canary-7f3a" not in json.dumps(result)
    secret = running.host.file(f"{ROOT}/secret")
    assert (secret.content_string, secret.mode) == ("canary-7f3a", 0o400)


def test_waiting_has_an_end(running: Scratch) -> None:
    start = time.monotonic()
    result = running.converge(command=["false"], health_timeout=5)
    assert result["failed"]
    assert "docker logs" in result["msg"]
    assert time.monotonic() - start < 30
