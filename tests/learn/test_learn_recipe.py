from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
import torch

from nacre.errors import UsageError
from nacre.learn.recipe import RECIPES, Recipe, load_recipe, load_recipe_text
from nacre.learn.tasks import make_task

SHIPPED = sorted(path.stem for path in RECIPES.glob("*.toml"))
PHASES = "[[phases]]\nuntil = 1.0\niterations = 2\ncrop = 32\nbatch = 2\n"


def test_there_are_recipes() -> None:
    assert "gru-conv" in SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_recipes_build_a_task(name: str) -> None:
    recipe = load_recipe(name)
    task = make_task(recipe)
    assert recipe.name == name
    assert recipe.digest == hashlib.sha256((RECIPES / f"{name}.toml").read_bytes()).hexdigest()
    assert sum(p.numel() for p in task.module.parameters()) > 160_000
    assert max(task.phase(i / 100).crop for i in range(101)) == task.largest_crop


def test_there_are_recipes_of_all_families_and_controls() -> None:
    found = {load_recipe(name).weights for name in SHIPPED}
    assert found >= {
        "gru-conv",
        "residual-fc",
        "residual-fc-shared",
        "residual-fc-8bits",
        "lstm-fc",
        "residual-conv",
        "residual-conv-shared",
        "lstm-conv",
        "static-conv-64",
        "static-conv-128",
    }


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("residual-fc", 2_660_416),
        ("residual-fc-shared", 166_276),
        ("residual-fc-8bits", 8 * (166_276 + 4 * 161 + 4 * 160)),
        ("lstm-fc", 2_202_308 + 192 * 256),
        ("residual-conv", 2_994_264),
        ("residual-conv-shared", 374_283),
        ("lstm-conv", 1_618_131),
        ("static-conv-64", 531_531),
        ("static-conv-128", 544_339),
    ],
)
def test_recipes_are_of_the_slim_networks(name: str, count: int) -> None:
    with torch.device("meta"):
        task = make_task(load_recipe(name))
    assert sum(p.numel() for p in task.module.parameters()) == count


def test_a_variant_names_the_weights() -> None:
    plain = load_recipe_text("mine", 'family = "lstm-fc"\n')
    assert (plain.variant, plain.weights) == (None, "lstm-fc")
    variant = load_recipe_text("mine", 'family = "lstm-fc"\nvariant = "16k"\n')
    assert (variant.variant, variant.weights) == ("16k", "lstm-fc-16k")
    assert "variant" not in variant.task


def test_a_seed_fixes_the_start(recipe: Recipe) -> None:
    first, second = (make_task(recipe).module.state_dict() for _ in range(2))
    assert all(first[name].equal(second[name]) for name in first)


def test_a_path_is_a_recipe_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('family = "gru-conv"\npreset = "tiny"\n[optimizer]\nrate = 0.25\n' + PHASES)
    recipe = load_recipe(str(path))
    assert (recipe.name, recipe.family, recipe.seed) == ("mine", "gru-conv", 0)
    assert recipe.optimizer.rate == 0.25
    assert recipe.optimizer.warmup == 200
    phase = make_task(recipe).phase(0.0)
    assert (phase.batch, phase.crop) == (2, 32)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"'gru-cony'.*gru-conv"):
        load_recipe("gru-cony")


def test_a_binary_file_is_no_recipe(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot be read as text"):
        load_recipe(str(path))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("family = ", "mine is not valid"),
        ("seed = 1", "names no family"),
        ('family = "gru-conv"\nseed = "x"', "mine is not valid"),
        ('family = "lstm-fc"\nvariant = "a/b"', "variant is a name of letters and digits, not 'a/b'"),
        ('family = "lstm-fc"\nvariant = ""', "variant is a name"),
        ('family = "lstm-fc"\nvariant = "../x"', "variant is a name"),
        ('family = "static-conv"\nvariant = 64', "variant is a name of letters and digits, not 64"),
        ('family = "gru-conv"\n[optimizer]\nspeed = 1', "'speed'"),
        ('family = "gru-conv"\n[optimizer]\nrate = "fast"', "rate must be a number"),
        ('family = "gru-conv"\n[optimizer]\nclip = -1', "clip must be a number of at least 0"),
        ('family = "gru-conv"\n[optimizer]\nkind = "sgd"', "kind of optimizer is adam or muon"),
    ],
)
def test_bad_texts_are_refused(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        load_recipe_text("mine", text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('family = "sculpture"\n', "No family 'sculpture'.*gru-conv"),
        ('family = "gru-conv"\n', "phases"),
        ('family = "gru-conv"\npreset = "huge"\n' + PHASES, "preset is one of paper, slim, tiny"),
        ('family = "gru-conv"\npreset = "tiny"\ncell = "rnn"\n' + PHASES, "cell is one of"),
        ('family = "gru-conv"\npreset = "tiny"\nreconstruction = "x"\n' + PHASES, "reconstruction is one of"),
        ('family = "gru-conv"\npreset = "tiny"\ndepth = 3\n' + PHASES, "'depth'"),
        ('family = "lstm-fc"\npreset = "tiny"\ndepth = 3\n' + PHASES, "not valid for lstm-fc.*'depth'"),
        ('family = "lstm-fc"\npreset = "tiny"\n' + PHASES + "masked = 0.5", "masked is not for"),
        ('family = "static-conv"\npreset = "tiny"\n' + PHASES, "at most 1 iterations"),
        ('family = "lstm-fc"\npreset = "tiny"\narchitecture = "lstm-conv"\n' + PHASES, "'architecture'"),
        ('family = "gru-conv"\npreset = "tiny"\n' + PHASES + "width = 3", "'width'"),
        ('family = "gru-conv"\npreset = "tiny"\n' + PHASES.replace("32", "33"), "multiple of 16"),
        ('family = "gru-conv"\npreset = "tiny"\n' + PHASES.replace("32", '"32"'), "whole numbers"),
    ],
)
def test_bad_settings_are_refused_in_a_sentence(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        make_task(load_recipe_text("mine", text))
    assert "\n" not in str(caught.value)


def test_cell_and_reconstruction_are_fields() -> None:
    text = 'family = "gru-conv"\npreset = "tiny"\ncell = "lstm"\nreconstruction = "one-shot"\n' + PHASES
    shape = make_task(load_recipe_text("mine", text)).module.shape
    assert (shape.cell, shape.reconstruction) == ("lstm", "one-shot")


def test_the_recipes_of_the_documentation_are_some() -> None:
    page = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
    texts = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert [make_task(load_recipe_text("documented", text)).largest_crop for text in texts] == [64, 192]
