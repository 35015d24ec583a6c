"""Carries out one point: the run is killed, what is half done is seen, the next run takes it back and completes."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.estate import module, site
from tests.estate.daemons import TIMER
from tests.estate.wait import until, until_whole
from tests.estate.world import Estate
from tests.interruptions.cast import Cast, choose, measure
from tests.interruptions.interrupt import interrupt
from tests.interruptions.model import Act, At, Point
from tests.interruptions.points import PLAYS

# Until what is left is seen: what was begun on a host comes to its end there by itself.
LEFT_SECONDS, UNTIL_SECONDS = 60, 240


def carry_out(estate: Estate, point: Point) -> dict[str, Any]:
    """Do it and return what was seen on the way; raise where it is not as it has to be."""
    play, began = PLAYS[point.playbook], time.monotonic()
    until_whole(estate)
    assert leases(estate) == [], "expected nobody to hold a lease before"
    with tempfile.TemporaryDirectory() as directory, put_back(estate, point) as cast_of:
        cast = cast_of(Path(directory) / "result.json")
        cut = interrupt(cast, point, play.act)
        assert cut.status != 0, f"expected the run to die, found that it ended well; it said {cut.said[-2000:]}"
        left = wait_for(cast, point.left, LEFT_SECONDS)
        refused = _refused(cast, play.act, point)
        wait_for(cast, point.until, UNTIL_SECONDS)
        time.sleep(point.rest)
        if point.refused:
            until_whole(estate)
        measure(cast, "now")
        run = _next(cast, point)
        if point.then is None:
            wait_for(cast, play.done, LEFT_SECONDS)
            for act in play.after:
                _run(cast, act)
    until_whole(estate)
    assert leases(estate) == [], "expected that no lease is left"
    return {
        "host": cast.words["host"],
        "at": " | ".join(cut.seen),
        "after_seconds": cut.after,
        "status": cut.status,
        "left": left,
        "refused": refused,
        "said": said(run),
        "seconds": round(time.monotonic() - began, 1),
    }


@contextmanager
def put_back(estate: Estate, point: Point) -> Iterator[Any]:
    """Keep the timers from ending leases, so that it is the next run that does; whatever happens, leave it whole."""
    play, cast = PLAYS[point.playbook], None

    def prepared(result: Path) -> Cast:
        nonlocal cast
        cast = choose(estate, point, result)
        for act in play.before:
            _run(cast, act)
        if point.orphan:
            leave_orphans(estate)
        host = cast.parts["host"]
        if point.cleared:
            host.check_output("rm -f %s", point.cleared)
        if point.edited:
            host.check_output("echo '# edited' >> %s; docker restart %s", point.edited, point.service)
            until_whole(estate)
        measure(cast, "since")
        cast.words["old"] = (host.containers().get(point.service) or {}).get("Id", "")
        return cast

    for host in estate.hosts:
        host.check_output(f"systemctl stop {TIMER}")
    try:
        yield prepared
    except BaseException:
        if cast is not None:
            # What it was that failed is said by who failed.
            for act in (*play.after, *((play.act,) if play.before else ())):
                _run(cast, act, check=False)
        raise
    finally:
        for host in estate.hosts:
            host.check_output(f"systemctl start {TIMER}")


def leave_orphans(estate: Estate) -> None:
    """Leave what a run does that dies between the start of a host and its return to the edges."""
    node = estate.group("odoo")[-1].name
    drain = {"server": node, "state": "drained", "owner": "ada", "reason": "new memory", "out_host": node}
    drained = site.module("edge", "erpops.estate.traefik_server", drain)
    assert not [result for result in drained.values() if result["failed"]], drained


def leases(estate: Estate) -> list[str]:
    """Return who holds what."""
    found = module.run(estate.group("etcd")[0], "lease_info", {})["leases"]
    return [f"{lease['kind']} {lease['name']} of {lease['owner']}" for lease in found]


def wait_for(cast: Cast, conditions: Sequence[At], seconds: float) -> list[str]:
    """Wait until all of it is so, and return what was seen."""
    answers: list[tuple[bool, str]] = []

    def so() -> bool:
        answers[:] = cast.answers(conditions)
        return all(right for right, _seen in answers)

    try:
        until(so, seconds, "what is left to be as it has to", interval=1)
    except AssertionError as error:
        lines = "\n".join(f"  {'as expected' if right else 'NOT SO     '}  {seen}" for right, seen in answers)
        raise AssertionError(f"{error}; found\n{lines}") from None
    return [seen for _right, seen in answers]


def said(run: site.Run) -> list[str]:
    """Return what the playbook itself told whoever ran it."""
    told = [result["msg"] for _host, task, result in run.results if task.startswith("Say ") and "msg" in result]
    return [text if isinstance(text, str) else json.dumps(text) for text in told]


def _next(cast: Cast, point: Point) -> site.Run:
    """Run it again, or what puts it back: it says what it takes back, and completes."""
    play = PLAYS[point.playbook]
    result = Path(str(cast.words["result"]))
    result.unlink(missing_ok=True)
    run = _run(cast, point.then or play.act, check=not play.bounded)
    if play.bounded:
        assert result.exists(), run.output
        kept = json.loads(result.read_text(encoding="utf-8"))["run"]
        assert [kept["findings"], kept["writes"]["lost"], kept["writes"]["doubled"]] == [[], [], []], kept
    if point.playbook == "site":
        assert {name for name, _task in run.tasks} <= {cast.words["host"]}, run.tasks
    missing = [text for text in cast.told(point.says) if text not in "\n".join(said(run))]
    assert not missing, f"expected the next run to say {missing}, found {said(run)}"
    if point.edited:
        assert "# edited" not in cast.parts["host"].file(point.edited).content_string
    return run


def _refused(cast: Cast, act: Act, point: Point) -> str:
    """Run it again at once, where what is half done is in its way: it says so."""
    if not point.refused:
        return ""
    run = _run(cast, act, check=False)
    assert run.status != 0, "expected a refusal, found that it was done"
    assert point.refused in run.output, run.output
    return run.output


def _run(cast: Cast, act: Act, *, check: bool = True) -> site.Run:
    playbook, arguments = cast.command(act)
    return site.run(*arguments, check=check, playbook=playbook)
