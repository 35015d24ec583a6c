"""Where packages come from: apt's recorded answers on machines of several kinds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.lab import paths
from tests.lab.mirror import Ask, Mirror, of_this_machine, proxy_configuration

# Each target once for every architecture, as apt says it.
FETCHED = {
    "Label: Debian": "http://mirror.example.org/debian/\n" * 2,
    "Label: Debian-Security": "http://security.example.org/debian-security/\n" * 2,
}
# Before the first update apt does not know whose archives they are.
NOT_FETCHED = {
    "--no-release-info": "https://packages.example.com/tool/\n"
    "http://mirror.example.org/debian/\nhttp://mirror.example.org/debian-security/\n"
}
PUBLIC = Mirror("http://deb.debian.org/debian", "http://deb.debian.org/debian-security")


def _apt(answers: dict[str, str]) -> Ask:
    def ask(command: Sequence[str]) -> str:
        return next((answer for word, answer in answers.items() if word in command), "")

    return ask


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ERPOPS_DEBIAN_MIRROR", raising=False)
    monkeypatch.delenv("ERPOPS_DEBIAN_SECURITY_MIRROR", raising=False)


@pytest.mark.parametrize(
    ("answers", "mirror"),
    [
        (FETCHED, Mirror("http://mirror.example.org/debian", "http://security.example.org/debian-security")),
        (NOT_FETCHED, Mirror("http://mirror.example.org/debian", "http://mirror.example.org/debian-security")),
        ({}, PUBLIC),  # another distribution's apt, or none
        ({"Label: Debian": "cdrom:[Debian 13]/\n", "Label: Debian-Security": "file:/srv/mirror/\n"}, PUBLIC),
    ],
)
def test_the_mirror_is_the_one_that_apt_asks(answers: dict[str, str], mirror: Mirror) -> None:
    assert of_this_machine(_apt(answers)) == mirror


@pytest.mark.parametrize("option", ["Label: Debian", "--no-release-info"])
def test_a_cloud_image_s_file_of_mirrors_is_read(option: str, tmp_path: Path) -> None:
    for name in ("debian", "debian-security"):
        (tmp_path / f"{name}.list").write_text(f"# comment\nhttps://cdn.example.org/{name}\thttp\n", encoding="utf-8")
    named = "".join(f"mirror+file:{tmp_path}/{name}.list/\n" for name in ("debian", "debian-security"))
    answers = (
        {option: named}
        if option.startswith("--")
        else {
            "Label: Debian": named.splitlines()[0],
            "Label: Debian-Security": named.splitlines()[1],
        }
    )
    wanted = Mirror("https://cdn.example.org/debian", "https://cdn.example.org/debian-security")
    assert of_this_machine(_apt(answers)) == wanted


def test_who_names_a_mirror_gets_it_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERPOPS_DEBIAN_MIRROR", "http://near.example.org/debian")
    monkeypatch.setenv("ERPOPS_DEBIAN_SECURITY_MIRROR", "http://near.example.org/security")
    mirror = of_this_machine(_apt(FETCHED))
    assert mirror == Mirror("http://near.example.org/debian", "http://near.example.org/security")
    text = mirror.sources("trixie")
    assert "deb.debian.org" not in text
    assert "URIs: http://near.example.org/debian\nSuites: trixie trixie-updates\n" in text
    assert "URIs: http://near.example.org/security\nSuites: trixie-security\n" in text


def test_no_image_names_a_mirror_of_its_own() -> None:
    for dockerfile in (paths.ROOT / "images").glob("*/Dockerfile"):
        assert "http" not in dockerfile.read_text(encoding="utf-8"), dockerfile


def test_the_proxy_is_handed_on() -> None:
    given = _apt({"Acquire::http::Proxy": "http://proxy.example.org:3128/\n"})
    assert proxy_configuration(given) == 'Acquire::http::Proxy "http://proxy.example.org:3128/";\n'
    assert proxy_configuration(_apt({})) == ""
