"""Published rate-distortion curves on Kodak, as data (`README.md` here names the sources and licences)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from nacre.bench.curves import Curve, decibels
from nacre.errors import UsageError


@dataclass(frozen=True)
class PublishedCurve:
    """Mean rate-distortion curve that others published.

    Attributes
    ----------
    name, source, dataset, note
        Where the numbers come from and what they stand for.
    results
        CompressAI's keys: "bpp", and "psnr-rgb" (dB) and "ms-ssim-rgb" ([0, 1]) where the source gives them.
    """

    name: str
    source: str
    dataset: str
    note: str
    results: dict[str, list[float]]

    def curve(self, metric: str) -> Curve | None:
        """Quality in dB over bits per pixel, or None where the source does not give `metric`."""
        if metric not in self.results:
            return None
        return Curve.of(self.results["bpp"], decibels(metric, self.results[metric]))


def names() -> list[str]:
    """Names of all published curves, sorted."""
    found = (entry.name for entry in files(__name__).iterdir())
    return sorted(name.removesuffix(".json") for name in found if name.endswith(".json"))


@cache
def load(name: str) -> PublishedCurve:
    """One published curve.

    Raises
    ------
    UsageError
        If there is no curve of that name.
    """
    if name not in names():
        raise UsageError(f"there is no published curve {name!r}; choose among {', '.join(names())}")
    data = json.loads(files(__name__).joinpath(f"{name}.json").read_text(encoding="utf-8"))
    return PublishedCurve(
        data["name"], data["source"], data["dataset"], data.get("note", ""), data["results"]
    )
