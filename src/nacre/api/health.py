"""What is installed here, and whether it is whole."""

from __future__ import annotations

import dataclasses
import os
import re
from dataclasses import dataclass
from typing import Any

from nacre.errors import WeightsError

_REQUIREMENT = re.compile(r"""([\w.-]+)[^;]*(?:;.*extra\s*==\s*["']([\w-]+)["'])?""")
_ALL = "all"  # the extra that is the others together


@dataclass(frozen=True)
class WeightsHealth:
    """One installed set of weights, and what is wrong with it."""

    name: str
    tag: str
    bytes: int
    path: str
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Health:
    """What `examine` finds.

    Attributes
    ----------
    packages
        Version of each package that nacre needs; None for one that is missing.
    extras
        The same for the packages of each extra.
    providers
        What onnxruntime could compute on; nacre takes the CPU, on which results are the same everywhere.
    threads
        That a picture is coded with unless told otherwise.
    problems
        One sentence each; none if all is well.
    """

    python: str
    platform: str
    packages: dict[str, str | None]
    extras: dict[str, dict[str, str | None]]
    providers: tuple[str, ...]
    threads: int
    weights: tuple[WeightsHealth, ...]
    problems: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return dataclasses.asdict(self)


def examine() -> Health:
    """Look at what is installed: packages, extras, providers, weights against their hashes.

    Examples
    --------
    >>> import nacre.api
    >>> nacre.api.examine().packages["click"] is not None
    True
    """
    import platform

    groups = _requirements()
    packages = groups.pop("", {})
    missing = [name for name, version in packages.items() if version is None]
    problems = [f"{name} is not installed; install nacre again." for name in missing]
    weights = _weights(problems)
    problems += [problem for one in weights for problem in one.problems]
    return Health(
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        packages=packages,
        extras=groups,
        providers=_providers(problems),
        threads=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        weights=weights,
        problems=tuple(problems),
    )


def _requirements() -> dict[str, dict[str, str | None]]:
    """Versions of what nacre's own metadata name, by extra, those without one under an empty name."""
    from importlib import metadata  # takes long to import

    groups: dict[str, dict[str, str | None]] = {}
    try:
        lines = metadata.requires("nacre") or ()
    except metadata.PackageNotFoundError:  # run from a folder of sources, not installed
        lines = ()
    for line in lines:
        found = _REQUIREMENT.match(line)
        if found is not None and found[2] != _ALL:
            groups.setdefault(found[2] or "", {})[found[1]] = _installed(found[1])
    return groups


def _installed(name: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _providers(problems: list[str]) -> tuple[str, ...]:
    try:
        import onnxruntime

        return tuple(onnxruntime.get_available_providers())
    except Exception as error:  # what a damaged install raises is anybody's guess
        problems.append(f"onnxruntime cannot be loaded ({error}); install it again.")
        return ()


def _weights(problems: list[str]) -> tuple[WeightsHealth, ...]:
    from nacre.runtime.weights import list_weights, verify_weights

    try:
        found = list_weights()
    except WeightsError as error:
        problems.append(str(error))
        return ()
    if not found:
        problems.append("No weights are installed; install nacre again.")
    return tuple(
        WeightsHealth(one.name, one.tag, one.bytes, str(one.path), tuple(verify_weights(one)))
        for one in found
    )
