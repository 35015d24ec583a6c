# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program for a host, made of the collection's own files: what a timer runs is what modules run.

Ansible has sent a module together with every file it imports. From those files an archive is made that Python runs by
itself, without Ansible. Its bytes depend on the files alone, so that an unchanged program is no change.
"""

from __future__ import annotations

import ast
import importlib.util
import io
import zipfile
from collections.abc import Iterator

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused

OURS = "ansible_collections.erpops.estate.plugins.module_utils"

# The oldest moment that an archive can hold.
EPOCH = (1980, 1, 1, 0, 0, 0)

START = """\
import sys

from {module} import main

sys.exit(main(sys.argv[1:]))
"""


def archive(module: str) -> bytes:
    """Return the program that calls ``main`` of a module of ours with the arguments of its command line."""
    files = {"__main__.py": START.format(module=module).encode()}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path, content = _source(name)
        if path not in files:
            files[path] = content
            waiting += _imports(content, name)
    for path in list(files):
        for package in _packages(path):
            files.setdefault(f"{package}/__init__.py", b"")
    return _packed(files)


def _imports(content: bytes, name: str) -> Iterator[str]:
    """Yield the modules of ours that a file imports, wherever in it; anything of Ansible's is an error."""
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for found in names:
            if found.split(".")[0] == "ansible":
                raise Refused(f"program of {name}", expected="nothing of Ansible", found=f"an import of {found}")
            if found.startswith(f"{OURS}.") and _is_file(found):
                yield found


def _is_file(name: str) -> bool:
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        # A name inside a module.
        return False
    return spec is not None and hasattr(spec.loader, "get_source")


def _source(name: str) -> tuple[str, bytes]:
    spec = importlib.util.find_spec(name)
    # Those of files and of archives have it, without a common base.
    get_source = getattr(spec.loader, "get_source", None) if spec else None
    source = get_source(name) if get_source else None
    if spec is None or source is None:
        raise Refused(f"program of {name}", expected="its source", found="none")
    path = name.replace(".", "/")
    return f"{path}/__init__.py" if spec.submodule_search_locations is not None else f"{path}.py", source.encode()


def _packages(path: str) -> Iterator[str]:
    parts = path.split("/")[:-1]
    for length in range(1, len(parts) + 1):
        yield "/".join(parts[:length])


def _packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, EPOCH)
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, files[path])
    return buffer.getvalue()
