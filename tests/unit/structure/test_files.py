# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walks all files: who may import whom, how long a file gets, and what must not stand in any of them."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import REPOSITORY

LONGEST = 400
LICENCE = "# SPDX-License-Identifier: GPL-3.0-or-later"
OURS = "ansible_collections.erpops.estate.plugins"
WRITTEN = (".py", ".yml", ".yaml", ".j2", ".sh", ".toml")
# Modules of the standard library through which pure code would reach the outside.
OUTSIDE = {
    "os",
    "io",
    "socket",
    "subprocess",
    "urllib",
    "http",
    "ssl",
    "pathlib",
    "shutil",
    "time",
    "tempfile",
    "random",
}


def tracked() -> list[Path]:
    """Return what belongs to the product; generated and foreign files do not count."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.splitlines()
    kept = (REPOSITORY / name for name in listed if "/fixtures/" not in name)
    return sorted(path for path in kept if path.suffix in WRITTEN and path.is_file())


FILES = tracked()
PLUGINS = [path for path in FILES if path.suffix == ".py" and (REPOSITORY / "plugins") in path.parents]


def named(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(path: Path) -> str:
    parts = path.relative_to(REPOSITORY / "plugins").parts
    return parts[1] if parts[0] == "module_utils" and len(parts) > 2 else parts[0]


@pytest.mark.parametrize("path", PLUGINS, ids=named)
def test_imports_point_one_way(path: Path) -> None:
    found = set(imports(path))
    ours = {name.removeprefix(f"{OURS}.") for name in found if name.startswith(OURS)}
    here = layer(path)
    assert not any(name.startswith(("modules", "action")) for name in ours), "nothing imports a module"
    if here in ("health", "policy", "evidence"):
        allowed = ("module_utils.health", "module_utils.policy", *(["module_utils.evidence"] * (here == "evidence")))
        assert all(name.startswith(allowed) or name == "module_utils" for name in ours), f"{here} decides alone: {ours}"
        assert not any(name.split(".")[0] == "ansible" for name in found), f"{here} knows nothing of Ansible"
        assert not {name.split(".")[0] for name in found} & OUTSIDE, f"{here} reaches for nothing outside"
    if here == "clients":
        assert not any(name.startswith(("module_utils.members", "module_utils.service")) for name in ours)
        assert not any("AnsibleModule" in name for name in found), "a client knows nothing of modules"
    if here in ("clients", "members"):
        assert not any(name.startswith("plugin_utils") for name in ours)


@pytest.mark.parametrize("path", PLUGINS, ids=named)
def test_every_plugin_names_its_licence(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if text.strip():
        assert LICENCE in text.splitlines()[:5]
        assert "from __future__ import annotations" in text


@pytest.mark.parametrize("path", FILES, ids=named)
def test_no_file_is_long_without_a_reason(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    reason = any(re.match(r"# Long because \w+", line) for line in lines[:12])
    assert len(lines) <= LONGEST or reason, f"{len(lines)} lines: split it, or begin with '# Long because ...'"


# Each with what it hides. A comment beside it gives the reason where one is needed.
FORBIDDEN = {
    r"\b(TODO|FIXME|XXX)\b": "unfinished work",
    r"ignore_errors\s*:": "an error that is passed over",
    r"failed_when\s*:\s*false": "an error that is passed over",
    r"validate_certs\s*[:=]\s*[Ff]alse": "a connection to nobody knows whom",
    r"# noqa(?!: \w+\d+ +[-#] \w)": "a rule that is switched off without reason (# noqa: CODE - reason)",
    r"# fmt: \w+|# yapf|# isort:|# ruff: noqa(?!: \w+\d+ +- \w)": "text that the formatter or a linter passes over",
    r"# type: ignore(?!\[[\w, -]+\] +[-#] \w)": "a type that is hidden without reason (# type: ignore[code]  # reason)",
    r"\b(mark\.(skip|skipif|xfail)\b|pytest\.(skip|xfail|importorskip)\b|SkipTest\b)": "a test that does not run",
    r"from pytest import .*\b(skip|xfail|importorskip)\b": "a test that does not run",
}


@pytest.mark.parametrize("path", [path for path in FILES if path != Path(__file__).resolve()], ids=named)
def test_nothing_is_hidden(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for pattern, what in FORBIDDEN.items():
        found = re.search(pattern, text)
        assert not found, f"{found.group() if found else ''}: {what}"


@pytest.mark.parametrize(
    "line",
    [
        "@pytest.mark.skip",
        "@pytest.mark.skipif(sys.version_info < (3, 12), reason='old')",
        "pytestmark = [pytest.mark.xfail]",
        "@mark.skipif(True)",
        "    pytest.skip('no machine')",
        "docker = pytest.importorskip('docker')",
        "from pytest import fixture, importorskip",
        "raise unittest.SkipTest",
    ],
)
def test_a_test_that_does_not_run_is_found_however_it_is_written(line: str) -> None:
    assert [what for pattern, what in FORBIDDEN.items() if re.search(pattern, line)] == ["a test that does not run"]


def test_linters_pass_over_nothing_without_a_reason() -> None:
    """An exception is written where it is needed; what holds for all of a kind of files says why on its line."""
    text = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    ruff = tomllib.loads(text)["tool"]["ruff"]
    assert not {name for name in ruff if "exclude" in name}
    assert not {name for name in ruff["lint"] if "ignore" in name} - {"per-file-ignores"}
    for pattern in ruff["lint"].get("per-file-ignores", {}):
        assert re.search(rf'^"{re.escape(pattern)}" = .*\]  # \w', text, re.M), f"{pattern}: say why"
    assert not list((REPOSITORY / "tests" / "sanity").glob("ignore*"))


def unexplained(text: str, entries: Iterable[str]) -> list[str]:
    """Return the entries of a YAML file that do not say on their line why they are there."""
    return [entry for entry in entries if not re.search(rf"^ *(- )?{re.escape(entry)} +# \w", text, re.M)]


def test_ansible_lint_and_yamllint_pass_over_nothing_without_a_reason() -> None:
    text = (REPOSITORY / ".ansible-lint").read_text(encoding="utf-8")
    lint = yaml.safe_load(text)
    assert not {"skip_list", "warn_list", "enable_list", "mock_modules", "mock_roles"} & set(lint)
    assert unexplained(text, lint.get("exclude_paths", [])) == []
    text = (REPOSITORY / ".yamllint").read_text(encoding="utf-8")
    lint = yaml.safe_load(text)
    assert set(lint) <= {"extends", "rules", "ignore"}
    paths = lint.get("ignore", [])
    assert isinstance(paths, list), "ignore: a list, with the reason beside each path"
    assert unexplained(text, paths) == []
    off = {name: value for name, value in lint["rules"].items() if value in (False, "disable")}
    assert unexplained(text, (f"{name}: {str(value).lower()}" for name, value in off.items())) == []
    softened = {"ignore", "ignore-from-file", "level"}
    assert [name for name, rule in lint["rules"].items() if isinstance(rule, dict) and softened & set(rule)] == []


def test_mypy_takes_nothing_on_trust_without_a_reason() -> None:
    text = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    mypy = tomllib.loads(text)["tool"]["mypy"]
    overrides = mypy.pop("overrides", [])
    assert mypy["strict"] is True
    softened = {name for name in mypy if name.startswith(("allow_", "disable_", "exclude", "follow_", "ignore_"))}
    assert not softened | {name for name, value in mypy.items() if value is False}
    # Foreign libraries alone, and no more than that they may be without types.
    assert all(set(override) == {"module", "ignore_missing_imports"} for override in overrides)
    reasons = re.findall(r"^# \w.*\n\[\[tool\.mypy\.overrides\]\]$", text, re.M)
    assert len(reasons) == len(overrides), "say above each override why it is needed"


@pytest.mark.parametrize("path", sorted((REPOSITORY / "playbooks").glob("*.yml")), ids=named)
def test_the_header_of_a_playbook_is_its_manual(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    header = [line for line in lines[1:] if line.startswith("#")]
    assert lines[1].startswith("# ")
    assert any("ansible-playbook" in line for line in header), "show how it is called"
    assert f"`erpops.estate.{path.stem}`" in (REPOSITORY / "README.md").read_text(encoding="utf-8"), (
        "say what it is for"
    )


def test_the_oldest_ansible_that_is_promised_is_the_one_that_is_tried() -> None:
    lock = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    tried = re.search(r"^ansible-core==(\d+\.\d+)\.", lock, re.M)
    assert tried
    runtime = yaml.safe_load((REPOSITORY / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert runtime["requires_ansible"] == f">={tried[1]}.0"
    assert f"ansible-core {tried[1]} or newer" in (REPOSITORY / "README.md").read_text(encoding="utf-8")
    for role in (REPOSITORY / "roles").iterdir():
        meta = yaml.safe_load((role / "meta" / "main.yml").read_text(encoding="utf-8"))
        assert meta["galaxy_info"]["min_ansible_version"] == tried[1], role.name


def test_every_collection_that_is_used_is_declared() -> None:
    galaxy = yaml.safe_load((REPOSITORY / "galaxy.yml").read_text(encoding="utf-8"))
    environment = yaml.safe_load((REPOSITORY / "meta" / "execution-environment.yml").read_text(encoding="utf-8"))
    built = {entry["name"]: entry["version"] for entry in environment["dependencies"]["galaxy"]["collections"]}
    assert built == galaxy["dependencies"]
    used = set()
    for path in FILES:
        if path.suffix == ".yml" and path.parts[len(REPOSITORY.parts)] in ("roles", "playbooks"):
            called = re.findall(
                r"^\s+(?:- )?((?:community|ansible)\.\w+)\.\w+:", path.read_text(encoding="utf-8"), re.M
            )
            used.update(called)
    assert used - {"ansible.builtin"} == set(galaxy["dependencies"])
