from __future__ import annotations

import subprocess
import sys


def test_the_package_itself_is_light() -> None:
    code = "import sys, nacre.picture.replacing; print({'numpy', 'PIL'} & sys.modules.keys() or 'light')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "light"
