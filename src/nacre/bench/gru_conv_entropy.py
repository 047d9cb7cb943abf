"""The entropy models of `gru-conv` beside a learned estimate, as Markdown.

`nacre.learn.studies.entropy` measures; this only makes the page, for the bench knows no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nacre.bench.markdown import counted, table

MODELS = {"binary-rnn": "BinaryRNN, estimated", "mix": "`mix`, bytes", "tables": "`tables`, bytes"}


@dataclass(frozen=True)
class _Goal:
    """Per cent that `mix` and `tables` are to save in some iterations, and what papers report."""

    first: int
    last: int
    mix: int
    tables: int
    papers: str


_GOALS = (_Goal(1, 2, 18, 12, "25–50"), _Goal(3, 6, 10, 6, "15–25"), _Goal(7, 16, 4, 2, "5–10"))


_WORTH = 3.0
"""Per cent of the bytes of all iterations that `mix` was to save."""


def as_markdown(found: dict[str, Any]) -> str:
    """The page of what `nacre.learn.studies.entropy` wrote."""
    rows = found["iterations"]
    bits = [
        [str(row["iteration"]), *(f"{row[f'{name}_bits'] / row['codes']:.3f}" for name in MODELS)]
        for row in rows
    ]
    parts = [
        _preface(found),
        _verdict(rows),
        _worth(rows),
        "### Bits a code",
        table(["iteration", *MODELS.values()], bits),
        "A code that is sent as it is takes one bit.",
        "### Saved, in per cent of the codes",
        _savings(rows),
        "Papers: what is reported of such models on their authors' own codes, from memory and unverified.",
    ]
    return "\n\n".join(parts) + "\n"


def _preface(found: dict[str, Any]) -> str:
    trained, side = found["training"], 16 * found["cells"]
    redundant = (
        f", {found['unrolled']} of which training went through: what later ones send is mostly redundant"
        if found["unrolled"] < len(found["iterations"])
        else ""
    )
    return (
        f"Codes of {counted(found['pictures'], 'whole picture')} (`{found['test']}`), "
        f"{len(found['iterations'])} iterations of the network that {found['steps']:,} steps of "
        f"`{found['recipe']}` made{redundant}. "
        f"BinaryRNN is the model of Toderici et al. (2017): "
        f"{found['parameters']:,} parameters, trained for {trained['minutes']:.1f} minutes on the clock, "
        f"{trained['processor_minutes']:.1f} of one processor core, in {counted(trained['steps'], 'step')} "
        f"of {trained['batch']} of {found['crops']} crops of {side}x{side} training pixels; on these it "
        f"ended at {trained['bits_a_code']:.3f} bits a code. What it says is **an estimate**: ideal code "
        "lengths by probabilities in floats. No file is made of it, and no decoder could follow: it would "
        "have to compute the same floats to the last bit, cell after cell, on any machine. `mix` and "
        "`tables` are nacre's integer models, fitted to the same crops; theirs are bytes of real streams, "
        "without headers."
    )


def _verdict(rows: list[dict[str, Any]]) -> str:
    estimated, real = _bits(rows, "binary-rnn"), _bits(rows, "mix")
    ahead = sum(row["binary-rnn_bits"] < row["mix_bits"] for row in rows)
    by = 100 * (estimated / real - 1)
    if by <= 0:
        return (
            f"**The estimate takes {-by:.1f} % fewer bits than `mix`** over all iterations, and fewer in "
            f"{ahead} of {len(rows)}: so much at least is left to gain."
        )
    return (
        f"**The estimate takes {by:.1f} % more bits than `mix`** over all iterations, and fewer in {ahead} "
        f"of {len(rows)}. It was trained for minutes: that it is behind says what so short a training comes "
        "to, not what codes hold."
    )


def _worth(rows: list[dict[str, Any]]) -> str:
    by = 100 * (1 - _bits(rows, "mix") / _bits(rows, "tables"))
    enough = "more" if by > _WORTH else "no more"
    return (
        f"`mix`, which files use, takes {by:.1f} % fewer bytes than `tables` would: {enough} than the "
        f"{_WORTH:g} % that it was to save."
    )


def _savings(rows: list[dict[str, Any]]) -> str:
    lines = []
    for goal in _GOALS:
        chosen = rows[goal.first - 1 : goal.last]
        saved = [f"{_saved(chosen, name):.1f}" for name in MODELS]
        goals = ["", f" (goal {goal.mix})", f" (goal {goal.tables})"]
        cells = [a + b for a, b in zip(saved, goals, strict=True)]
        lines.append([f"{goal.first} to {goal.last}", *cells, goal.papers])
    lines.append(["all", *(f"{_saved(rows, name):.1f}" for name in MODELS), "–"])
    return table(["iterations", *MODELS.values(), "papers"], lines)


def _saved(rows: list[dict[str, Any]], name: str) -> float:
    codes: float = sum(row["codes"] for row in rows)
    return 100 * (1 - _bits(rows, name) / codes)


def _bits(rows: list[dict[str, Any]], name: str) -> float:
    bits: float = sum(row[f"{name}_bits"] for row in rows)
    return bits
