"""The report as a page: what stands in it, that it stands alone, and that it works in a browser."""

from __future__ import annotations

import base64
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from bitplanes import Planes
from chromium import Page, find_chromium
from photograph import photograph
from PIL import Image

from nacre.bench import run
from nacre.bench.html import comparing, copies
from nacre.bench.html.comparing import Row
from nacre.picture.metrics import psnr

pytest.importorskip("matplotlib")

CODECS = [Planes(), "jpeg:420", "webp"]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("report")
    for number, (height, width) in enumerate([(96, 128), (128, 96)]):
        Image.fromarray(photograph(number, height, width)).save(place / f"<b>{number}.png")
    run(place, CODECS, html=place / "report.html", threads=1, published_curves=True, cache=place / "cache")
    return place / "report.html"


def compared(page: Path) -> list[Row]:
    found = re.search(r'id="compared">(.*?)</script>', page.read_text(), re.DOTALL)
    assert found is not None
    rows: list[Row] = json.loads(found[1])["pictures"]
    return rows


def pixels_of(copy: dict[str, str]) -> np.ndarray:
    with Image.open(io.BytesIO(base64.b64decode(copy["address"].partition(",")[2]))) as image:
        return np.asarray(image.convert("RGB"))


class Elements(HTMLParser):
    """Checks that elements close in the order in which they open, and keeps what they point at."""

    VOID = frozenset({"meta", "link", "img", "input", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "xlink:href", "action", "srcset"):
                self.addresses.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_stands_alone(page: Path) -> None:
    elements = Elements()
    elements.feed(page.read_text())
    elements.close()
    assert not elements.open
    assert len(set(elements.ids)) == len(elements.ids), "plots share no names"
    assert all(address.startswith(("#", "data:")) for address in elements.addresses)
    assert "@import" not in page.read_text()
    assert "url(http" not in page.read_text()


def test_the_page_holds_the_numbers(page: Path) -> None:
    text = page.read_text()
    for words in (
        "BD-rate against <code>jpeg:420</code>",
        "SSIM, -10 log10",
        "bit planes",
        "balle-2017-opt-mse",
    ):
        assert words in text
    assert text.count("<svg") == 3
    assert "&lt;b&gt;0.png" in text
    assert "<b>" not in text


def test_what_is_compared_is_what_was_coded(page: Path) -> None:
    first = compared(page)[0]
    assert (first["width"], first["height"]) == (128, 96)
    original = photograph(0, 96, 128)
    best = max(file["psnr"] for files in first["codecs"].values() for file in files)
    assert psnr(pixels_of(first["original"]["copy"]), original) >= best + copies.MARGIN
    assert list(first["codecs"]) == ["planes", "jpeg:420", "webp"]
    for name, files in first["codecs"].items():
        assert [file["allowed"] for file in files] == [192, 384, 768]
        for file in files:
            assert file["fits"] == (file["bytes"] <= file["allowed"])
            shown = psnr(pixels_of(file["copy"]), original)
            if file["copy"]["itself"]:
                data = base64.b64decode(file["copy"]["address"].partition(",")[2])
                assert len(data) == file["bytes"]
                assert shown == pytest.approx(file["psnr"], abs=0.01)
            else:
                assert name == "planes"
                assert shown == pytest.approx(file["psnr"], abs=0.5)
    assert not first["codecs"]["planes"][0]["fits"], "a plane has 4,608 bytes"
    assert first["codecs"]["webp"][2]["fits"]


def test_copies_are_near_enough() -> None:
    pixels = photograph(3, 96, 128)
    far, near = copies.of_pixels(pixels, 20), copies.of_pixels(pixels, 30)
    for copy, own in ((far, 20), (near, 30)):
        shown = psnr(pixels, pixels_of({"address": copy.address}))
        assert shown >= own + copies.MARGIN
        assert copy.psnr is None or shown == pytest.approx(copy.psnr)
    assert len(far.address) < len(near.address)


def test_large_pictures_show_their_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "SIDE", 40)
    pixels = photograph(0, 50, 30)
    assert np.array_equal(comparing.middle(pixels), pixels[5:45])


def test_pictures_beyond_the_room_are_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = {path.name: path for path in sorted(folder.glob("*.png"))}
    assert len(comparing.compare(pictures, [Planes()])) == 2
    monkeypatch.setattr(comparing, "CHARACTERS", 1)
    assert len(comparing.compare(pictures, [Planes()])) == 1


def test_what_is_shown_is_kept(folder: Path, tmp_path: Path) -> None:
    calls: list[int] = []
    pages = []
    for name in ("a.html", "b.html"):
        run(folder, [Planes(calls=calls)], html=tmp_path / name, cache=tmp_path / "cache")
        pages.append((tmp_path / name).read_bytes())
    assert len(calls) == 4, "two pictures, measured once and shown once"
    assert pages[0] == pages[1]


def test_the_page_works_in_a_browser(page: Path, tmp_path: Path) -> None:
    binary = find_chromium()
    if binary is None:
        pytest.skip("no Chromium is installed, so that the page cannot be opened")
    with Page(binary, page, tmp_path / "profile") as browser:
        assert not browser.value("document.getElementById('comparer').hidden")
        assert browser.value("innerWidth >= document.documentElement.scrollWidth"), "nothing sticks out"
        browser.value("document.getElementById('cut').focus()")
        assert (
            browser.value("document.activeElement.labels.length + document.activeElement.ariaLabel.length")
            > 0
        )
        cut = "Number(document.getElementById('cut').value)"
        border = "getComputedStyle(document.getElementById('stage')).getPropertyValue('--cut')"
        assert browser.value(cut) == 50
        browser.press("ArrowRight")
        browser.press("ArrowRight")
        assert (browser.value(cut), browser.value(border)) == (52, "52%")
        browser.press("Home")
        assert (browser.value(cut), browser.value(border)) == (0, "0%")

        left = "document.querySelector('#left-facts strong').textContent"
        right = "document.querySelector('#right-facts strong').textContent"
        name = "document.getElementById('picture').selectedOptions[0].text"
        assert (browser.value(left), browser.value(right)) == ("planes", "jpeg:420")
        browser.press("r")
        browser.press("l")
        assert (browser.value(left), browser.value(right)) == ("jpeg:420", "webp")
        browser.press("s")
        assert (browser.value(left), browser.value(right)) == ("webp", "jpeg:420")
        before = browser.value(name)
        browser.press("n")
        assert browser.value(name) != before
        shown = "(async () => { const i = document.getElementById('left-image'); await i.decode();"
        shown += " return [i.naturalWidth, i.naturalHeight, i.alt] })()"
        assert browser.value(shown)[:2] == [96, 128]
        assert "webp: " in browser.value(shown)[2]

        left_edge, top, width = browser.value(
            "(() => { const s = document.getElementById('stage'); s.scrollIntoView();"
            " const b = s.getBoundingClientRect(); return [b.left, b.top, b.width] })()"
        )
        browser.drag((left_edge + 5, top + 20), (left_edge + width / 4, top + 20))
        assert browser.value(cut) == 25
        assert browser.requests == [page.as_uri()]
        assert browser.problems == []
