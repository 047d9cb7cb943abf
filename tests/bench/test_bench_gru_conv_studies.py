"""Pages of what was measured elsewhere with torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nacre.bench import results
from nacre.bench.gru_conv_entropy import as_markdown as entropy_page
from nacre.bench.gru_conv_training import as_markdown as training_page


def entropy(estimated: float) -> dict[str, Any]:
    shares = {"binary-rnn": estimated, "mix": 0.8, "tables": 0.9}
    return {
        "recipe": "some-recipe",
        "steps": 6000,
        "unrolled": 12,
        "test": "kodak",
        "pictures": 24,
        "crops": 160,
        "cells": 16,
        "parameters": 3_644_768,
        "training": {
            "minutes": 12.0,
            "processor_minutes": 4.25,
            "steps": 300,
            "batch": 8,
            "bits_a_code": 0.71,
        },
        "iterations": [
            {"iteration": t, "codes": 1000, **{f"{name}_bits": 1000 * s for name, s in shares.items()}}
            for t in range(1, 17)
        ],
    }


def test_savings_stand_beside_what_was_wanted() -> None:
    text = entropy_page(entropy(0.75))
    assert "3,644,768 parameters, trained for 12.0 minutes on the clock, 4.2 of one processor core" in text
    assert "| 16 | 0.750 | 0.800 | 0.900 |" in text
    assert "| 1 to 2 | 25.0 | 20.0 (goal 18) | 10.0 (goal 12) | 25–50 |" in text
    assert "| all | 25.0 | 20.0 | 10.0 | – |" in text
    assert (
        "**The estimate takes 6.2 % fewer bits than `mix`** over all iterations, and fewer in 16 of 16"
        in text
    )


def test_a_model_that_saves_too_little_is_called_so() -> None:
    found = entropy(0.75)
    text = entropy_page(found)
    assert "takes 11.1 % fewer bytes than `tables` would: more than the 3 % that it was to save" in text
    assert "12 of which training went through: what later ones send is mostly redundant." in text
    for row in found["iterations"]:
        row["tables_bits"] = 810
    found["unrolled"] = 16
    text = entropy_page(found)
    assert "takes 1.2 % fewer bytes than `tables` would: no more than the 3 %" in text
    assert "steps of `some-recipe` made. BinaryRNN" in text


def test_an_estimate_that_is_behind_is_called_so() -> None:
    text = entropy_page(entropy(0.9))
    assert (
        "**The estimate takes 12.5 % more bits than `mix`** over all iterations, and fewer in 0 of 16" in text
    )
    assert "trained for minutes" in text


def run(
    name: str, psnr: list[float], ms_ssim: list[float], primed: list[float] | None = None
) -> dict[str, Any]:
    quality = [{"priming": 0, "psnr": psnr, "ms_ssim": ms_ssim}]
    quality += [] if primed is None else [{"priming": 3, "psnr": primed, "ms_ssim": ms_ssim}]
    described = {"run": name, "recipe": f"gru-conv-{name}", "minutes": 4.0, "steps": 1200, "unrolled": 8}
    return {**described, "bpp": [0.125, 0.25, 0.5, 1.0], "quality": quality}


def training() -> dict[str, Any]:
    return {
        "pictures": 8,
        "side": 512,
        "iterations": [1, 2, 4, 8],
        "start": run("before", [20, 21, 22, 23], [0.8, 0.85, 0.9, 0.95]),
        "losses": [
            run("l1", [24.0, 25.0, 26.0, 27.0], [0.81, 0.86, 0.91, 0.97]),
            run("l2", [23.0, 25.5, 26.25, 26.5], [0.80, 0.85, 0.90, 0.96]),
        ],
        "reconstructions": [],
        "longer": [run("muon", [25.0] * 4, [0.9] * 4), run("muon2", [26.0] * 4, [0.9] * 4)],
        "primed": [run("longer", [25.0] * 4, [0.9] * 4, [30.0] * 4)],
    }


def test_the_first_of_the_runs_is_told_by_their_numbers() -> None:
    text = training_page(training())
    assert (
        "First in PSNR: `l1` after 1 and 8; `l2` after 2 and 4. At 0.5 bpp `l2` is 0.25 dB ahead of `l1`."
        in text
    )
    assert "First in MS-SSIM: `l1` after 1, 2, 4 and 8. At 0.5 bpp `l1` is 0.0100 ahead of `l2`." in text
    assert "| `before` | `gru-conv-before` | 4.0 | 1,200 | 8 | 0 | 20.00 |" in text
    assert "| `longer` | `gru-conv-longer` | 4.0 | 1,200 | 8 | 3 | 30.00 |" in text
    assert "Reconstruction" not in text
    assert "| `muon2` | `gru-conv-muon2` | 4.0 | 1,200 | 8 | 0 | 26.00 |" in text
    assert "`muon` after" not in text


def test_results_make_pages_of_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "gru-conv-entropy.json").write_text(json.dumps(entropy(0.75)))
    arguments = [
        "--data",
        str(tmp_path),
        "--out",
        str(tmp_path),
        "--only",
        "gru-conv-entropy,gru-conv-training",
    ]
    done = CliRunner().invoke(results.main, arguments)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "gru-conv-entropy.md").read_text() == entropy_page(entropy(0.75))
    assert "gru-conv-training is left out: nacre.learn.studies.training makes its" in done.output
    assert not (tmp_path / "gru-conv-training.md").exists()


@pytest.mark.parametrize("page", ["entropy", "training"])
def test_pages_in_the_repository_are_those_of_their_data(page: str) -> None:
    place = Path(__file__).parents[2] / "results" / f"gru-conv-{page}.json"
    if not place.is_file():
        pytest.skip(f"results/gru-conv-{page}.json was not measured yet")
    make = {"entropy": entropy_page, "training": training_page}[page]
    assert place.with_suffix(".md").read_text() == make(json.loads(place.read_text()))
