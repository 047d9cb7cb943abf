"""The built site: whole, self-contained, and up to date with commands, library and results."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click

import nacre
from nacre.cli import main

ROOT = Path(__file__).parents[2]


class Page(HTMLParser):
    """What a page links to, what it loads, and the places in it that can be linked to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.places: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.places |= {found[name] for name in ("id", "name") if name in found}
        if "href" in found:
            (self.links if tag == "a" else self.loaded).append(found["href"])
        if "src" in found:
            self.loaded.append(found["src"])


def pages(site: Path) -> dict[Path, Page]:
    # Addresses in the page for what is not found are those of a server's root.
    return {path: Page(path) for path in site.rglob("*.html") if path.name != "404.html"}


def dead(page: Page, all_pages: dict[Path, Page]) -> Iterator[str]:
    for link in (*page.links, *page.loaded):
        scheme, host, path, _, place = urlsplit(link)
        if scheme or host:
            continue
        target = (page.path.parent / unquote(path)).resolve() if path else page.path
        places = all_pages[target].places if target in all_pages else set()
        # Those with two underscores are made by the theme's script.
        if not target.is_file() or (place and not place.startswith("__") and unquote(place) not in places):
            yield link


def test_every_link_leads_somewhere(site: Path) -> None:
    found = pages(site)
    assert len(found) > 30
    assert {str(path.relative_to(site)): list(dead(page, found)) for path, page in found.items()} == {
        str(path.relative_to(site)): [] for path in found
    }


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for page in pages(site).values():
        assert [address for address in page.loaded if urlsplit(address).netloc] == []
    for sheet in site.rglob("*.css"):
        assert (
            re.findall(r"(?:url\(|@import\s*)[\"']?(?:https?:)?//", sheet.read_text(encoding="utf-8")) == []
        )


def options(command: click.Command) -> set[str]:
    return {written for option in command.params for written in option.opts if written.startswith("-")}


def test_every_command_has_a_page_with_its_options(site: Path) -> None:
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        text = (site / "commands" / f"{name}.html").read_text(encoding="utf-8")
        assert f'<h1 id="nacre-{name}">' in text
        assert {each for each in options(command) if not re.search(rf"{each}\b", text)} == set()


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    page = Page(site / "library.html")
    public = set(nacre.__all__) - {"__version__"}
    assert {name for name in public if f"nacre.{name}" not in page.places} == set()


def test_every_table_and_plot_of_results_is_shown(site: Path) -> None:
    tables = [path for path in (ROOT / "results").glob("*.md") if path.name != "README.md"]
    assert len(tables) > 10
    for table in tables:
        page = Page(site / "results" / f"{table.stem}.html")
        assert (f"{table.stem}.svg" in page.loaded) == table.with_suffix(".svg").exists()
        assert (f"{table.stem}.json" in page.links) == table.with_suffix(".json").exists()


def test_search_knows_all_parts(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    known = {entry["location"].partition("#")[0] for entry in index["docs"]}
    assert {"tutorial.html", "commands/encode.html", "library.html", "results/kodak.html"} <= known
    assert "src/nacre/container/SPEC.html" in known
