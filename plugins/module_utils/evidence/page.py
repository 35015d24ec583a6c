# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One self-contained HTML page: nothing in it is loaded from anywhere, so it can be mailed, kept and opened offline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5b6575; --line: #d5dae2; --back: #f6f7f9; --card: #fff;
  --well: #1a7f4b; --ill: #b3261e; --lead: #0b5cad; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #9aa4b5; --line: #353d4a; --back: #14181f;
  --card: #1c222c; --well: #4cc38a; --ill: #ff8a80; --lead: #7ab8ff; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--back); margin: 0; }
main { max-width: 72rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.soft { color: var(--soft); margin: .2rem 0 0; }
.verdict { border-left: .35rem solid var(--well); background: var(--card); padding: .7rem 1rem; margin: 1rem 0; }
.verdict.ill { border-color: var(--ill); }
table { border-collapse: collapse; width: 100%; background: var(--card); }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--soft); } td.number { text-align: right; font-variant-numeric: tabular-nums; }
tr.ill td { color: var(--ill); } td code { font-size: .9em; }
svg { width: 100%; height: auto; background: var(--card); border: 1px solid var(--line); }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); } svg .soft { fill: var(--soft); }
svg .plane { stroke: var(--line); } svg .pill { fill: none; stroke: var(--well); stroke-width: 1.5; }
svg .lead { stroke: var(--lead); stroke-width: 3; } svg .ill { stroke: var(--ill); stroke-width: 3;
  stroke-dasharray: 4 2; }
svg .way { stroke: var(--lead); stroke-width: 2; fill: none; }
svg .bar { fill: var(--soft); } svg .bar.changed { fill: var(--lead); } svg .bar.failed { fill: var(--ill); }
svg text.number { text-anchor: end; fill: var(--soft); }
"""


@dataclass(frozen=True)
class Markup:
    """HTML that is already safe; everything else is escaped."""

    html: str


@dataclass(frozen=True)
class Table:
    """Rows under a head; ``marks`` are the CSS classes of the rows, one each."""

    head: Sequence[str]
    rows: Sequence[Sequence[str | int | Markup]]
    marks: Sequence[str] = ()

    def markup(self) -> Markup:
        """Return the table."""
        head = "".join(f'<th scope="col">{escape(title)}</th>' for title in self.head)
        marks = self.marks or [""] * len(self.rows)
        body = "".join(
            f'<tr class="{escape(mark)}">{"".join(_cell(cell) for cell in row)}</tr>'
            for row, mark in zip(self.rows, marks, strict=True)
        )
        return Markup(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def _cell(value: str | int | Markup) -> str:
    if isinstance(value, Markup):
        return f"<td>{value.html}</td>"
    if isinstance(value, int):
        return f'<td class="number">{value}</td>'
    return f"<td>{escape(value)}</td>"


def mapping_table(entries: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> Markup:
    """Return entries as rows, with their keys as the head."""
    rows = [[shown(entry.get(key)) for key in keys] for entry in entries]
    return Table([key.replace("_", " ").capitalize() for key in keys], rows).markup()


def shown(value: Any) -> str:
    """Return a value as a person reads it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {shown(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(shown(inner) for inner in value)
    return str(value)


def moment(value: Any) -> str:
    """Return a time as a person reads it; anything else as it is."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return shown(value)
    zone = "UTC" if at.utcoffset() == timedelta(0) else at.strftime("%z")
    return f"{at:%Y-%m-%d %H:%M:%S} {zone}" if at.tzinfo else shown(value)


def listing(sentences: Iterable[str]) -> Markup:
    """Return the sentences as a list."""
    return Markup("<ul>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences) + "</ul>")


def verdict(text: str, *, well: bool, details: Sequence[str] = ()) -> Markup:
    """Return the box that says how it stands."""
    inner = f"<strong>{escape(text)}</strong>" + (listing(details).html if details else "")
    return Markup(f'<div class="verdict{"" if well else " ill"}" role="status">{inner}</div>')


def page(title: str, subtitle: str, sections: Sequence[tuple[str, Markup]]) -> str:
    """Return the whole page; a section without a heading stands under the title."""
    parts = [f"<h2>{escape(heading)}</h2>{body.html}" if heading else body.html for heading, body in sections]
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head>\n<body><main><h1>{escape(title)}</h1>"
        f'<p class="soft">{escape(subtitle)}</p>{"".join(parts)}</main></body></html>\n'
    )
