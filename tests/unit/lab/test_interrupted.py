"""Interrupted at any point and started again, the lab goes on where it was; what is whole is not made anew."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import APIError, NotFound

from tests.lab import collection, images, machines, packages, paths
from tests.lab.plan import Lab, Machine
from tests.lab.progress import Progress

LAB = Lab("lab", "10.9.0", (Machine("m1", 11), Machine("m2", 12, volumes={"shared": "/srv"})))
CONTAINERS = ["lab-m1", "lab-m2"]


@dataclass
class Machinery:
    """A container in the memory of :class:`Engine`."""

    engine: Engine
    id: str
    name: str
    labels: dict[str, str]
    status: str = "created"
    files: list[str] = field(default_factory=list)

    def put_archive(self, path: str, archive: bytes) -> None:
        self.engine.asked()
        assert archive
        self.files.append(path)

    def rename(self, name: str) -> None:
        self.engine.asked()
        self.engine.free(name)
        self.name = name

    def start(self) -> None:
        self.engine.asked()
        self.status = "running"

    def remove(self, *, force: bool) -> None:
        self.engine.asked()
        assert force
        self.engine.all.remove(self)


class Engine:
    """As much of Docker's as raising machines needs. After ``left`` requests whoever asks is interrupted."""

    def __init__(self, left: float) -> None:
        self.left = left
        self.all: list[Machinery] = []
        self.made = itertools.count(1)
        self.networks_made: list[str] = []
        self.containers = SimpleNamespace(get=self._get)
        self.networks = SimpleNamespace(list=self._networks, create=self._network)
        self.volumes = SimpleNamespace(create=lambda _name, **_more: self.asked())
        self.api = SimpleNamespace(
            create_host_config=lambda **given: given,
            create_endpoint_config=lambda **given: given,
            create_container=self._create,
        )

    def info(self) -> dict[str, str]:
        return {"CgroupVersion": "2"}

    def asked(self) -> None:
        if self.left <= 0:
            raise KeyboardInterrupt
        self.left -= 1

    def free(self, name: str) -> None:
        if any(machine.name == name for machine in self.all):
            raise APIError(f"the name {name} is in use")

    def whole(self) -> dict[str, str]:
        """Return the ids of the machines that have all that makes them one, by name."""
        return {machine.name: machine.id for machine in self.all if machine.files and machine.name in CONTAINERS}

    def _get(self, reference: str) -> Machinery:
        for machine in self.all:
            if reference in (machine.name, machine.id):
                return machine
        raise NotFound(reference)

    def _networks(self, names: Sequence[str]) -> list[str]:
        return [name for name in self.networks_made if f"^{name}$" in names]

    def _network(self, name: str, **_more: Any) -> None:
        self.asked()
        self.networks_made.append(name)

    def _create(self, _image: str, name: str, labels: dict[str, str], **_more: Any) -> dict[str, str]:
        self.asked()
        self.free(name)
        self.all.append(Machinery(self, str(next(self.made)), name, labels))
        return {"Id": self.all[-1].id}


@pytest.fixture
def raise_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Engine], None]:
    monkeypatch.setattr(paths, "SSH", tmp_path)
    monkeypatch.setattr(paths, "SSH_KEY", tmp_path / "id")
    monkeypatch.setattr(packages, "ensure", lambda _packages, _progress: None)
    monkeypatch.setattr(machines, "ensure_image", lambda *_kind: "image")
    monkeypatch.setattr(machines, "_wait", lambda *_machine, **_started: None)
    return lambda engine: machines.up(engine, LAB, Progress(io.StringIO()))  # type: ignore[arg-type]  # it stands in


def test_machines_are_raised_once_wherever_it_was_cut_off(raise_machines: Callable[[Engine], None]) -> None:
    for left in itertools.count():
        engine = Engine(left)
        try:
            raise_machines(engine)
        except KeyboardInterrupt:
            interrupted = True
        else:
            interrupted = False
        before = engine.whole()
        engine.left = math.inf
        raise_machines(engine)
        after = engine.whole()
        assert sorted(machine.name for machine in engine.all) == sorted(after) == CONTAINERS, left
        assert {machine.status for machine in engine.all} == {"running"}, left
        assert before.items() <= after.items(), left
        engine.left = 0
        # Nothing is asked for that would make or change anything.
        raise_machines(engine)
        if not interrupted:
            break
    # Volumes, network, creation, identity, name and start of each were cut off once.
    assert left > 10


class Saved:
    """An engine that gives an image's archive in two parts, and is interrupted between them once."""

    def __init__(self) -> None:
        self.times = 0
        self.images = SimpleNamespace(get=lambda _reference: SimpleNamespace(save=self._save))

    def _save(self, *, named: bool) -> Iterator[bytes]:
        assert named
        self.times += 1
        yield b"first "
        if self.times == 1:
            raise KeyboardInterrupt
        yield b"second"


def test_an_archive_that_was_cut_off_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "ARCHIVE", tmp_path / "image.tar")
    monkeypatch.setattr(paths, "STAMPS", tmp_path / "stamps")
    engine, built = Saved(), images.Built("image_registry", "tag", "sha256:1")

    def save() -> None:
        images._ensure_archive(engine, built, Progress(io.StringIO()))  # type: ignore[arg-type]  # it stands in

    with pytest.raises(KeyboardInterrupt):
        save()
    assert not images.ARCHIVE.exists()
    save()
    assert images.ARCHIVE.read_bytes() == b"first second"
    save()
    assert engine.times == 2


@pytest.mark.parametrize("cut_off", [0, 1])
def test_an_artefact_that_was_not_installed_is_built_again(
    cut_off: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "ARTEFACTS", tmp_path / "artefact")
    monkeypatch.setattr(collection, "INSTALLED", tmp_path / "installed")
    monkeypatch.setattr(collection, "_STAMP", tmp_path / "stamp")
    monkeypatch.setattr(collection, "tree_digest", lambda: "the tree as it is")
    steps: list[str] = []

    def galaxy(_progress: Progress, command: list[Any], **_more: Any) -> None:
        """Do what ansible-galaxy does, as far as it gets."""
        steps.append(command[2])
        place = paths.ARTEFACTS / "erpops-estate-0.1.0.tar.gz" if command[2] == "build" else collection.INSTALLED / "x"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
        if len(steps) == cut_off + 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "run", galaxy)
    progress = Progress(io.StringIO())
    with pytest.raises(KeyboardInterrupt):
        collection.ensure(progress)
    collection.ensure(progress)
    assert steps[cut_off + 1 :] == ["build", "install"]
    collection.ensure(progress)
    assert len(steps) == cut_off + 3
