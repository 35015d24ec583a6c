"""What stands on a printed page is read from the page itself: neither a blank nor a bare one passes."""

from __future__ import annotations

import io
from collections.abc import Mapping

import pytest
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject

from tests.estate.printed import assert_shows

LATO = "/QOAAAA+Lato-Regular"


def pdf(*lines: str, font: str = LATO, carried: bool = True) -> bytes:
    """A page with a line of text for each, in a font that is described as Qt does it for its own."""
    writer = PdfWriter()
    page = writer.add_blank_page(595, 842)
    program = {"/FontFile2": writer._add_object(DecodedStreamObject())} if carried else {}
    described = {"/Type": "/FontDescriptor", "/FontName": font, **program}
    descendant = {"/Type": "/Font", "/Subtype": "/CIDFontType2", "/BaseFont": font, "/FontDescriptor": described}
    name = {"/Type": "/Font", "/Subtype": "/Type0", "/BaseFont": font, "/Encoding": "/Identity-H"}
    made = dictionary({**name, "/DescendantFonts": ArrayObject([dictionary(descendant)])})
    made[NameObject("/ToUnicode")] = writer._add_object(unicode_map())
    fonts = DictionaryObject({NameObject("/F1"): writer._add_object(made)})
    page[NameObject("/Resources")] = writer._add_object(DictionaryObject({NameObject("/Font"): fonts}))
    shown = "".join(f"<{line.encode('utf-16-be').hex()}> Tj 0 -20 Td " for line in lines)
    content = DecodedStreamObject()
    content.set_data(f"BT /F1 12 Tf 72 700 Td {shown}ET".encode())
    page[NameObject("/Contents")] = writer._add_object(content)
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def dictionary(of: Mapping[str, object]) -> DictionaryObject:
    made = DictionaryObject()
    for key, value in of.items():
        inner = dictionary(value) if isinstance(value, Mapping) else value
        made[NameObject(key)] = NameObject(inner) if type(inner) is str else inner
    return made


def unicode_map() -> DecodedStreamObject:
    stream = DecodedStreamObject()
    stream.set_data(
        b"begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange"
        b" 1 beginbfrange <0000> <FFFF> <0000> endbfrange endcmap"
    )
    return stream


@pytest.mark.parametrize(
    "lines",
    [
        ["Invoice INV/2026/00007", "Pallet jack J0A1"],
        ["Invoice INV/2026/00007", "Pallet", "jack", "J0A1 4.00 Units"],
        ["I nvoice I NV/2026/00 007 Pallet jack J0A1"],
    ],
    ids=["as written", "in a narrow column", "apart by kerning"],
)
def test_a_page_shows_what_stands_on_it(lines: list[str]) -> None:
    assert_shows("invoice", pdf(*lines), "INV/2026/00007", "Pallet jack J0A1")


def test_a_ligature_is_the_letters_that_it_joins() -> None:
    assert_shows("slip", pdf("o\ufb03ce cha\ufb00"), "office chaff")


@pytest.mark.parametrize(
    ("printed", "found"),
    [
        (b"<html>Session expired</html>", "as a PDF, found b'<html>Session expired</html>'"),
        (pdf(), r"expected \['INV/2026/00007'\] on the invoice, found this on its 1 page\(s\): ''"),
        (pdf("Invoice INV/2026/00070"), r"1 page\(s\): 'Invoice INV/2026/00070"),
        (pdf("INV/2026/00007", font="/QOAAAA+DejaVuSans"), r"found \(name: embedded\) .*DejaVuSans': True"),
        (pdf("INV/2026/00007", carried=False), r"found \(name: embedded\) .*Lato-Regular': False"),
    ],
    ids=["no PDF", "blank", "another number", "another font", "a font that is only named"],
)
def test_what_is_missing_is_said_with_what_was_found(printed: bytes, found: str) -> None:
    with pytest.raises(AssertionError, match=found):
        assert_shows("invoice", printed, "INV/2026/00007")
