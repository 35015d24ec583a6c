# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML that people write: text becomes data with its lines, and is held against a schema.

Read with PyYAML, which Ansible has anyway, judged by jsonschema. Times stay text, so that one without zone can be
seen; a key that stands twice is refused, where YAML would drop the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import MissingLibrary
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.document import Document, Path
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.schemas import Schema
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Finding, listed
from ansible_collections.erpops.estate.plugins.module_utils.policy.names import nearest

MOST_FAULTS = 20
TIMESTAMP = "tag:yaml.org,2002:timestamp"
# A few aliases of aliases would otherwise come to billions.
MOST_VALUES = 100_000
TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "boolean": "true or false",
}


class _Reading:
    """Data of nodes, their lines, and the keys that stand twice."""

    def __init__(self, yaml: Any, content: bytes) -> None:
        self._yaml = yaml
        self._loader = yaml.SafeLoader(content)
        # What JSON knows and no more: a time is a text.
        self._loader.yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in resolvers if tag != TIMESTAMP]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }
        self.lines: dict[Path, int] = {}
        self.twice: list[Path] = []
        self._values = 0

    def data(self) -> Any:
        node = self._loader.get_single_node()
        return self._value(node, ()) if node else None

    def _value(self, node: Any, path: Path) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        self._values += 1
        if self._values > MOST_VALUES:
            raise ValueError(f"it comes to more than {MOST_VALUES} values")
        if isinstance(node, self._yaml.SequenceNode):
            return [self._value(entry, (*path, index)) for index, entry in enumerate(node.value)]
        if not isinstance(node, self._yaml.MappingNode):
            return self._loader.construct_object(node)
        self._loader.flatten_mapping(node)
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self._loader.construct_object(key_node, deep=True)
            below = (*path, key if isinstance(key, (str, int)) else str(key))
            if below in self.lines:
                self.twice.append(below)
            self.lines[below] = key_node.start_mark.line + 1
            found[key] = self._value(value_node, below)
        return found


def load(file: str, content: bytes, schema: Schema) -> tuple[Document | None, list[Finding]]:
    """Return a file's data with its lines, or what is wrong with it."""
    yaml, jsonschema = _libraries(file)
    try:
        reading = _Reading(yaml, content)
        document = Document(file, reading.data(), reading.lines)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark else file
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        return None, [Finding(where, "the file", f"it cannot be read: {problem}", "Mend its YAML")]
    faults = [document.finding(path, "it stands twice", "Keep one of them") for path in reading.twice]
    errors = _strict(jsonschema)(schema).iter_errors(document.data)
    for misfit in sorted(errors, key=lambda found: [str(step) for step in found.absolute_path]):
        faults += _said(document, misfit)
    return (None, faults[:MOST_FAULTS]) if faults else (document, [])


def _libraries(file: str) -> tuple[Any, Any]:
    try:
        import jsonschema
        import yaml
    except ImportError as missing:
        raise MissingLibrary(
            file, expected="PyYAML and jsonschema", found=str(missing), remedy="install them here"
        ) from missing
    return yaml, jsonschema


def _strict(jsonschema: Any) -> Any:
    """Return the validator to which 2.0 is no whole number: JSON's is, but nothing can be counted with it here."""
    known = jsonschema.Draft202012Validator
    whole = known.TYPE_CHECKER.redefine(
        "integer", lambda _checker, value: isinstance(value, int) and not isinstance(value, bool)
    )
    return jsonschema.validators.extend(known, type_checker=whole)


def _said(document: Document, error: Any) -> Iterator[Finding]:
    path, found, rules = tuple(error.absolute_path), error.instance, error.schema
    remedy = str(rules.get("description", "Mend it"))
    if error.validator == "additionalProperties":
        known = rules["properties"]
        for key in sorted(set(map(str, found)) - set(known)):
            hint = nearest(key, known) or f"Known are {listed(known)}"
            yield document.finding((*path, key), "nothing is known of it here", hint)
    elif error.validator == "required":
        name = error.message.split("'")[1]
        yield document.finding(path, f"{name!r} is missing", _meant(rules["properties"][name]) or "Add it")
    elif error.validator == "enum":
        hint = nearest(str(found), rules["enum"]) or f"Known are {listed(rules['enum'])}"
        yield document.finding(path, f"{found!r} is none of what is known here", hint)
    elif error.validator == "type":
        yield document.finding(
            path, f"expected {TYPES[rules['type']]}, found {_shown(found)}", _meant(rules) or "Mend it"
        )
    elif error.validator == "minItems":
        yield document.finding(path, "it is empty", "Name at least one, or leave the key out")
    elif error.validator == "uniqueItems":
        yield document.finding(path, f"something stands twice in {_shown(found)}", "Keep one of them")
    else:
        # A name that does not fit is itself what was judged, not what stands behind it.
        named = (*path, found) if "propertyNames" in error.absolute_schema_path else path
        yield document.finding(named, f"{_shown(found)} does not fit", remedy)


def _meant(rules: Mapping[str, Any]) -> str:
    if rules.get("description"):
        return str(rules["description"])
    if "enum" in rules:
        return f"Known are {listed(rules['enum'])}"
    return ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
