# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Headers, footers and several documents in one file, for a wkhtmltopdf that lacks them.

Debian builds wkhtmltopdf with an unpatched Qt, which prints one document and ignores --header-html and
--footer-html: an invoice would come without its sender and page numbers, and two invoices at once not at all.
This program stands before it under the same name: it prints each document, header and footer on its own with
the real one and lays them on top of each other. Whatever else it is called with goes to the real one as it is.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    import pypdf

REAL = "/usr/bin/wkhtmltopdf"
_MILLIMETRE = 72 / 25.4
_TO_MILLIMETRE = {"": 1.0, "mm": 1.0, "cm": 10.0, "in": 25.4, "pt": 25.4 / 72, "px": 25.4 / 96}
_DEFAULT_MARGIN = 10.0
_OURS = {"--header-html", "--footer-html", "--header-spacing", "--footer-spacing"}
_FLAGS = {"--quiet", "-q", "--disable-local-file-access", "--enable-local-file-access", "--print-media-type"}
# Known to the patched build alone: the real one would only complain about each.
_UNSUPPORTED_FLAGS = {"--header-line", "--footer-line", "--disable-smart-shrinking", "--enable-smart-shrinking"}
# What Odoo's header and footer templates fill in by page. Without them one print serves a whole document.
_BY_PAGE = re.compile(r"""class=["'][^"']*\b(?:page|topage|sitepage|sitepages)\b""")


@dataclass
class Call:
    """A command line, as far as it has to be understood."""

    options: list[str] = field(default_factory=list)
    ours: dict[str, str] = field(default_factory=dict)
    documents: list[str] = field(default_factory=list)
    output: str = ""

    def millimetres(self, option: str, default: float) -> float:
        """The value of a length among the options."""
        if option not in self.options:
            return default
        value = self.options[self.options.index(option) + 1]
        match = re.fullmatch(r"([0-9.]+)\s*(mm|cm|in|pt|px|)", value.lower())
        return float(match[1]) * _TO_MILLIMETRE[match[2]] if match else default

    def replaced(self, **changed: str) -> list[str]:
        """The options with other values: ``margin_top="5mm"`` for --margin-top 5mm."""
        options = list(self.options)
        for name, value in changed.items():
            option = f"--{name.replace('_', '-')}"
            if option in options:
                at = options.index(option)
                del options[at : at + 2]
            options += [option, value]
        return options

    def html(self) -> list[tuple[str, str]]:
        """Header and footer, if there are any, with their options."""
        return [(option, self.ours[option]) for option in ("--header-html", "--footer-html") if option in self.ours]


class PrintFailed(Exception):
    """The real wkhtmltopdf failed, and with what status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"wkhtmltopdf ended with {status}")
        self.status = status or 1


def parse(arguments: list[str]) -> Call | None:
    """The command line as Odoo writes it, or None for one that is written otherwise."""
    call = Call()
    rest = list(arguments)
    while rest and rest[0].startswith("--"):
        option = rest.pop(0)
        if option in _UNSUPPORTED_FLAGS:
            continue
        if option in _FLAGS:
            call.options.append(option)
        elif len(rest) < 2:
            return None
        elif option in _OURS:
            call.ours[option] = rest.pop(0)
        else:
            call.options += [option, rest.pop(0)]
    if len(rest) < 2 or not all(Path(document).is_file() for document in rest[:-1]):
        return None
    *call.documents, call.output = rest
    return call


class Printer:
    """Prints the parts of a call with the real wkhtmltopdf, each once, into a directory of its own."""

    def __init__(self, call: Call, directory: Path) -> None:
        self._call = call
        self._directory = directory
        self._pool = ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1))
        self._overlays: dict[str, Future[pypdf.PdfReader]] = {}
        self._top = call.millimetres("--margin-top", _DEFAULT_MARGIN)
        self._bottom = call.millimetres("--margin-bottom", _DEFAULT_MARGIN)
        self._by_page = {option: bool(_BY_PAGE.search(Path(path).read_text("utf-8"))) for option, path in call.html()}

    def write(self) -> None:
        """Everything asked for, in one file."""
        import pypdf

        bodies = [
            self._pool.submit(self._print, document, f"body{index}", self._call.options)
            for index, document in enumerate(self._call.documents)
        ]
        sources = [body.result() for body in bodies]
        pages = [
            (path, page) for path, source in zip(self._call.documents, sources, strict=True) for page in source.pages
        ]
        # begun for all pages before the first is waited for
        overlays = [
            self._overlays_of(path, number, len(pages), float(page.mediabox.height))
            for number, (path, page) in enumerate(pages, start=1)
        ]
        writer = pypdf.PdfWriter()
        for (_path, page), parts in zip(pages, overlays, strict=True):
            added = writer.add_page(page)
            for band, part in parts:
                overlay = part.result().pages[0]
                overlay.trimbox = pypdf.generic.RectangleObject((0, band[0], float(page.mediabox.width), band[1]))
                added.merge_page(overlay)
        with open(self._call.output, "wb") as output:
            writer.write(output)

    def _overlays_of(
        self, document: str, number: int, total: int, height: float
    ) -> list[tuple[tuple[float, float], Future[pypdf.PdfReader]]]:
        """The bands of a page, in points from its foot, and what is laid on them."""
        variables = {"page": number, "frompage": 1, "topage": total, "sitepage": number, "sitepages": total}
        query = urlencode({**variables, "webpage": document, "section": "", "subsection": "", "subsubsection": ""})
        parts = []
        for option, path in self._call.html():
            key = f"{option[2:8]}-{number if self._by_page[option] else Path(document).name}"
            if option == "--header-html":
                band = (height - self._top * _MILLIMETRE, height)
                margin = self._top - float(self._call.ours.get("--header-spacing", 0))
            else:
                band = (0.0, self._bottom * _MILLIMETRE)
                margin = height / _MILLIMETRE - self._bottom + float(self._call.ours.get("--footer-spacing", 0))
            if key not in self._overlays:
                options = self._call.replaced(
                    margin_top=f"{max(0, margin):g}mm", margin_bottom="0", javascript_delay="1"
                )
                url = f"file://{quote(path)}?{query}"
                self._overlays[key] = self._pool.submit(self._print, url, key, options)
            parts.append((band, self._overlays[key]))
        return parts

    def _print(self, document: str, name: str, options: list[str]) -> pypdf.PdfReader:
        import pypdf

        output = self._directory / f"{name}.pdf"
        if "--cookie-jar" in options:
            # it is written as well as read, and several run at once
            at = options.index("--cookie-jar") + 1
            jar = self._directory / f"{name}.cookies"
            jar.write_bytes(Path(options[at]).read_bytes())
            options = [*options[:at], str(jar), *options[at + 1 :]]
        answer = subprocess.run(
            [REAL, *options, document, str(output)],
            env={**os.environ, "XDG_RUNTIME_DIR": str(self._directory)},
            capture_output=True,
            text=True,
            check=False,
        )
        sys.stderr.write(answer.stderr)
        # 1 is what it says when a picture or style sheet could not be loaded; what it printed is there all the same
        if answer.returncode not in {0, 1} or not output.exists() or not output.stat().st_size:
            raise PrintFailed(answer.returncode)
        return pypdf.PdfReader(output)


def main(arguments: list[str]) -> int:
    """Print what is asked for; the exit status is the one of the real program."""
    call = parse(arguments)
    if call is None or (len(call.documents) == 1 and not call.html()):
        os.execv(REAL, [REAL, *arguments])  # noqa: S606 - it takes this program's place
    with tempfile.TemporaryDirectory(prefix="wkhtmltopdf-") as directory:
        try:
            Printer(call, Path(directory)).write()
        except PrintFailed as failed:
            return failed.status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
