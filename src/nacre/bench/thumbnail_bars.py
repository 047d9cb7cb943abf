"""What the thumbnail codecs are to reach: their ranking at equal bits, and today's codecs."""

from __future__ import annotations

from nacre.bench.bars import Bar
from nacre.bench.thumbnail_curves import CHOSEN, Point, ThumbnailStudy

STATIC = 0.015
"""Block SSIM that `lstm-conv` may stay behind the networks made for one rate each."""

FEWER = {"jpeg": 0.05, "webp": 0.10, "jpeg2000": 0.10}
"""Share of bytes that `lstm-conv` is to save on today's codecs at their 64 bytes."""

FOR_THE_RECORD = "webp:one-segment"
"""Only an optional package writes it; it is shown, without a bar."""


def thumbnail_bars(study: ThumbnailStudy) -> list[Bar]:
    """Every bar, in block SSIM, and what is shown for the record."""
    small, large = CHOSEN
    bars = [_ranking(study, kind, budget) for kind in ("fc", "conv") for budget in CHOSEN]
    for budget in CHOSEN:
        half, whole = _own(study, "residual-fc", budget), _own(study, "residual-fc-8bits", budget)
        what = f"`residual-fc` (4 bits an iteration) minus `residual-fc-8bits`, {budget} bytes"
        bars.append(_difference(what, half, whole))
    for budget in CHOSEN:
        lstm, static = _own(study, "lstm-conv", budget), _own(study, "static-conv", budget)
        what = f"`lstm-conv` minus `static-conv`, {budget} bytes"
        bars.append(_difference(what, lstm, static, least=-STATIC))
    bars += _against_opponents(study, "lstm-conv", small, {"jpeg": 0.0, "webp": 0.0, "jpeg2000": 0.0})
    bars += _against_opponents(study, "lstm-conv", large, {"jpeg": -0.01, "webp": 0.0, "jpeg2000": 0.0})
    bars += _against_opponents(study, "lstm-fc", small, {"jpeg": -0.05})
    return [*bars, *_fewer_bytes(study, "lstm-conv")]


def _ranking(study: ThumbnailStudy, kind: str, budget: int) -> Bar:
    names = (f"residual-{kind}-shared", f"residual-{kind}", f"lstm-{kind}")
    found = [_own(study, name, budget) for name in names]
    what = f"{', '.join(f'`{name}`' for name in names)}, {budget} bytes"
    numbers = ", ".join("not measured" if value is None else f"{value:.4f}" for value in found)
    values = [value for value in found if value is not None]
    met = values == sorted(set(values)) if len(values) == len(found) else None
    return Bar(what, numbers, "rising", met)


def _against_opponents(study: ThumbnailStudy, codec: str, budget: int, least: dict[str, float]) -> list[Bar]:
    """Bars of one codec against today's; `least` has the difference that is wanted, by format."""
    own = _own(study, codec, budget)
    bars = []
    for name, point in study.opponents_at(budget).items():
        if name == FOR_THE_RECORD or _format(name) in least:
            what = f"`{codec}` minus `{name}`, {budget} bytes"
            bars.append(_difference(what, own, point.block_ssim, least=least.get(_format(name))))
    return bars


def _difference(what: str, a: float | None, b: float | None, *, least: float | None = None) -> Bar:
    """Bar on a - b: `least` 0 asks for more than 0, a negative one for no less."""
    wanted = "" if least is None else f"≥ {least:+g}" if least else "> 0"
    if a is None or b is None:
        return Bar(what, "not measured", wanted)
    gap = a - b
    met = None if least is None else gap >= least if least else gap > 0
    return Bar(what, f"{a:.4f} - {b:.4f} = {gap:+.4f}", wanted, met)


def _fewer_bytes(study: ThumbnailStudy, codec: str) -> list[Bar]:
    needed = study.bytes_to_reach().get(codec)
    bars = []
    for name, point in study.targets().items():
        what = f"bytes of `{codec}` for the block SSIM of `{name}` at {CHOSEN[0]} bytes"
        share = FEWER.get(_format(name))
        wanted = "" if share is None else f"{100 * share:.0f} % fewer"
        if needed is None:
            bars.append(Bar(what, "not measured", wanted))
        else:
            bars.append(_bytes_bar(what, needed[name], point, share, wanted))
    return bars


def _bytes_bar(what: str, needed: float | None, point: Point, share: float | None, wanted: str) -> Bar:
    if needed is None:
        return Bar(what, f"not reached ({point.bytes:.1f})", wanted, None if share is None else False)
    saved = 1 - needed / point.bytes
    found = f"{needed:.1f} for {point.bytes:.1f} ({-100 * saved:+.1f} %)"
    return Bar(what, found, wanted, None if share is None else saved >= share)


def _own(study: ThumbnailStudy, codec: str, budget: int) -> float | None:
    point = next((curve.at(budget) for curve in study.curves if curve.name == codec), None)
    return None if point is None else point.block_ssim


def _format(name: str) -> str:
    """The format of one of today's codecs; `webp:one-segment` is none that a bar is about."""
    return "jpeg" if name.startswith("jpeg:") else name
