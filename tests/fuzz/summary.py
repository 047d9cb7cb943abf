"""What runs of `run.py` came to, of their logs NAME.log, as JSON for `results/fuzzing.json`.

python tests/fuzz/summary.py LOG ... > results/fuzzing.json
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path


def summary(log: str) -> dict[str, float]:
    """Of libFuzzer's words, with `-print_final_stats=1`."""
    cov, features, corpus = map(int, re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)", log)[-1])
    seconds = re.findall(r"^Done \d+ runs in (\d+) second", log, re.MULTILINE)
    return {
        "executions": int(re.findall(r"stat::number_of_executed_units: (\d+)", log)[-1]),
        "seconds": int(seconds[-1]) if seconds else 0,
        "coverage": cov,
        "features": features,
        "corpus": corpus,
        "crashes": len(
            re.findall(r"^==\d+== ?ERROR: libFuzzer|Uncaught Python exception", log, re.MULTILINE)
        ),
    }


def main() -> None:
    found = {Path(name).stem: summary(Path(name).read_text()) for name in sys.argv[1:]}
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
