"""A registry that runs only while images are pushed, on the storage the estate's own registry will serve.

Layers are pushed as the engine keeps them, not compressed: on one machine compressing them costs more than
all transfers together, and an uncompressed layer's digest is known before it is exported.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import docker
import requests
import yaml
from docker.errors import NotFound
from docker.models.containers import Container

from tests.lab import bases, paths

_UID = 906
_STORAGE = "/var/lib/docker-registry"
_CONFIG = "registry-for-pushes.yml"
_NOTE = "pushed.json"
_START_TIMEOUT = 30
_CHUNK = 1 << 20
_TYPES = "application/vnd.docker.distribution.manifest.v2+json"
_TYPE_CONFIG = "application/vnd.docker.container.image.v1+json"
_TYPE_LAYER = "application/vnd.docker.image.rootfs.diff.tar"


class PushFailed(RuntimeError):
    """The registry refused something, or did not start."""


class Registry:
    """The HTTP API of a registry, as far as pushing needs it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False  # it is on this machine: no proxy on the way

    def push(self, client: docker.DockerClient, image_id: str, name: str, tag: str) -> str:
        """Push an image of the engine as ``name:tag``; its digest."""
        diff_ids: list[str] = client.images.get(image_id).attrs["RootFS"]["Layers"]
        with tempfile.TemporaryFile(dir=paths.LAB) as archive:
            for chunk in client.api.get_image(image_id, chunk_size=_CHUNK):
                archive.write(chunk)
            archive.seek(0)
            with tarfile.open(fileobj=archive) as tar:
                content = json.load(_member(tar, "manifest.json"))[0]
                layers = [
                    self._layer(tar, name, path, diff_id)
                    for path, diff_id in zip(content["Layers"], diff_ids, strict=True)
                ]
                config = _member(tar, content["Config"]).read()
        self._upload(name, _digest(config), iter([config]))
        manifest = {
            "schemaVersion": 2,
            "mediaType": _TYPES,
            "config": {"mediaType": _TYPE_CONFIG, "size": len(config), "digest": _digest(config)},
            "layers": layers,
        }
        body = json.dumps(manifest, indent=2).encode()
        self._call("PUT", f"/v2/{name}/manifests/{tag}", data=body, headers={"Content-Type": _TYPES})
        return _digest(body)

    def _layer(self, tar: tarfile.TarFile, name: str, path: str, diff_id: str) -> dict[str, Any]:
        file = _member(tar, path)
        if file.read(2) == b"\x1f\x8b":
            raise PushFailed(f"The engine exports {name} with compressed layers: its image store is not supported.")
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        self._upload(name, diff_id, iter(lambda: file.read(_CHUNK), b""))
        return {"mediaType": _TYPE_LAYER, "size": size, "digest": diff_id}

    def _upload(self, name: str, digest: str, content: Iterator[bytes]) -> None:
        if self._call("HEAD", f"/v2/{name}/blobs/{digest}", expected=(200, 404)).status_code == 200:
            return
        started = self._call("POST", f"/v2/{name}/blobs/uploads/", expected=(202,))
        sent = self._call("PATCH", started.headers["Location"], data=content, expected=(202,))
        self._call("PUT", sent.headers["Location"], params={"digest": digest}, expected=(201,))

    def _call(
        self, method: str, path: str, expected: tuple[int, ...] = (200, 201), **options: Any
    ) -> requests.Response:
        url = path if path.startswith("http") else self._url + path
        answer = self._session.request(method, url, timeout=600, **options)
        if answer.status_code not in expected:
            raise PushFailed(f"{method} {path}: the registry answered {answer.status_code} {answer.text[:300]}")
        return answer


class Store:
    """The volume that a registry serves, with a note of what was pushed to it.

    The note lies in the volume: so it goes when the volume goes, and is read without starting anything.
    """

    def __init__(self, container: Container) -> None:
        self._container = container
        self._registry: Registry | None = None

    def pushed(self) -> dict[str, dict[str, str]]:
        """Id and digest of what was pushed, by name."""
        try:
            chunks, _stat = self._container.get_archive(f"{_STORAGE}/{_NOTE}")
        except NotFound:
            return {}
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
            found: dict[str, dict[str, str]] = json.load(_member(tar, _NOTE))
        return found

    def push(self, client: docker.DockerClient, image_id: str, name: str, tag: str) -> str:
        """Push an image and note it down; its digest."""
        if self._registry is None:
            self._registry = self._start()
        try:
            digest = self._registry.push(client, image_id, name, tag)
        except PushFailed as error:
            tail = self._container.logs(tail=5).decode(errors="replace").strip()
            raise PushFailed(f"{error} {tail}") from error
        note = {**self.pushed(), name: {"id": image_id, "digest": digest}}
        self._container.put_archive(_STORAGE, _archive(_NOTE, json.dumps(note, indent=2).encode()))
        return digest

    def _start(self) -> Registry:
        config = {
            "version": 0.1,
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": _STORAGE}},
            "http": {"addr": ":5000", "relativeurls": True},
        }
        self._container.put_archive("/etc", _archive(_CONFIG, yaml.safe_dump(config).encode()))
        self._container.start()
        # a volume that a machine mounted first belongs to root
        self._container.exec_run(["chown", f"{_UID}:{_UID}", _STORAGE], user="0")
        self._container.reload()
        bindings = self._container.ports["5000/tcp"] or []
        url = f"http://127.0.0.1:{bindings[0]['HostPort']}"
        _wait(url)
        return Registry(url)


@contextmanager
def opened(client: docker.DockerClient, image_id: str, volume: str, lab: str) -> Iterator[Store]:
    """The store on a volume. A registry serves it on this machine's loopback address from the first push to the end."""
    container = client.containers.create(
        image_id,
        command=["docker-registry", "serve", f"/etc/{_CONFIG}"],
        volumes={volume: {"bind": _STORAGE, "mode": "rw"}},
        ports={"5000/tcp": ("127.0.0.1", 0)},
        labels={bases.OWNED: lab},
    )
    try:
        yield Store(container)
    finally:
        container.remove(force=True)


def _wait(url: str) -> None:
    session = requests.Session()
    session.trust_env = False
    deadline = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < deadline:
        try:
            if session.get(f"{url}/v2/", timeout=5).status_code == 200:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise PushFailed(f"The registry did not answer on {url} within {_START_TIMEOUT} s.")


def _member(tar: tarfile.TarFile, path: str) -> IO[bytes]:
    file = tar.extractfile(path)
    assert file is not None
    return file


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _archive(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(content), 0o644
        tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
