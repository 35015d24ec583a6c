"""A load that died must not look like an estate at which nothing fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.estate.wait import until
from tests.estate.world import Estate, Instance
from tests.load import load as module
from tests.load import traffic
from tests.load.load import Load
from tests.load.wire import Wire


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """A load of an estate that is not there; nobody is to be asked."""
    monkeypatch.setattr(Wire, "to", lambda *_whom: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(traffic.Shop, "open", lambda *_whom: SimpleNamespace(cookie=""))
    instance = cast("Instance", SimpleNamespace(name="north"))
    return Load(cast("Estate", None), instance, websockets=0, directory=tmp_path)


def test_a_thread_that_died_is_a_defect(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    def died(*_rates: Any) -> Iterator[Any]:
        raise LookupError("nothing is due")

    monkeypatch.setattr(module, "arrivals", died)
    with load:
        pass
    assert [defect.splitlines()[-1] for defect in load.defects] == ["LookupError: nothing is due"]


def test_a_thread_that_does_not_end_is_a_defect(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def hangs(*_rates: Any) -> Iterator[Any]:
        over.wait()
        return iter(())

    monkeypatch.setattr(module, "arrivals", hangs)
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    with load:
        pass
    over.set()
    assert load.defects == ["expected Load._let_in to end within 0.1 s, found that it runs on"]


def test_a_request_that_died_is_a_defect(load: Load) -> None:
    """The shop of this load sells nothing, and a page cannot be asked for."""
    with load:
        until(lambda: bool(load.defects), 5, "a request to be let in", interval=0.01)
    assert "AttributeError" in load.defects[0]
