"""What a machine's container is created with, on machines of every kind: by what engines say about themselves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.isolation import isolation, lacking

# What decides in the answer to `docker info`: control groups of version 1; of 2, with systemd and without; and an
# engine older than the question.
LEGACY = {"ServerVersion": "20.10.24+dfsg1", "CgroupDriver": "cgroupfs", "CgroupVersion": "1"}
UNIFIED = {"ServerVersion": "26.1.5+dfsg1", "CgroupDriver": "systemd", "CgroupVersion": "2"}
UNIFIED_BY_HAND = {"ServerVersion": "20.10.24+dfsg1", "CgroupDriver": "cgroupfs", "CgroupVersion": "2"}
OLD = {"ServerVersion": "19.03.15", "CgroupDriver": "cgroupfs"}


@pytest.mark.parametrize("info", [UNIFIED, UNIFIED_BY_HAND])
def test_with_everything_to_give_away_a_machine_is_privileged_in_a_tree_of_its_own(
    info: dict[str, Any],
) -> None:
    apart = isolation(info, [])
    assert apart.host_config == {"Privileged": True, "CgroupnsMode": "private"}
    assert apart.binds == ()
    assert apart.environment == {}


@pytest.mark.parametrize(
    ("info", "without", "legacy"),
    [
        (LEGACY, ["SYS_RESOURCE"], True),
        (LEGACY, [], True),
        (OLD, [], True),
        (UNIFIED, ["SYS_RESOURCE"], False),
    ],
)
def test_otherwise_it_gets_what_there_is_and_writes_to_the_machine_s_tree(
    info: dict[str, Any], without: list[str], legacy: bool
) -> None:
    apart = isolation(info, without)
    assert "Privileged" not in apart.host_config
    assert apart.host_config["CapDrop"] == without
    assert apart.host_config["CgroupnsMode"] == "host"
    assert apart.host_config["ReadonlyPaths"] == []
    assert apart.binds == ("/sys/fs/cgroup:/sys/fs/cgroup:rw",)
    assert ("SYSTEMD_PROC_CMDLINE" in apart.environment) is legacy


# /proc/self/status of a shell on a workstation, and on a machine that was started without two capabilities
FULL = "Name:\tcat\nCapInh:\t0000000000000000\nCapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\n"
BOUND = "Name:\tcat\nCapInh:\t0000000000000000\nCapBnd:\t000001fffeffffff\nCapAmb:\t0000000000000000\n"


@pytest.mark.parametrize(
    ("status", "last", "missing"),
    [(FULL, 40, []), (BOUND, 40, ["SYS_RESOURCE"]), (FULL.replace("1ff", "03f"), 37, [])],
)
def test_what_a_machine_lacks_is_read_from_its_bounding_set(status: str, last: int, missing: list[str]) -> None:
    assert lacking(status, last) == missing
