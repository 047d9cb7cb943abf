"""What the site is made of: files of the repository, under the names that they have there.

So a relative link in a page leads to the same file on a code host, on disk and in the site. Only the address
of a page is shorter: that of ``docs/tutorial.md`` is ``tutorial.html``.
"""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

SOURCES = (
    "*.md",
    "LICENSE",
    "docs/*.*",
    "examples/README.md",
    "results/*.*",
    "src/nacre/container/SPEC.md",
    "src/nacre/learn/recipes/*.toml",
)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Put the repository's files in the place of those that MkDocs found in ``docs/``."""
    root = Path(config.config_file_path).parent
    theme = [file for file in files if file.src_dir != config.docs_dir]
    paths = sorted(path for pattern in SOURCES for path in root.glob(pattern))
    return Files([*theme, *(_source(path, root, config) for path in paths)])


def _source(path: Path, root: Path, config: MkDocsConfig) -> File:
    file = File(path.relative_to(root).as_posix(), str(root), config.site_dir, config.use_directory_urls)
    file.dest_uri = address(file)
    return file


def address(file: File) -> str:
    """Where a file stands in the site."""
    return file.dest_uri.removeprefix("docs/")
