"""The program that stands before wkhtmltopdf: which command lines it takes on, and what it makes of them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

_PROGRAM = Path(__file__).resolve().parents[3] / "images" / "odoo" / "wkhtmltopdf.py"


@pytest.fixture(scope="module")
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("erpops_wkhtmltopdf", _PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    names = ("header", "footer", "one", "two")
    for name in names:
        (tmp_path / f"{name}.html").write_text("<html/>", encoding="utf-8")
    return {**{name: str(tmp_path / f"{name}.html") for name in names}, "output": str(tmp_path / "out.pdf")}


def test_a_report_as_odoo_prints_it(program: ModuleType, files: dict[str, str]) -> None:
    options = ["--disable-local-file-access", "--quiet", "--page-size", "A4", "--margin-top", "52.0"]
    ours = ["--header-spacing", "52", "--header-html", files["header"], "--footer-html", files["footer"]]
    call = program.parse([*options, *ours, "--disable-smart-shrinking", files["one"], files["two"], files["output"]])
    assert call.options == options
    assert call.html() == [("--header-html", files["header"]), ("--footer-html", files["footer"])]
    assert call.documents == [files["one"], files["two"]]
    assert call.output == files["output"]
    assert call.ours["--header-spacing"] == "52"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["https://example.com/", "{output}"],
        ["-", "-"],
        ["--page-size", "A4"],
        ["{one}"],
    ],
)
def test_other_command_lines_go_to_the_real_program(
    program: ModuleType, files: dict[str, str], arguments: list[str]
) -> None:
    assert program.parse([argument.format(**files) for argument in arguments]) is None


@pytest.mark.parametrize(
    ("given", "millimetres"),
    [("40", 40.0), ("40.5", 40.5), ("7mm", 7.0), ("2cm", 20.0), ("1in", 25.4), ("72pt", 25.4), ("much", 10.0)],
)
def test_lengths(program: ModuleType, given: str, millimetres: float) -> None:
    call = program.Call(options=["--margin-top", given])
    assert call.millimetres("--margin-top", 10.0) == pytest.approx(millimetres)
    assert call.millimetres("--margin-bottom", 3.0) == 3.0


def test_replacing_an_option_keeps_the_others(program: ModuleType) -> None:
    call = program.Call(options=["--quiet", "--margin-top", "40", "--dpi", "90"])
    assert call.replaced(margin_top="5mm", javascript_delay="1") == [
        *("--quiet", "--dpi", "90", "--margin-top", "5mm", "--javascript-delay", "1")
    ]


@pytest.mark.parametrize(
    ("html", "by_page"),
    [
        ('<span class="page"></span>', True),
        ("<span class='text-end topage'/>", True),
        ('<div class="header"><img alt="Logo"/></div>', False),
        ('<div class="o_company_1_layout pagebreak">', False),
    ],
)
def test_only_what_names_the_page_is_printed_for_each(program: ModuleType, html: str, by_page: bool) -> None:
    assert bool(program._BY_PAGE.search(html)) is by_page
