"""Runs of `gru-conv` that differ in their loss, or in how they reconstruct, as Markdown.

`nacre.learn.studies.training` measures; this only makes the page, for the bench knows no torch.
"""

from __future__ import annotations

from typing import Any

from nacre.bench.markdown import counted, table

_METRICS = {"psnr": ("PSNR", "{:.2f}", " dB"), "ms_ssim": ("MS-SSIM", "{:.4f}", "")}
_LEAD_AT = 4
"""Iterations after which it is said how far the first is ahead."""


def as_markdown(found: dict[str, Any]) -> str:
    """The page of what `nacre.learn.studies.training` wrote."""
    side, iterations = found["side"], found["iterations"]
    parts = [
        f"PSNR (dB) and MS-SSIM after {_listed(iterations)} iterations, means over the middles, of "
        f"{side}x{side} pixels at most, of {counted(found['pictures'], 'picture')} that were not trained on: "
        "averaged weights, fixed codes, rounded pictures. Rates are those of raw codes, before entropy "
        "coding. Runs that are compared took equal steps, which cost all but equal time; minutes are on the "
        "clock of a machine with other work."
    ]
    losses = (
        "Each went on from the same weights, the first line, with the same crops, and differs in its loss."
    )
    starts = (
        "From scratch with the same crops: each iteration adds to the picture, or draws it anew. What stands "
        "beyond the iterations that were unrolled in training was never learned."
    )
    longer = (
        "Runs with Muon and an amplified copy of what is missing; each went on from the weights of the line "
        "above."
    )
    primed = (
        "A longer run from the first line's weights, in half of whose steps the networks ran one to three "
        "times before the first iteration, and in a quarter of which cells stopped early."
    )
    for title, note, runs, before, rivals in (
        ("Losses", losses, found["losses"], found["start"], True),
        ("Reconstruction", starts, found["reconstructions"], None, True),
        ("Longer training", longer, found["longer"], found["start"], False),
        ("Priming", primed, found["primed"], found["start"], True),
    ):
        if runs:
            shown = runs if before is None else [before, *runs]
            parts += [f"### {title}", note, _table(iterations, shown)]
        if rivals and len(runs) > 1:
            parts += [" ".join(_winners(metric, iterations, runs) for metric in _METRICS)]
    return "\n\n".join(parts) + "\n"


def _table(iterations: list[int], runs: list[dict[str, Any]]) -> str:
    head = ["run", "recipe", "minutes", "steps", "unrolled", "priming"]
    for title, _, _ in _METRICS.values():
        head += [f"{title}, {bpp:g} bpp" for bpp in runs[0]["bpp"]]
    rows = []
    for run in runs:
        for quality in run["quality"]:
            row = [f"`{run['run']}`", f"`{run['recipe']}`", f"{run['minutes']:.1f}", f"{run['steps']:,}"]
            row += [str(run["unrolled"]), str(quality["priming"])]
            for metric, (_, form, _) in _METRICS.items():
                row += [form.format(quality[metric][i]) for i in range(len(iterations))]
            rows.append(row)
    return table(head, rows)


def _winners(metric: str, iterations: list[int], runs: list[dict[str, Any]]) -> str:
    """Which run is first after which iterations, without priming, and by how much."""
    title, form, unit = _METRICS[metric]
    wins: dict[str, list[int]] = {}
    for i, t in enumerate(iterations):
        wins.setdefault(_ranked(metric, i, runs)[0]["run"], []).append(t)
    told = "; ".join(f"`{name}` after {_listed(after)}" for name, after in wins.items())
    sentence = f"First in {title}: {told}."
    at = iterations.index(_LEAD_AT)
    first, second = _ranked(metric, at, runs)[:2]
    lead = form.format(first["quality"][0][metric][at] - second["quality"][0][metric][at])
    return (
        f"{sentence} At {first['bpp'][at]:g} bpp `{first['run']}` is {lead}{unit} ahead of `{second['run']}`."
    )


def _ranked(metric: str, at: int, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(runs, key=lambda run: -run["quality"][0][metric][at])


def _listed(numbers: list[int]) -> str:
    *most, last = map(str, numbers)
    return f"{', '.join(most)} and {last}" if most else last
