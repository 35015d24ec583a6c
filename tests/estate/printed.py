"""What a printed document says and the fonts it carries: a blank page is a PDF too."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader
from pypdf.generic import DictionaryObject

# Of the style sheet that Odoo prints with: without it the page is in whatever font the system has.
STYLED = "Lato"
_PROGRAMS = ("/FontFile", "/FontFile2", "/FontFile3")


def assert_shows(what: str, pdf: bytes, *expected: str) -> None:
    """Assert that a document is a PDF which holds these texts, and is styled."""
    assert pdf.startswith(b"%PDF"), f"expected the {what} as a PDF, found {pdf[:80]!r}"
    reader = PdfReader(io.BytesIO(pdf))
    text = "\n".join(page.extract_text() for page in reader.pages)
    missing = [each for each in expected if _bare(each) not in _bare(text)]
    assert not missing, f"expected {missing} on the {what}, found this on its {len(reader.pages)} page(s): {text!r}"
    fonts = dict(_fonts(reader))
    assert any(STYLED in name and embedded for name, embedded in fonts.items()), (
        f"expected the font {STYLED} to be embedded in the {what}, found (name: embedded) {fonts}"
    )


def _bare(text: str) -> str:
    """Without white space, since lines and kerning part words; a ligature is the letters that it joins."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def _fonts(reader: PdfReader) -> Iterator[tuple[str, bool]]:
    """Name each font and whether the document carries it; the name of a part of one has a prefix."""
    for page in reader.pages:
        for entry in _part(_part(page, "/Resources"), "/Font").values():
            font: Any = entry.get_object()
            inner = font.get("/DescendantFonts", [font])
            descriptor = _part(inner[0].get_object(), "/FontDescriptor")
            yield str(font["/BaseFont"]), any(program in descriptor for program in _PROGRAMS)


def _part(of: DictionaryObject, key: str) -> DictionaryObject:
    """Look up a dictionary in another, which may hold only its address or lack it."""
    if key not in of:
        return DictionaryObject()
    found = of[key]
    assert isinstance(found, DictionaryObject), f"expected {key} to be a dictionary, found {found!r}"
    return found
