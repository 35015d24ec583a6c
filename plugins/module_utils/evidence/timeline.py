# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a run drawn over its time."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ansible_collections.erpops.estate.plugins.module_utils.evidence.page import Markup
from ansible_collections.erpops.estate.plugins.module_utils.evidence.record import Step

# Sizes of the drawing, in its own units.
LABELS, CHART, ROW, BAR, TOP, RIGHT = 330, 620, 20, 12, 26, 70
# Rows that can be taken in; and characters that fit beside them.
MOST_ROWS, LONGEST = 60, 46
MARKS = 5
# Lengths of a mark on the axis, in seconds.
SCALES = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)


def timeline(steps: Sequence[Step], seconds: float) -> Markup:
    """Draw a bar for each step; of very many, those that changed or failed, and those that took longest."""
    rows = chosen(steps)
    whole = max(seconds, 0.001, *(step.started + step.seconds for step in rows)) if rows else max(seconds, 0.001)
    height = TOP + ROW * len(rows) + 6
    width = LABELS + CHART + RIGHT
    shapes = [*_axis(whole, height), *(_row(step, TOP + ROW * index, whole) for index, step in enumerate(rows))]
    left_out = len(steps) - len(rows)
    label = f"{len(rows)} steps in {duration(whole)}" + (f", {left_out} shorter ones left out" if left_out else "")
    return Markup(
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">{"".join(shapes)}</svg>'
        f'<p class="soft">{escape(label)}.</p>'
    )


def chosen(steps: Sequence[Step]) -> list[Step]:
    """Return the steps to draw, in their order."""

    def weight(step: Step) -> tuple[bool, bool, float]:
        return bool(step.failed or step.unreachable), bool(step.changed), step.seconds

    most = sorted(range(len(steps)), key=lambda index: weight(steps[index]), reverse=True)[:MOST_ROWS]
    return [steps[index] for index in sorted(most)]


def duration(seconds: float) -> str:
    """Return a length of time as a person says it."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _axis(whole: float, height: int) -> list[str]:
    scale = next((scale for scale in SCALES if whole / scale <= MARKS), SCALES[-1])
    shapes = []
    for mark in range(int(whole // scale) + 1):
        x = LABELS + CHART * mark * scale / whole
        shapes.append(f'<line class="plane" x1="{x:.1f}" x2="{x:.1f}" y1="18" y2="{height}"/>')
        shapes.append(f'<text class="soft" x="{x + 3:.1f}" y="14">{duration(mark * scale) if mark else "0"}</text>')
    return shapes


def _row(step: Step, top: int, whole: float) -> str:
    bad, changed = [*step.failed, *step.unreachable], list(step.changed)
    mark = "failed" if bad else "changed" if changed else ""
    sign = "✗ " if bad else "● " if changed else ""
    name = step.task if len(step.task) <= LONGEST else f"{step.task[: LONGEST - 1]}…"
    x, width = LABELS + CHART * step.started / whole, max(1.5, CHART * step.seconds / whole)
    said = [f"{step.play}: {step.task}", duration(step.seconds)]
    said += [f"failed on {', '.join(bad)}"] if bad else []
    said += [f"changed {', '.join(changed)}"] if changed else []
    return (
        f"<g><title>{escape('; '.join(said))}</title>"
        f'<text x="{LABELS - 8}" y="{top + 11}" class="number">{escape(sign + name)}</text>'
        f'<rect class="bar {mark}" x="{x:.1f}" y="{top}" width="{width:.1f}" height="{BAR}" rx="2"/>'
        f'<text class="soft" x="{x + width + 5:.1f}" y="{top + 11}">{duration(step.seconds)}</text></g>'
    )
