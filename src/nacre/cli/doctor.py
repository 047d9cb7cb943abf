"""``nacre doctor``: what is installed, and whether it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nacre import api
from nacre.cli.reporting import columns, say_json, talk_options
from nacre.errors import WeightsError

if TYPE_CHECKING:
    from nacre.api.health import Health


@click.command(epilog="Example: nacre doctor --json")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@talk_options
def doctor(as_json: bool) -> None:
    """Show what is installed: versions, extras, providers, threads, weights against their hashes.

    What to add to a report of a defect. The exit code is 5 if something that nacre needs is missing or
    damaged.
    """
    from nacre import __version__

    found = api.examine()
    if as_json:
        say_json({"version": __version__, **found.as_dict()})
    else:
        click.echo(_text(__version__, found))
    if found.problems:
        more = f" (and {len(found.problems) - 1} more)" if len(found.problems) > 1 else ""
        raise WeightsError(f"{found.problems[0]}{more}")


def _text(version: str, health: Health) -> str:
    facts = [
        ("nacre", version),
        ("Python", f"{health.python}, {health.platform}"),
        *((name, version or "not installed") for name, version in health.packages.items()),
        ("providers", ", ".join(health.providers) or "none"),
        ("threads", str(health.threads)),
    ]
    for extra, packages in health.extras.items():
        absent = [name for name, version in packages.items() if version is None]
        there = ", ".join(f"{name} {version}" for name, version in packages.items() if version is not None)
        how = f'not installed: {", ".join(absent)} (pip install "nacre[{extra}]")' if absent else there
        facts.append((f"extra {extra}", how))
    text = [columns(facts)]
    if health.weights:
        rows = [("weights", "tag", "size", "state", "place")] + [
            (
                one.name,
                one.tag,
                f"{one.bytes / 1e6:.1f} MB",
                "damaged" if one.problems else "fine",
                one.path,
            )
            for one in health.weights
        ]
        text += ["", columns(rows, right=(2,))]
    return "\n".join(text)
