"""Ansible's command lines without their start.

Importing Ansible takes about as long as a module does on its host, and these tests run hundreds of modules. A process
that has imported it forks one for each run: the same program with the same words and environment. Nothing of it
outlives the run but the modules as they were packed for their hosts, which takes a quarter of a second each.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.machinery import ModuleSpec
from multiprocessing import forkserver
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.interruptions.watcher import descendants, tell

SECONDS = 900
CONTEXT = multiprocessing.get_context("forkserver")
RECORDED = ("ERPOPS_LEDGER", "ANSIBLE_CALLBACKS_ENABLED")
# By the name of the command: where Ansible has it.
PROGRAMS = {"ansible": ("adhoc", "AdHocCLI"), "ansible-playbook": ("playbook", "PlaybookCLI")}
IMPORTED = ("ansible.cli.adhoc", "ansible.cli.playbook", "ansible.executor.task_queue_manager", "tests.estate.warm")


def run(
    program: str, words: Sequence[str], environment: Mapping[str, str], seconds: float = SECONDS
) -> subprocess.CompletedProcess[str]:
    """Run one of Ansible's commands; with other settings than the first run had it is started as usual."""
    line = [program, *words]
    if not _started_with(environment):
        where = str(Path(sys.executable).parent / program)
        return subprocess.run(
            [where, *words], capture_output=True, text=True, check=False, timeout=seconds, env=dict(environment)
        )
    with tempfile.TemporaryDirectory() as directory:
        said = [Path(directory) / name for name in ("out", "err")]
        files = [str(file) for file in said]
        process = CONTEXT.Process(target=become, args=(line, dict(environment), files, packed()))
        process.start()
        try:
            process.join(seconds)
            if process.exitcode is None:
                raise subprocess.TimeoutExpired(line, seconds)
        finally:
            if process.exitcode is None and process.pid:
                # Whoever waits no more, for whatever reason: workers are in sessions of their own.
                tell([process.pid, *descendants(process.pid)], signal.SIGKILL)
                process.join()
        out, err = (file.read_text(encoding="utf-8", errors="replace") if file.exists() else "" for file in said)
        return subprocess.CompletedProcess(line, process.exitcode or 0, out, err)


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what of an environment Ansible and the collection go by as they are imported."""
    return {name: value for name, value in environment.items() if name.startswith(("ANSIBLE_", "ERPOPS_", "HOME"))}


_first: dict[str, str] = {}


def _started_with(environment: Mapping[str, str]) -> bool:
    """Return whether what has imported Ansible did so with these settings; start it where nothing has.

    Whoever records a run sees to it that it is recorded however it ends, which takes a process of its own.
    """
    if any(name in environment for name in RECORDED):
        return False
    if not _first:
        CONTEXT.set_forkserver_preload(list(IMPORTED))
        with patch.dict(os.environ, dict(environment), clear=True):
            forkserver.ensure_running()
        _first.update(settings(environment))
        # Each fork would import what is the program here: in vain, and the collection before Ansible says from where.
        sys.modules["__main__"].__spec__ = ModuleSpec("__main__", None)
    return _first == settings(environment)


@cache
def packed() -> str:
    """Return the directory where modules are kept as they were packed; Ansible locks each for whoever packs it."""
    directory = tempfile.mkdtemp(prefix="ansible-modules-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory


def become(line: Sequence[str], environment: Mapping[str, str], said: Sequence[str], modules: str) -> None:
    """Be the command, in the process that was forked for it."""
    os.setsid()
    for descriptor, file in ((0, os.devnull), (1, said[0]), (2, said[1])):
        opened = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.environ.clear()
    os.environ.update(environment)
    # Each command unpacks into a directory of its own, and takes it away.
    constants: Any = sys.modules["ansible.constants"]
    constants.DEFAULT_LOCAL_TMP = tempfile.mkdtemp(prefix="ansible-local-")
    (Path(constants.DEFAULT_LOCAL_TMP) / "ansiballz_cache").symlink_to(modules)
    module, name = PROGRAMS[line[0]]
    sys.argv = list(line)
    try:
        getattr(sys.modules[f"ansible.cli.{module}"], name).cli_executor(sys.argv)
    finally:
        shutil.rmtree(constants.DEFAULT_LOCAL_TMP, ignore_errors=True)
