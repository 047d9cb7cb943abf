"""The comparison of thumbnails as Markdown tables, the paper's numbers beside ours."""

from __future__ import annotations

from nacre.bench.bars import bars_table
from nacre.bench.markdown import table
from nacre.bench.thumbnail_bars import thumbnail_bars
from nacre.bench.thumbnail_curves import CHOSEN, Curve, Point, ThumbnailStudy

PUBLISHED: dict[str, dict[int, str]] = {
    "jpeg:420": {64: "0.70 (72.5 bytes)", 128: "0.80 (133 bytes)"},
    "webp": {64: "0.62 (80.7 bytes)", 128: "0.73 (128.2 bytes)"},
    "jpeg2000": {64: "0.66 (77 bytes)", 128: "0.77 (156 bytes)"},
    "residual-fc-shared": {64: "0.46", 128: "0.48"},
    "residual-fc": {64: "0.65", 128: "0.75"},
    "lstm-fc": {64: "0.69", 128: "0.81"},
    "residual-conv-shared": {64: "0.45", 128: "0.46"},
    "residual-conv": {64: "0.65", 128: "0.75"},
    "lstm-conv": {64: "0.77", 128: "0.87"},
    "static-conv": {64: "0.76", 128: "0.86"},
}
"""SSIM of Toderici et al., ICLR 2016, at 64 and 128 bytes; recalled, never read again."""

_RANKING = (
    "JPEG is the variant of the higher block SSIM at that size, WebP is Pillow's. Saved bytes are counted "
    "against the bytes that those files take in the mean."
)
_HEAD = ("codec", "bytes", "too large", "block SSIM", "luma SSIM", "PSNR (dB)")


def as_markdown(study: ThumbnailStudy) -> str:
    """Tables: 64 and 128 bytes, bytes for equal quality, the ranking, and every point."""
    parts = [_preface(study)]
    for budget in CHOSEN:
        parts += [f"### At {budget} bytes", _at(study, budget)]
    parts += _reach(study)
    parts += ["### Ranking at equal bits, block SSIM", bars_table(thumbnail_bars(study)), _RANKING]
    rows = [_row(curve, point) for curve in study.curves for point in curve.points]
    parts += ["### All points", table(_HEAD, rows)]
    lines = [f"* `{curve.name}`: {curve.description}" for curve in study.curves]
    lines += [f"* `{name}`: left out, {reason}" for name, reason in study.left_out.items()]
    return "\n\n".join([*parts, "### Codecs", "\n".join(lines)]) + "\n"


def _preface(study: ThumbnailStudy) -> str:
    return (
        f"{study.thumbnails:,} thumbnails of 32x32 pixels, means over thumbnails, sizes without headers. "
        "Block SSIM: uniform 8x8 window at every position inside the thumbnail, K1 = 0.01, K2 = 0.03, "
        "mean over R', G' and B'. Luma SSIM: Gaussian 11x11 window of deviation 1.5 on Y'. Today's codecs "
        "take for each thumbnail the setting of the highest block SSIM whose data fit; where none fits (“too "
        "large”), their smallest file. The choice itself, which a header tells, costs them nothing."
    )


def _at(study: ThumbnailStudy, budget: int) -> str:
    rows = []
    for curve in study.curves:
        point = curve.at(budget)
        if point is not None:
            rows.append([*_row(curve, point), PUBLISHED.get(curve.name, {}).get(budget, "–")])
    return table([*_HEAD, "SSIM published (unverified)"], rows)


def _row(curve: Curve, point: Point) -> list[str]:
    return [
        f"`{curve.name}`",
        f"{point.bytes:.1f}",
        str(point.too_large),
        f"{point.block_ssim:.4f}",
        f"{point.luma_ssim:.4f}",
        f"{point.psnr:.2f}",
    ]


def _reach(study: ThumbnailStudy) -> list[str]:
    targets = study.targets()
    head = ["codec", *(f"`{name}`: {p.block_ssim:.4f} at {p.bytes:.1f} bytes" for name, p in targets.items())]
    rows = [
        [f"`{codec}`", *(_bytes(needed[name], point.bytes) for name, point in targets.items())]
        for codec, needed in study.bytes_to_reach().items()
    ]
    if not rows:
        return []
    note = (
        "Bytes, and the difference to those of the codec at the head, on straight lines between whole "
        "iterations. `static-conv` has nothing between its two rates."
    )
    return ["### Bytes for the block SSIM of today's codecs at 64 bytes", table(head, rows), note]


def _bytes(needed: float | None, theirs: float) -> str:
    return "not reached" if needed is None else f"{needed:.1f} ({100 * (needed / theirs - 1):+.0f} %)"
