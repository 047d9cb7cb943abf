"""The commands of the tutorial, as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TUTORIAL, re.MULTILINE | re.DOTALL)
# As installers write it: processes of `-j` import the script, and must not run it.
NACRE = f"#!{sys.executable}\nfrom nacre.cli import main\nif __name__ == '__main__':\n    main()\n"


@pytest.mark.slow
def test_the_tutorial_runs(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "nacre"
    command.write_text(NACRE)
    command.chmod(0o755)
    environment = os.environ | {"PATH": f"{command.parent}:{os.environ['PATH']}"}
    del environment["NACRE_WEIGHTS"]  # a reader of the tutorial has the shipped weights
    ran = 0
    for language, text in BLOCKS:
        if ".venv" in text:  # installation, and the extras that it names
            continue
        words = (
            [sys.executable, "-c", text] if language == "python" else ["bash", "-euo", "pipefail", "-c", text]
        )
        result = subprocess.run(
            words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert result.returncode == 0, text + result.stdout + result.stderr
        ran += 1
    assert ran >= 6
    assert (tmp_path / "out" / "15k.nacre").stat().st_size == 15_000
