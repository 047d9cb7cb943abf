"""The examples in docstrings run, and every public function has one."""

from __future__ import annotations

import doctest
import inspect
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from PIL import Image

import nacre

SOURCES = Path(__file__).parents[2] / "src"
MODULES = [
    ".".join(path.relative_to(SOURCES).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted(SOURCES.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.fixture(autouse=True)
def forgetful_pillow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pillow forgets the plugin that an example registers."""
    Image.init()
    for registry in ("ID", "OPEN", "SAVE", "EXTENSION", "MIME"):
        monkeypatch.setattr(Image, registry, getattr(Image, registry).copy())
    yield
    sys.modules.pop("nacre.plugins.NacreImagePlugin", None)


@pytest.mark.parametrize("module", MODULES)
def test_examples_run(module: str) -> None:
    found = doctest.testmod(import_module(module), optionflags=doctest.ELLIPSIS)
    assert (found.attempted > 0, found.failed) == (True, 0)


def test_every_public_function_has_an_example() -> None:
    functions = [value for name in nacre.__all__ if inspect.isfunction(value := getattr(nacre, name))]
    assert len(functions) > 8
    assert [function.__name__ for function in functions if ">>> " not in (function.__doc__ or "")] == []
