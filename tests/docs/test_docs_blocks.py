"""The blocks marked ``sh`` and ``python`` in README and docs/ run as they stand there, page by page.

Blocks without a mark, or with another, are not run: they install something, take an hour, or are no program.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
# As installers write it: processes of `-j` import the script, and must not run it.
NACRE = f"#!{sys.executable}\nfrom nacre.cli import main\nif __name__ == '__main__':\n    main()\n"
SHELL = "import subprocess; subprocess.run(['bash', '-euo', 'pipefail', '-c', {text!r}], check=True)\n"


def program(page: Path) -> str:
    """All blocks of a page as one program, so that they share what they import and make."""
    blocks = re.findall(r"^```(sh|python)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)
    return "\n".join(SHELL.format(text=text) if kind == "sh" else text for kind, text in blocks)


PAGES = [page for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if program(page)]


def test_pages_with_programs_are_found() -> None:
    assert {"README", "tutorial", "pillow", "serving", "streams"} <= {page.stem for page in PAGES}


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_runs(page: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    folder.mkdir()
    (folder / "examples").symlink_to(ROOT / "examples")
    photo = Image.open(ROOT / "examples" / "kodim23.png").reduce(2)
    photo.save(folder / "photo.jpg")
    photo.convert("L").save(folder / "mask.png")
    command = tmp_path / "bin" / "nacre"
    command.parent.mkdir()
    command.write_text(NACRE)
    command.chmod(0o755)
    environment = os.environ | {"PATH": f"{command.parent}:{os.environ['PATH']}"}
    environment.pop("NACRE_WEIGHTS", None)  # a reader has the shipped weights
    if page.stem == "README":
        subprocess.run([command, "encode", "photo.jpg"], cwd=folder, env=environment, check=True)
    script = tmp_path / "page.py"
    script.write_text(program(page), encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-W", "error", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    if page.stem == "tutorial":
        assert (folder / "out" / "15k.nacre").stat().st_size == 15_000
