# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.preflight import preflight_findings
from ansible_collections.erpops.estate.plugins.module_utils.policy.survey import Survey, question, read

from tests.conftest import REPOSITORY
from tests.unit.plugins.module_utils.policy.inventories import inventory, texts

FIXTURES = REPOSITORY / "tests" / "unit" / "fixtures" / "survey"
# A Debian 12 host of the lab that runs etcd.
ANSWER = Path(FIXTURES / "bookworm_etcd.txt").read_text(encoding="utf-8")
CLOCK = float(ANSWER.splitlines()[1])


def replaced(part: str, *lines: str) -> str:
    """Return the answer with one part of it replaced."""
    head, _part, rest = ANSWER.partition(f"@{part}\n")
    tail = rest[rest.index("@") :] if "@" in rest else ""
    return "\n".join([f"{head}@{part}", *lines, tail])


def test_a_host_is_read() -> None:
    survey = read(ANSWER, CLOCK - 0.1, CLOCK + 0.3)
    assert (survey.system, survey.version) == ("debian", "12")
    assert survey.clock_offset == pytest.approx(-0.1)
    assert survey.clock_doubt == pytest.approx(0.2)
    assert survey.memory_mb > 1024
    assert survey.disk_free_mb > 1024
    assert ("eth0", "172.30.77.11") in survey.addresses
    assert ("172.30.77.11", 2379) in survey.listening
    assert ("::", 22) in survey.listening
    assert "etcd" in survey.present
    assert "tls" not in survey.present
    assert {"python3-docker", "openssh-server"} <= set(survey.packages)


@pytest.mark.parametrize(
    ("last", "elapsed", "offset", "doubt"),
    [
        (0.0, 0.4, 3.0, 0.2),
        (3.0, 3.2, 3.0, 0.1),
        (20.0, 20.0, 3.0, 0.0),
        (-5.0, 2.0, 3.0, 1.0),
        (9.0, 2.0, 3.0, 1.0),
    ],
    ids=["at once", "the host takes its time", "its engine hangs", "set back meanwhile", "set forward meanwhile"],
)
def test_only_the_way_there_and_back_says_anything_against_a_clock(
    last: float, elapsed: float, offset: float, doubt: float
) -> None:
    took = last if 0 <= last <= elapsed else 0.0
    asked = CLOCK - 3 - (elapsed - took) / 2
    survey = read(f"{ANSWER}\n@clock\n{CLOCK + last:.6f}\n", asked, asked + elapsed)
    assert survey.clock_offset == pytest.approx(offset, abs=0.002)
    assert survey.clock_doubt == pytest.approx(doubt, abs=0.002)


def test_a_host_that_is_ahead_is_found_however_long_the_look_takes() -> None:
    survey = read(f"{ANSWER}\n@clock\n{CLOCK + 3}\n", CLOCK - 3, CLOCK + 0.2)
    found = "".join(texts(preflight_findings(inventory(), {"n1": survey})))
    assert "clock of n1: it is at least 2.8 s ahead of that of the controller" in found


def test_what_was_read_travels_as_plain_data() -> None:
    survey = read(ANSWER, CLOCK, CLOCK)
    data = survey.as_dict()
    for name in ("addresses", "listening"):
        data[name] = [list(entry) for entry in data[name]]
    assert Survey.of(data) == survey


@pytest.mark.parametrize(
    ("docker", "expected"),
    [
        (None, {}),
        ("exit 1", None),
        ("test $1 = inspect || exit 0", {}),
        (
            """case "$*" in
                "ps --quiet") echo 1a; echo 2b ;;
                "inspect --format {{.Name}} {{.Config.Image}} 1a 2b") echo /etcd r/e@sha256:1; echo /odoo o:2 ;;
                *) exit 9 ;;
            esac""",
            {"etcd": "r/e@sha256:1", "odoo": "o:2"},
        ),
        (
            """case "$*" in
                "ps --quiet") echo 1a; test -e gone || echo 2b ;;
                *2b) : > gone; echo /etcd e:1; exit 1 ;;
                *1a) echo /etcd e:1 ;;
            esac""",
            {"etcd": "e:1"},
        ),
        ("test $1 = inspect && exit 1 || echo 1a", None),
        ("test ! -e asked || exit 9; : > asked; exit 124", None),
    ],
    ids=[
        "no engine",
        "a silent engine",
        "nothing runs",
        "containers",
        "one goes meanwhile",
        "none is told",
        "it hangs",
    ],
)
def test_what_runs_is_asked_of_the_engine(tmp_path: Path, docker: str | None, expected: dict[str, str] | None) -> None:
    """By a shell that finds this in place of the command line of an engine."""
    for name in ("date", "awk", "getconf", "cat", "df", "ls", "timeout"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    if docker:
        (tmp_path / "docker").write_text(f"#!/bin/sh\n{docker}\n")
        (tmp_path / "docker").chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "-c", question(containers=True)],
        env={"PATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert read(done.stdout, CLOCK, CLOCK).running == expected
    assert done.stdout.count("@clock") == 2
    assert "@running" not in question(containers=False)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (["max"], 4096),
        ([], 4096),
        (["9223372036854771712"], 4096),
        (["2147483648"], 2048),
        (["max", "1073741824"], 1024),
        (["17179869184"], 4096),
    ],
)
def test_memory_is_bounded_by_the_control_group(limits: list[str], expected: int) -> None:
    answer = replaced("limit", *limits)
    head, _part, rest = answer.partition("@memory\n")
    answer = f"{head}@memory\n{4096 * 1024}\n{rest[rest.index('@') :]}"
    assert read(answer, CLOCK, CLOCK).memory_mb == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("0100007F:1538", ("127.0.0.1", 5432)),
        ("00000000:0050", ("0.0.0.0", 80)),  # noqa: S104  # what the kernel reports, nothing is bound
        ("00000000000000000000000000000000:01BB", ("::", 443)),
        ("00000000000000000000000001000000:1538", ("::1", 5432)),
        ("B80D0120000000000000000001000000:01BB", ("2001:db8::1", 443)),
    ],
)
def test_sockets(raw: str, expected: tuple[str, int]) -> None:
    assert read(replaced("listening", raw), CLOCK, CLOCK).listening == (expected,)


@pytest.mark.parametrize("part", ["clock", "system", "memory", "disk"])
def test_an_answer_that_is_cut_short_is_refused(part: str) -> None:
    with pytest.raises(ValueError, match=f"the host did not tell its {part}"):
        read(replaced(part), CLOCK, CLOCK)


def test_no_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="did not tell"):
        read("", CLOCK, CLOCK)
