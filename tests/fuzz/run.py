"""Fuzzes one target with atheris, which is no dependency of nacre: `pip install atheris` where nacre is.

    python tests/fuzz/run.py TARGET FOLDER -max_total_time=200 -print_final_stats=1

FOLDER keeps what was found worth keeping; golden and faulty files begin it. More options are libFuzzer's.
A file that it calls a crash goes to `tests/golden/faulty` by way of `make_files.py`, with what mends it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import atheris

GOLDEN = Path(__file__).parents[1] / "golden"

with atheris.instrument_imports(include=["nacre"]):
    from targets import TARGETS


def main() -> None:
    name, folder, *options = sys.argv[1:]
    os.environ["NACRE_WEIGHTS"] = str(GOLDEN / "weights")
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    for file in GOLDEN.glob("*/*.nacre"):
        (place / file.stem).write_bytes(file.read_bytes())
    atheris.Setup([sys.argv[0], str(place), "-timeout=10", "-rss_limit_mb=1500", *options], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
