# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever writes asks the guard first, and every module throws its switch: check mode holds for code yet to come."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PLUGINS = REPOSITORY / "plugins"
UTILS = PLUGINS / "module_utils"
LAYERS = ("clients", "members", "service", "leases", "ledger", "governance")
FILES = sorted(path for layer in LAYERS for path in (UTILS / layer).rglob("[a-z]*.py"))
MODULES = sorted((PLUGINS / "modules").glob("[a-z]*.py"))

# Calls by which a process changes its host: of a library, and of a path, whatever its variable is called.
OF_LIBRARIES = {
    "os": "chmod chown fchmod fchown kill link makedirs mkdir remove rename replace rmdir symlink truncate unlink",
    "signal": "pidfd_send_signal",
    "shutil": "copy copy2 copyfile copytree move rmtree",
    "subprocess": "Popen call check_call check_output run",
    "tempfile": "NamedTemporaryFile TemporaryDirectory mkdtemp mkstemp",
}
OF_PATHS = (
    "chmod",
    "hardlink_to",
    "mkdir",
    "rename",
    "rmdir",
    "symlink_to",
    "touch",
    "unlink",
    "write_bytes",
    "write_text",
)
FLAGS = ("O_WRONLY", "O_RDWR", "O_CREAT", "O_APPEND", "O_TRUNC")
ASKED = ("about_to_write", "about_to_send", "guarded")

# Functions that do such a thing without asking. The reason is what a reviewer has to agree with.
EXEMPT = {
    "clients/calendar_cache.py": "a cache of what was parsed",
    "clients/etcdutl.py:EtcdutlClient._docker": "inspect, and etcdutl that looks into a file",
    "clients/git_policy.py:PolicyRepository._run": "the bastion's own copy of what a company has laid down",
    "clients/host_contents.py:_output": "dpkg-query and nft show; a file of rules is loaded in a network of its own",
    "clients/host_fault.py:_run": "inject and lift have asked; show changes nothing",
    "clients/keepalived.py:KeepalivedClient.instances": "has the daemon write a dump of its state to its own /tmp",
    "clients/keepalived.py:_told": "shows addresses and tables of the kernel",
    "clients/ledger_file.py": "a run in check mode is recorded too, and the copy of a ledger is fetched to be verified",
    "clients/odoo_command.py:_write": "the workspace has asked",
    "clients/pgbackrest.py:PgbackrestClient._run": "stanza_create and check have asked; info changes nothing",
    "clients/ssh_signature.py": "a directory of its own for ssh-keygen, removed again",
    "clients/systemd.py:Units.has_image": "dpkg-query shows",
    "clients/systemd.py:_run": "what changes something goes through Units._change, which asks",
    "clients/timers.py:run": "what changes something has asked",
    "ledger/spool.py:SpooledLedger._moved": "a run in check mode is recorded too",
    "members/etcd_snapshot.py:SnapshotFile._staged": "a copy where etcdutl sees it, removed again",
    "service/engine_configuration.py:EngineConfiguration._write_checked": "a candidate in /tmp, removed again",
    "modules/drill_watch.py:main": "in the directory that Ansible removes with the module",
}
# Files that open a way to something that takes writes. Each has the guard in that way.
WAYS_OUT = {
    "APIClient": {"clients/docker_engine.py", "clients/odoo_command.py"},
    "HTTPConnection": {"clients/odoo_http.py"},
    "HTTPSConnection": set[str](),
    "Redis": {"clients/redis.py"},
    "build_opener": {"clients/https.py"},
    "client": {"clients/s3.py"},
    "connect": {"clients/odoo_database.py"},
}
LIBRARIES_OUT = {"docker", "boto3", "psycopg2", "self._redis"}


def named(path: Path) -> str:
    return str(path.relative_to(UTILS if UTILS in path.parents else PLUGINS))


def functions(node: ast.AST, within: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Yield every function by its name, and methods by that of their class; what is inside one belongs to it."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.ClassDef):
            yield from functions(inner, f"{inner.name}.")
        elif isinstance(inner, ast.FunctionDef):
            yield within + inner.name, inner


def calls(node: ast.AST) -> Iterator[ast.Call]:
    return (inner for inner in ast.walk(node) if isinstance(inner, ast.Call))


def called(call: ast.Call) -> tuple[str, str]:
    """Return what a call is made on, as it is written, and the name of what is called."""
    if isinstance(call.func, ast.Attribute):
        return ast.unparse(call.func.value), call.func.attr
    return "", call.func.id if isinstance(call.func, ast.Name) else ""


def changes(call: ast.Call) -> bool:
    """Return whether the call could change this host."""
    owner, name = called(call)
    if owner in OF_LIBRARIES and name in OF_LIBRARIES[owner].split():
        return True
    if name == "open":
        words = [ast.unparse(word) for word in (*call.args, *(keyword.value for keyword in call.keywords))]
        modes = [word.strip("'") for word in words[0 if owner not in ("", "os") else 1 :] if word.startswith("'")]
        flagged = any(flag in word for flag in FLAGS for word in words)
        return flagged or any(set(mode) & set("wax+") for mode in modes if set(mode) <= set("rwaxbt+"))
    of_path = name in OF_PATHS or (name == "replace" and len(call.args) == 1 and not call.keywords)
    return (owner not in ("", *OF_LIBRARIES) and of_path) or (not owner and name in OF_LIBRARIES["shutil"].split())


def writing(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield the functions of a file that could change something, and whether they ask."""
    for name, node in functions(ast.parse(path.read_text(encoding="utf-8"))):
        if any(changes(call) for call in calls(node)):
            asks = any(called(call) in (("guard", word) for word in ASKED) for call in calls(node))
            yield name, asks


def exemption(path: Path, function: str) -> str:
    return EXEMPT.get(f"{named(path)}:{function}", EXEMPT.get(named(path), ""))


@pytest.mark.parametrize("path", [*FILES, *MODULES], ids=named)
def test_what_writes_asks_the_guard_first(path: Path) -> None:
    silent = [name for name, asks in writing(path) if not asks and not exemption(path, name)]
    assert not silent, f"call guard.about_to_write in {', '.join(silent)}, or say in EXEMPT why not"


def test_no_exemption_has_outlived_its_reason() -> None:
    needed = {
        key
        for path in [*FILES, *MODULES]
        for name, asks in writing(path)
        if not asks
        for key in (f"{named(path)}:{name}", named(path))
    }
    assert set(EXEMPT) <= needed, f"not needed: {sorted(set(EXEMPT) - needed)}"


@pytest.mark.parametrize("way", WAYS_OUT)
def test_every_way_out_is_known(way: str) -> None:
    found = set()
    for path in FILES:
        for call in calls(ast.parse(path.read_text(encoding="utf-8"))):
            owner, name = called(call)
            if (
                name == way
                and (not owner or owner in LIBRARIES_OUT)
                and not (way in ("client", "connect") and not owner)
            ):
                found.add(named(path))
    assert found == WAYS_OUT[way], "put the guard in that way, then say so here"


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_a_module_throws_the_switch_before_anything_else(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    if "AnsibleModule(" not in text:
        return
    main = next(node for name, node in functions(ast.parse(text)) if name == "main")
    assert isinstance(main, ast.FunctionDef)
    body = [ast.unparse(statement) for statement in main.body]
    made = next(number for number, statement in enumerate(body) if statement.startswith("module = AnsibleModule("))
    forbidden = "guard.writes(allowed=False)"
    assert body[made + 1] in (forbidden, "guard.writes(allowed=not module.check_mode)")
    if module.stem.endswith("_info"):
        assert body[made + 1] == forbidden, "a module that only asks never writes"


# What each of these is found to be; a detector that finds nothing would let everything pass.
EXAMPLES = {
    "open(path, 'w')": True,
    "open(path, 'rb')": False,
    "open(path, encoding='utf-8')": False,
    "Path(path).open('a')": True,
    "os.open(path, os.O_WRONLY | os.O_CREAT)": True,
    "os.open(path, os.O_RDONLY)": False,
    "os.replace(a, b)": True,
    "subprocess.run(['true'])": True,
    "path.unlink(missing_ok=True)": True,
    "path.replace(other)": True,
    "text.replace('a', 'b')": False,
    "replace(record, name='x')": False,
    "rmtree(directory)": True,
    "os.stat(path)": False,
    "connection.request('GET', '/')": False,
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_detector_tells_writes_from_reads(text: str) -> None:
    found = next(calls(ast.parse(text)))
    assert changes(found) is EXAMPLES[text]
