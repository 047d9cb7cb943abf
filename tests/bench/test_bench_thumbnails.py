from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from photograph import photograph
from PIL import Image

import nacre
from nacre.bench import results, thumbnails
from nacre.bench.cache import Cache
from nacre.bench.contract import Pixels
from nacre.bench.headerless import opponents
from nacre.bench.thumbnail_curves import Curve, Point, ThumbnailStudy
from nacre.bench.thumbnail_tables import PUBLISHED, as_markdown
from nacre.bench.thumbnails import (
    ITERATION_BYTES,
    Thumbnails,
    opponent_curve,
    own_curve,
    quality,
    read_thumbnails,
    study,
)
from nacre.errors import NacreError, PictureError
from nacre.picture.metrics import block_ssim, psnr, ssim

# ---- a stand-in: the quarters of 8x8 patches as gray means, bit plane by bit plane; 8 bytes a plane


def _quarters(height: int, width: int) -> tuple[int, ...]:
    return height // 8, 2, 4, width // 8, 2, 4


def encode_planes(image: Image.Image, *, codec: str, iterations: int, threads: int | None = None) -> bytes:
    gray = np.asarray(image.convert("L"), np.float64)
    means = gray.reshape(_quarters(*gray.shape)).mean((2, 5)).transpose(0, 2, 1, 3)
    values = (means * 256).astype(np.uint16)
    count = iterations * ITERATION_BYTES[codec] // 8
    return np.packbits([values >> (15 - plane) & 1 for plane in range(count)]).tobytes()


def decode_planes(
    data: bytes, *, codec: str, size: tuple[int, int], threads: int | None = None
) -> Image.Image:
    width, height = size
    shape = height // 8, width // 8, 2, 2
    planes = np.unpackbits(np.frombuffer(data, np.uint8)).reshape(-1, *shape).astype(np.float64)
    values = sum(plane * 2.0 ** (7 - k) for k, plane in enumerate(planes)) + 2.0 ** (7 - len(planes))
    gray = np.broadcast_to(
        np.asarray(values).transpose(0, 2, 1, 3)[:, :, None, :, :, None], _quarters(height, width)
    )
    return Image.fromarray(gray.reshape(height, width).clip(0, 255).astype(np.uint8)).convert("RGB")


def install(monkeypatch: pytest.MonkeyPatch, weights: dict[str, str | None]) -> None:
    infos = [SimpleNamespace(name=name, weights=tag) for name, tag in weights.items()]
    monkeypatch.setattr(thumbnails, "api", SimpleNamespace(list_codecs=lambda: infos))
    monkeypatch.setattr(nacre, "encode_raw", encode_planes, raising=False)
    monkeypatch.setattr(nacre, "decode_raw", decode_planes, raising=False)


@pytest.fixture
def originals() -> Thumbnails:
    return np.stack([photograph(n, 32, 32) for n in range(6)])


# ---- reading and measuring


def test_a_mosaic_is_read_row_by_row(tmp_path: Path, originals: Thumbnails) -> None:
    rows = [np.concatenate(list(originals[start : start + 3]), axis=1) for start in (0, 3)]
    path = tmp_path / "mosaic.webp"
    Image.fromarray(np.concatenate(rows)).save(path, lossless=True)
    assert np.array_equal(read_thumbnails(path), originals)


def test_a_mosaic_of_other_tiles_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mosaic.png"
    Image.fromarray(photograph(0, 64, 48)).save(path)
    with pytest.raises(PictureError, match=r"mosaic\.png has 48x64 pixels; a mosaic needs"):
        read_thumbnails(path)


def test_quality(originals: Thumbnails) -> None:
    a, b = originals[0], (originals[0] // 32 * 32).astype(np.uint8)
    found = quality(a, b)
    assert found.block_ssim == block_ssim(a, b)
    assert found.psnr == psnr(a, b)
    luma = [
        np.rint(pixels @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)[..., None] for pixels in (a, b)
    ]
    assert found.luma_ssim == pytest.approx(ssim(luma[0], luma[1]), abs=0.005)


def test_the_gaussian_ssim_is_that_of_scikit_image(originals: Thumbnails) -> None:
    reference = pytest.importorskip("skimage.metrics").structural_similarity
    a, b = originals[0], (originals[0] // 32 * 32).astype(np.uint8)
    luma = [np.asarray(Image.fromarray(pixels).convert("L")) for pixels in (a, b)]
    expected = reference(*luma, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
    assert quality(a, b).luma_ssim == pytest.approx(expected, abs=1e-9)


# ---- curves


def curve(name: str, points: dict[int, float], *, own: bool = True, prefixes: bool = True) -> Curve:
    return Curve(name, "", own, prefixes, [Point(n, n, 0, value, value, 20.0) for n, value in points.items()])


def test_bytes_for_a_quality_lie_on_straight_lines() -> None:
    rising = curve("lstm-fc", {8: 0.2, 16: 0.4, 24: 0.3, 32: 0.6})
    assert rising.bytes_to_reach(0.3) == pytest.approx(12)
    assert rising.bytes_to_reach(0.4) == pytest.approx(16)
    assert rising.bytes_to_reach(0.5) == pytest.approx(24 + 8 * 2 / 3)
    assert rising.bytes_to_reach(0.1) == 8
    assert rising.bytes_to_reach(0.61) is None


def test_the_best_variant_of_a_format_is_the_one_to_reach() -> None:
    curves = [
        curve("jpeg:444", {64: 0.6}, own=False),
        curve("jpeg:420", {64: 0.7}, own=False),
        curve("webp", {64: 0.5}, own=False),
        curve("webp:one-segment", {64: 0.55}, own=False),
        curve("lstm-fc", {8: 0.2, 64: 0.65}),
        curve("static-conv", {64: 0.7, 128: 0.8}, prefixes=False),
    ]
    found = ThumbnailStudy(1, curves)
    assert list(found.targets()) == ["jpeg:420", "webp", "webp:one-segment"]
    needed = found.bytes_to_reach()
    assert list(needed) == ["lstm-fc"]
    assert needed["lstm-fc"]["jpeg:420"] is None
    text = as_markdown(found)
    assert "| `lstm-fc` | not reached | 45.3 (-29 %) | 51.6 (-19 %) |" in text
    assert f"| `static-conv` | 64.0 | 0 | 0.7000 | 0.7000 | 20.00 | {PUBLISHED['static-conv'][64]} |" in text


# ---- our codecs


@pytest.mark.parametrize("codec", ITERATION_BYTES)
def test_own_points_are_exact_bytes_and_real_pixels(
    codec: str, originals: Thumbnails, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, {})
    found = own_curve(codec, originals)
    each = ITERATION_BYTES[codec]
    assert [point.bytes for point in found.points] == list(range(each, 129, each))
    assert found.prefixes == (codec != "static-conv")
    for iterations in (1, len(found.points)):
        shown = [alone(original, codec, iterations) for original in originals]
        expected = [block_ssim(a, b) for a, b in zip(originals, shown, strict=True)]
        assert found.points[iterations - 1].block_ssim == pytest.approx(np.mean(expected))
    assert found.points[0].psnr <= found.points[-1].psnr


def alone(original: Pixels, codec: str, iterations: int) -> Pixels:
    data = nacre.encode_raw(Image.fromarray(original), codec=codec, iterations=iterations)
    return np.asarray(nacre.decode_raw(data, codec=codec, size=(32, 32)))


def test_codes_of_another_size_are_an_error(originals: Thumbnails, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, {})
    monkeypatch.setattr(nacre, "encode_raw", lambda image, **options: b"12345678")
    with pytest.raises(
        NacreError, match="lstm-conv for 6 thumbnails have 1 bytes after 1 iterations, not 16"
    ):
        own_curve("lstm-conv", originals)


def test_todays_codecs_are_recalled(
    originals: Thumbnails, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = opponents()[0]
    first = opponent_curve(one, originals, cache=Cache(tmp_path))
    monkeypatch.setattr(type(one), "best", None)
    assert opponent_curve(one, originals, cache=Cache(tmp_path)) == first
    with pytest.raises(TypeError):
        opponent_curve(one, originals[:5], cache=Cache(tmp_path))
    with pytest.raises(TypeError):
        opponent_curve(replace(one, scale=one.scale[:50]), originals, cache=Cache(tmp_path))


def test_our_codecs_are_recalled_by_their_weights(
    originals: Thumbnails, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, {})
    first = own_curve("lstm-conv", originals, weights="0a1b2c3d", cache=Cache(tmp_path))
    monkeypatch.setattr(nacre, "decode_raw", None)
    assert own_curve("lstm-conv", originals, weights="0a1b2c3d", cache=Cache(tmp_path)) == first
    with pytest.raises(TypeError):
        own_curve("lstm-conv", originals, weights="ffffffff", cache=Cache(tmp_path))


def test_only_installed_codecs_run(originals: Thumbnails, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, {"lstm-fc": "0a1b2c3d", "residual-fc": None, "gru-conv": "44444444"})
    monkeypatch.setattr(thumbnails, "opponents", lambda: opponents()[:1])
    seen = []
    found = study(originals, progress=lambda done, total, what: seen.append((done, total, what)))
    assert [each.name for each in found.curves] == ["jpeg:420", "lstm-fc"]
    assert "weights 0a1b2c3d" in found.curves[1].description
    assert set(found.left_out) == set(ITERATION_BYTES) - {"lstm-fc"}
    assert found.left_out["residual-fc"] == "its weights are not installed"
    assert seen == [(6, 6, "jpeg:420"), (0, 6, "lstm-fc")]
    assert "* `residual-fc`: left out, its weights are not installed" in as_markdown(found)


@pytest.mark.usefixtures("tiny_weights")
@pytest.mark.parametrize("codec", ITERATION_BYTES)
def test_a_thumbnail_has_the_same_codes_alone_and_among_others(codec: str, originals: Thumbnails) -> None:
    """What the bench relies on when it encodes all thumbnails as one picture."""
    weights = {info.name: info.weights for info in nacre.list_codecs()}
    if not hasattr(nacre, "encode_raw") or weights.get(codec) is None:
        pytest.skip(f"{codec} is not installed")
    count = 2 if codec == "static-conv" else 128 // ITERATION_BYTES[codec]
    column = Image.fromarray(originals.reshape(-1, 32, 3))
    together = nacre.encode_raw(column, codec=codec, iterations=count)
    single = [
        nacre.encode_raw(Image.fromarray(original), codec=codec, iterations=count) for original in originals
    ]
    steps = 1 if codec == "static-conv" else count
    # Units in raster order: in a column, those of a thumbnail stand together.
    codes = np.frombuffer(together, np.uint8).reshape(steps, len(originals), -1)
    for number, data in enumerate(single):
        assert codes[:, number].tobytes() == data
    shown = np.asarray(nacre.decode_raw(together, codec=codec, size=column.size))
    for number, (original, picture) in enumerate(zip(originals, shown.reshape(originals.shape), strict=True)):
        assert np.array_equal(picture, alone(original, codec, count)), number


# ---- the part of the results


def test_results_writes_thumbnails(
    tmp_path: Path, originals: Thumbnails, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    install(monkeypatch, {"lstm-fc": "0a1b2c3d", "static-conv": "0a1b2c3d, 0a1b2c3e"})
    monkeypatch.setattr(thumbnails, "opponents", lambda: opponents()[:2])
    (tmp_path / "thumbnails").mkdir()
    column = Image.fromarray(originals.reshape(-1, 32, 3))
    column.save(tmp_path / "thumbnails" / "test_1000.webp", lossless=True)
    done = run(tmp_path, "--pictures", "4")
    assert done.exit_code == 0, done.output
    assert "results: thumbnails leave out lstm-conv: no such codec here" in done.output
    out = tmp_path / "out"
    assert {path.suffix for path in out.glob("thumbnails.*")} == {".json", ".md", ".png", ".svg"}
    data = json.loads((out / "thumbnails.json").read_text())
    assert data["thumbnails"] == 4
    assert [each["name"] for each in data["curves"]] == ["jpeg:420", "jpeg:444", "lstm-fc", "static-conv"]
    assert list(data["bytes_to_reach"]) == ["lstm-fc"]
    assert "4 thumbnails of 32x32 pixels" in (out / "thumbnails.md").read_text()


def test_results_say_where_the_thumbnails_should_be(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.exit_code == 2
    assert "test_1000.webp; see docs/test-sets.md" in done.output


def run(data: Path, *more: str) -> Any:
    arguments = ["--data", str(data), "--out", str(data / "out"), "--only", "thumbnails", *more]
    return CliRunner().invoke(results.main, arguments)


def test_jpeg_on_real_thumbnails(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    originals = read_thumbnails(shared_data / "thumbnails" / "test_1000.webp")
    assert originals.shape == (1000, 32, 32, 3)
    install(monkeypatch, {})
    monkeypatch.setattr(thumbnails, "opponents", lambda: opponents()[:2])
    found = study(originals[::20])
    for point, low, high in zip(
        (found.curves[0].at(64), found.curves[0].at(128)), (0.66, 0.78), (0.76, 0.86), strict=True
    ):
        assert point is not None
        assert point.bytes <= point.budget
        assert low < point.block_ssim < high
