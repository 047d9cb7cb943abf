from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nacre.errors import PictureError
from nacre.picture import metrics
from nacre.picture.metrics import block_ssim, compare, ms_ssim, psnr, ssim
from nacre.picture.picture import Picture
from nacre.picture.reading import read
from nacre.picture.writing import to_pil

ALL = [psnr, ssim, block_ssim, ms_ssim]
Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def noisy(a: NDArray[np.uint8], amount: int, seed: int = 0) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).integers(-amount, amount + 1, a.shape)
    return (a + noise).clip(0, 255).astype(np.uint8)


def random_picture(*shape: int, seed: int = 1) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture(scope="module")
def pairs(shared_data: Path) -> list[Pair]:
    """Random and natural pictures, near and far, with even and odd sides above 160."""
    photo = read(shared_data / "kodak" / "kodim23.png").pixels
    crops = [photo[:256, :300], photo[100:261, 50:227], photo[:200, :175, :1]]
    chance = random_picture(163, 180, 3)
    return [
        *((crop, noisy(crop, amount)) for crop in crops for amount in (3, 40)),
        (crops[0], (crops[0] // 32 * 32).astype(np.uint8)),
        (chance, random_picture(163, 180, 3, seed=2)),
        (chance, noisy(chance, 30)),
    ]


# ---- against other implementations


def test_psnr_is_its_formula(pairs: list[Pair]) -> None:
    for a, b in pairs:
        error = np.mean((a.astype(np.float64) - b) ** 2)
        assert psnr(a, b) == pytest.approx(10 * math.log10(255**2 / error), abs=1e-9)


def test_ssim_is_that_of_scikit_image(pairs: list[Pair]) -> None:
    reference = pytest.importorskip("skimage.metrics").structural_similarity
    common: dict[str, Any] = {"channel_axis": 2, "data_range": 255, "use_sample_covariance": False}
    for a, b in pairs:
        assert ssim(a, b) == pytest.approx(
            reference(a, b, gaussian_weights=True, sigma=1.5, **common), abs=1e-9
        )


def test_block_ssim_by_definition() -> None:
    a = random_picture(13, 11, 3)
    b = noisy(a, 60)
    values = []
    for y in range(13 - 7):
        for x in range(11 - 7):
            for channel in range(3):
                p, q = (z[y : y + 8, x : x + 8, channel].astype(np.float64) for z in (a, b))
                covariance = (p * q).mean() - p.mean() * q.mean()
                values.append(
                    (2 * p.mean() * q.mean() + 6.5025)
                    * (2 * covariance + 58.5225)
                    / ((p.mean() ** 2 + q.mean() ** 2 + 6.5025) * (p.var() + q.var() + 58.5225))
                )
    assert block_ssim(a, b) == pytest.approx(np.mean(values), abs=1e-9)


def test_ms_ssim_is_that_of_pytorch_msssim(pairs: list[Pair]) -> None:
    torch = pytest.importorskip("torch")
    reference = pytest.importorskip("pytorch_msssim").ms_ssim

    def tensor(a: NDArray[np.uint8]) -> Any:
        return torch.from_numpy(a.transpose(2, 0, 1)[None].astype(np.float64))

    for a, b in pairs:
        # Its window is rounded to single precision.
        assert ms_ssim(a, b) == pytest.approx(
            float(reference(tensor(a), tensor(b), data_range=255)), abs=1e-5
        )


def test_ms_ssim_is_near_the_code_of_the_published_curves(shared_data: Path) -> None:
    """That code takes the mean over the channels before the product and decimates one sample earlier."""
    scipy_signal = pytest.importorskip("scipy.signal")
    scipy_ndimage = pytest.importorskip("scipy.ndimage")

    def released(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
        x, y = a.astype(np.float64), b.astype(np.float64)
        result = 1.0
        for scale, weight in enumerate(metrics.SCALE_WEIGHTS):
            radius = np.arange(11) - 5
            taps = np.exp(-(radius**2) / (2 * 1.5**2))
            window = np.outer(taps, taps)[..., None] / taps.sum() ** 2

            def mean(z: Any, window: Any = window) -> Any:
                return scipy_signal.fftconvolve(z, window, mode="valid")

            mx, my = mean(x), mean(y)
            cs = (2 * (mean(x * y) - mx * my) + 58.5225) / (mean(x * x + y * y) - mx**2 - my**2 + 58.5225)
            luminance = (2 * mx * my + 6.5025) / (mx**2 + my**2 + 6.5025)
            result *= float((cs * luminance if scale == 4 else cs).mean()) ** weight
            box = np.full((2, 2, 1), 0.25)
            x, y = (scipy_ndimage.convolve(z, box, mode="reflect")[::2, ::2] for z in (x, y))
        return result

    photo = read(shared_data / "kodak" / "kodim23.png")
    for quality in (5, 20):
        jpeg = io.BytesIO()
        to_pil(photo).save(jpeg, "JPEG", quality=quality)
        decoded = read(jpeg).pixels
        assert ms_ssim(photo.pixels, decoded) == pytest.approx(released(photo.pixels, decoded), abs=2e-4)


# ---- properties


@pytest.mark.parametrize("measure", ALL)
@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (1, 300, 3), (300, 1, 1), (7, 5, 3), (32, 32, 3), (170, 161, 1)]
)
def test_equal_and_different_pictures(measure: Any, shape: tuple[int, ...]) -> None:
    a = random_picture(*shape)
    best = math.inf if measure is psnr else 1.0
    assert measure(a, a) == (pytest.approx(best, abs=1e-12) if measure is not psnr else best)
    b = (a // 2).astype(np.uint8)
    b.flat[0] = 255 - a.flat[0]
    assert measure(a, b) < best
    assert math.isfinite(measure(a, b))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]), st.integers(0, 99))
def test_symmetry(height: int, width: int, channels: int, seed: int) -> None:
    a, b = (random_picture(height, width, channels, seed=seed + n) for n in (0, 100))
    for measure in ALL:
        assert measure(a, b) == pytest.approx(measure(b, a), abs=1e-9)
        if measure is not psnr:
            assert -1 <= measure(a, b) < 1


@pytest.mark.parametrize("measure", ALL)
def test_more_noise_is_worse(measure: Any, shared_data: Path) -> None:
    photo = read(shared_data / "kodak" / "kodim01.png").pixels[:192, :192]
    values = [measure(photo, noisy(photo, amount)) for amount in (2, 10, 40)]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == 3


@pytest.mark.parametrize("measure", [ssim, block_ssim, ms_ssim])
def test_strips_do_not_show(measure: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    a = random_picture(95, 70, 3)
    b = noisy(a, 50)
    whole = measure(a, b)
    monkeypatch.setattr(metrics, "_STRIP", 1)
    assert measure(a, b) == pytest.approx(whole, abs=1e-12)


def test_views_are_measured_as_copies() -> None:
    a, b = random_picture(60, 80, 3), random_picture(60, 80, 3, seed=5)
    for measure in ALL:
        assert measure(a[::2, ::-1], b[::2, ::-1]) == measure(a[::2, ::-1].copy(), b[::2, ::-1].copy())


@pytest.mark.parametrize("measure", ALL)
def test_refusals(measure: Any) -> None:
    a = random_picture(9, 9, 3)
    for other in (a[:8], a[..., :1], a[..., 0], a.astype(np.float32), a[:0]):
        with pytest.raises(ValueError, match="metrics need"):
            measure(a, other)


# ---- comparison of pictures


def test_compare() -> None:
    a = random_picture(50, 40, 3)
    b = noisy(a, 20)
    result = compare(Picture(a), Picture(b, alpha=a[..., 0].copy()))  # alpha is not looked at
    assert result.psnr == psnr(a, b)
    assert result.ssim == pytest.approx(ssim(a, b), abs=1e-12)
    assert result.ms_ssim == pytest.approx(ms_ssim(a, b), abs=1e-12)


def test_compare_gray() -> None:
    gray = random_picture(50, 40, 1)
    other = noisy(gray, 20)
    alone = compare(Picture(gray), Picture(other))
    beside_rgb = compare(Picture(gray), Picture(np.repeat(other, 3, axis=2)))
    assert alone.psnr == pytest.approx(beside_rgb.psnr, abs=1e-9)
    assert alone.ms_ssim == pytest.approx(beside_rgb.ms_ssim, abs=1e-9)
    assert alone.ms_ssim == pytest.approx(ms_ssim(gray, other), abs=1e-12)


def test_compare_refuses_other_sizes() -> None:
    a = Picture(random_picture(5, 4, 3))
    with pytest.raises(PictureError, match="4x5 and 4x6 pixels cannot be compared; scale"):
        compare(a, Picture(random_picture(6, 4, 3)))
