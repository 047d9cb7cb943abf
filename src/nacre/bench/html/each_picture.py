"""Tables about each picture: its BD-rates, and every file that was measured."""

from __future__ import annotations

from nacre.bench.html import markup
from nacre.bench.report import CodecResults, Report
from nacre.bench.tables import Section, Table


def each_picture(report: Report) -> str:
    """BD-rates of all pictures in one table, then all files of each."""
    folded = (markup.folded(name, _files(report, name)) for name in report.pictures)
    return _bd_rates(report) + "".join(folded)


def _bd_rates(report: Report) -> str:
    others = [codec.name for codec in report.codecs if codec.name != report.anchor]
    if not others:
        return ""
    deltas = {name: report.bd_rate(name).per_picture for name in others}
    rows = [
        [
            picture,
            *(f"{deltas[name][picture].value:+.1f}" if picture in deltas[name] else "–" for name in others),
        ]
        for picture in report.pictures
    ]
    table = Table(["picture", *(f"`{name}`" for name in others)], rows)
    note = "Per cent of bytes at equal PSNR, over the range that both curves cover. A dash: they cover none."
    return markup.section(Section(f"BD-rate against `{report.anchor}`, picture by picture", table, note))


def _files(report: Report, picture: str) -> str:
    return "".join(markup.section(_of_codec(codec, picture), 4) for codec in report.codecs)


def _of_codec(codec: CodecResults, picture: str) -> Section:
    rows = [
        [
            row.setting,
            f"{row.bytes:,}",
            f"{row.bpp:.3f}",
            f"{row.psnr:.2f}",
            f"{row.ssim:.4f}",
            f"{row.ms_ssim:.4f}",
        ]
        for row in codec.pictures[picture]
    ]
    head = ["setting", "bytes", "bpp", "PSNR (dB)", "SSIM", "MS-SSIM"]
    return Section(f"`{codec.name}`", Table(head, rows))
