"""Tables of results with the plot and the data that stand beside them."""

from __future__ import annotations

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Begin a page of results with its plot, and end it with its data."""
    uri = page.file.src_uri
    if not uri.startswith("results/") or page.is_index:
        return markdown
    page.meta["search"] = {"boost": 0.2}  # who searches for a word does not look for tables of numbers
    name = page.file.name
    parts = [markdown]
    if files.get_file_from_path(f"results/{name}.svg"):
        parts.insert(0, f"![{page.title}: plot]({name}.svg)")
    if files.get_file_from_path(f"results/{name}.json"):
        parts.append(f"The data behind this page: [{name}.json]({name}.json).")
    return "\n\n".join(parts)
