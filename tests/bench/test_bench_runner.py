from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from bitplanes import Planes

from nacre.bench import run
from nacre.bench.report import Report
from nacre.errors import NacreError, PictureError, UsageError

KEYS = {"bpp", "psnr-rgb", "ms-ssim-rgb", "ssim-rgb", "encoding_time", "decoding_time"}


def bench(folder: Path, **options: object) -> Report:
    return run(folder, ["jpeg:420", Planes()], threads=1, **options)  # type: ignore[arg-type]


def test_json_has_compressais_keys_and_every_picture(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "out.json"
    report = bench(folder, json=out)
    data = json.loads(out.read_text())
    assert data["pictures"] == ["wave0.png", "wave1.png"]
    jpeg, planes = data["codecs"]
    assert (jpeg["name"], planes["name"]) == ("jpeg:420", "planes")
    for codec in (jpeg, planes):
        assert codec["description"]
        assert set(codec["results"]) == KEYS
        assert set(codec["pictures"]) == {"wave0.png", "wave1.png"}
        for picture in codec["pictures"].values():
            assert {len(values) for values in picture.values()} == {len(codec["results"]["bpp"])}
    first = [picture["psnr-rgb"][0] for picture in planes["pictures"].values()]
    assert planes["results"]["psnr-rgb"][0] == pytest.approx(sum(first) / 2)
    assert planes["results"]["encoding_time"] == pytest.approx([0.25] * 7)
    assert data["bd-rate"]["anchor"] == "jpeg:420"
    delta = data["bd-rate"]["psnr-rgb"]["planes"]
    assert delta["mean"] == pytest.approx(sum(delta["pictures"].values()) / 2)
    assert delta["mean"] == report.bd_rate("planes").mean
    assert delta["mean"] > 100, "bit planes are far worse than JPEG"
    assert delta["low-db"] < delta["high-db"]


def test_rates_are_those_of_whole_files(folder: Path) -> None:
    report = bench(folder)
    for row in report.codec("jpeg:420").pictures["wave0.png"]:
        assert row.bpp == 8 * row.bytes / (48 * 64)
        assert row.bytes > 150, "a JPEG's header counts"
        assert row.decoding_time > 0


def test_a_second_run_measures_only_what_is_new(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    calls: list[int] = []
    first = run(folder, [Planes(calls=calls)], cache=cache)
    assert len(calls) == 2
    again = run(folder, [Planes(calls=calls)], cache=cache)
    assert len(calls) == 2
    assert again.codecs == first.codecs
    (folder / "wave1.png").unlink()
    (folder / "wave2.png").write_bytes((folder / "wave0.png").read_bytes()[:2000])
    with pytest.raises(NacreError):
        run(folder, [Planes("other", calls), Planes(calls=calls)], cache=cache)
    assert len(calls) == 3, "wave0 was kept before the damaged picture stopped the run"
    (folder / "wave2.png").unlink()
    run(folder, [Planes("other", calls), Planes(calls=calls)], cache=cache)
    assert len(calls) == 3


def test_the_same_bytes_under_another_name_are_named_right(folder: Path, tmp_path: Path) -> None:
    run(folder, [Planes()], cache=tmp_path / "cache")
    (folder / "wave0.png").rename(folder / "renamed.png")
    report = run(folder, [Planes()], cache=tmp_path / "cache")
    assert report.pictures == ["renamed.png", "wave1.png"]
    assert list(report.codecs[0].pictures) == ["renamed.png", "wave1.png"]


def test_processes_measure_the_same_pixels(folder: Path) -> None:
    one, two = (run(folder, ["jpeg:420", "webp"], threads=1, jobs=jobs) for jobs in (1, 2))
    for name in ("jpeg:420", "webp"):
        for picture in one.pictures:
            rows = zip(one.codec(name).pictures[picture], two.codec(name).pictures[picture], strict=True)
            for a, b in rows:
                assert (a.setting, a.bytes, a.psnr, a.ms_ssim) == (b.setting, b.bytes, b.psnr, b.ms_ssim)


def test_markdown_states_pictures_range_and_counts(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.md"
    report = bench(folder, markdown=out, published_curves=["toderici-2017-residual-gru"])
    text = out.read_text()
    assert text.startswith("2 pictures, 1 thread a codec.")
    delta = report.bd_rate("planes")
    assert f"| `planes` | {delta.mean:+.1f} | {delta.low:.1f}–{delta.high:.1f} | 2 |" in text
    quality = report.quality_at("jpeg:420", 2.0)
    assert quality.pictures == 2
    assert f" {quality.mean:.2f} (2) |" in text
    assert report.quality_at("planes", 0.125).mean is None
    assert "| `planes` | – |" in text, "bit planes don't reach the low rates, and nothing is extrapolated"
    assert "### Published curves against `jpeg:420`, mean curves" in text
    assert "* `planes`: bit planes" in text


def test_plots_come_as_png_and_svg(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    bench(folder, plot=tmp_path / "rd.png", published_curves=True)
    assert (tmp_path / "rd.png").read_bytes().startswith(b"\x89PNG")
    svg = (tmp_path / "rd.svg").read_text()
    assert "toderici-2017-residual-gru, published" in svg
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pictures", "rd.png", "rd.svg"]


def test_plots_without_matplotlib_name_the_extra_before_measuring(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    calls: list[int] = []
    with pytest.raises(UsageError, match=r"pip install nacre\[bench\]"):
        run(folder, [Planes(calls=calls)], plot=tmp_path / "rd.png")
    assert not calls


def test_timing_takes_turns_and_measures_memory_in_fresh_processes(folder: Path, tmp_path: Path) -> None:
    (folder / "wave1.png").unlink()
    report = run(folder, ["jpeg:420", "webp"], timing=True, jobs=2, threads=1, json=tmp_path / "t.json")
    assert report.jobs == 1
    assert [times.codec for times in report.times] == ["jpeg:420", "webp"]
    for times in report.times:
        assert (times.threads, times.pictures) == (1, 1)
        assert 0 < times.encoding_time < 5
        assert 0 < times.decoding_time < 5
        assert times.encoding_memory is not None
        assert 10e6 < times.encoding_memory < 2e9
    assert json.loads((tmp_path / "t.json").read_text())["times"][0]["threads"] == 1


def test_progress_counts_every_picture_and_codec(folder: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    run(folder, [Planes("a"), Planes("b")], progress=lambda *step: seen.append(step))
    assert [step[:2] for step in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert seen[0][2] == "a on wave0.png"


def test_a_codec_that_changes_the_shape_is_caught(folder: Path) -> None:
    class Cropping(Planes):
        def decode(self, data: bytes):  # type: ignore[no-untyped-def]
            return super().decode(data)[1:]

    with pytest.raises(NacreError, match=r"planes failed on wave0\.png \(it decoded to \(47, 64, 3\)"):
        run(folder, [Cropping()])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"anchor": "webp"}, "anchor 'webp' is not among"),
        ({"published_curves": ["nobody"]}, "no published curve 'nobody'"),
        ({"jobs": 0}, "from 1 on"),
    ],
)
def test_arguments_that_make_no_sense_are_usage_errors(
    folder: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        bench(folder, **options)


def test_no_picture_is_a_picture_error(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="no picture in"):
        bench(tmp_path)
    with pytest.raises(PictureError, match="no picture or folder"):
        bench(tmp_path / "nowhere")
