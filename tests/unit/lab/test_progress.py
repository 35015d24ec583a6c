"""Progress: plain lines where there is no terminal, times of every phase, and what a failed command leaves behind."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path

import pytest

from tests.lab import paths, playbook
from tests.lab.progress import CommandFailed, Progress, clock


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (59.9, "0:59"), (60, "1:00"), (3725, "62:05")])
def test_clock(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_plain_lines_say_what_is_done_once() -> None:
    out = io.StringIO()
    progress = Progress(out)
    with progress.phase("Images"):
        progress.doing("etcd")
        progress.doing("etcd")
    assert out.getvalue().splitlines() == ["• Images", "  Images 0:00: etcd", "✓ Images 0:00"]
    assert "Images" in progress.timings


def test_a_failed_phase_is_named_and_not_timed() -> None:
    out = io.StringIO()
    progress = Progress(out)
    with pytest.raises(ValueError, match="why"), progress.phase("Machines"):
        raise ValueError("why")
    assert out.getvalue().splitlines()[-1] == "✗ Machines failed after 0:00"
    assert progress.timings == {}


def test_a_failed_command_shows_its_last_lines_and_where_the_rest_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "LOGS", tmp_path)
    script = "print('first'); print('the cause'); raise SystemExit(3)"
    with pytest.raises(CommandFailed, match=r"(?s)ended with 3.*the cause") as failure:
        Progress(io.StringIO()).run([sys.executable, "-c", script], log="trial")
    assert str(tmp_path / "trial.log") in str(failure.value)
    assert "first\nthe cause\n" in (tmp_path / "trial.log").read_text(encoding="utf-8")


def test_a_playbook_s_recap_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "output"
    output.write_text(
        "TASK [Converge etcd] ****\n"
        "node1                      : ok=12   changed=2    unreachable=0    failed=0    skipped=3\n"
        "store1                     : ok=4    changed=0    unreachable=0    failed=0    skipped=1\n",
        encoding="utf-8",
    )
    wrapper = tmp_path / "run-playbook"
    wrapper.write_text('#!/bin/sh\nexec cat "$1"\n', encoding="utf-8")
    wrapper.chmod(0o755)
    monkeypatch.setattr(paths, "LOGS", tmp_path)
    monkeypatch.setattr(paths, "RUN_PLAYBOOK", wrapper)
    out = io.StringIO()
    progress = Progress(out)
    with progress.phase("Converge"):
        run = playbook.run(progress, str(output))
    assert (run.changed, run.changes) == ({"node1": 2, "store1": 0}, 2)
    assert "Converge etcd" in out.getvalue()


def test_what_runs_below_another_tool_is_shown_as_it_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "LOGS", tmp_path)
    out = io.StringIO()
    progress = Progress(out)
    with progress.relayed() as file, file.open("a", encoding="utf-8") as below:
        below.write("• Converge\n✓ Converge 4:05\nhalf a ")
        below.flush()
        deadline = time.monotonic() + 5
        while "4:05" not in out.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert out.getvalue() == "• Converge\n✓ Converge 4:05\n"
        below.write("line\n✓ Converge 0:40\nnot ended")
    assert out.getvalue().endswith("half a line\n✓ Converge 0:40\nnot ended\n")
    assert progress.timings == {"Converge": 245.0, "Converge again": 40.0}


@pytest.mark.parametrize(
    ("there", "run"),
    [
        ((), "demo, from bare"),
        (("inventory/images.yml",), "demo, with images built"),
        (("inventory/images.yml", "ready"), "demo, with everything up"),
    ],
)
def test_times_are_kept_apart_by_what_the_run_found(
    there: tuple[str, ...], run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, place in (
        ("GENERATED_VARS", "inventory"),
        ("READY", "ready"),
        ("TIMINGS", "timings"),
        ("VENV_SECONDS", "no"),
    ):
        monkeypatch.setattr(paths, name, tmp_path / place)
    for name in there:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    progress = Progress(io.StringIO())
    (tmp_path / "ready").touch()  # what a run makes itself is not what it found
    with progress.phase("Images"):
        pass
    progress.save_timings("demo")
    kept = json.loads((tmp_path / "timings").read_text(encoding="utf-8"))
    assert list(kept) == [run]
    assert list(kept[run]["phases"]) == ["Images"]
