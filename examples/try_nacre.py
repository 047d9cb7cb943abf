"""Cut one nacre file at five sizes, beside JPEG, WebP and AVIF files of at most the same bytes.

python examples/try_nacre.py [PHOTO] [--out FOLDER]

Writes PHOTO.nacre and a sheet of all pictures to the folder, and prints the same table.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from rich.console import Console
from rich.table import Table

import nacre
from nacre.bench.anchors import anchor, largest_within
from nacre.errors import TargetError
from nacre.picture.metrics import psnr

HERE = Path(__file__).parent
OPPONENTS = {"JPEG": "jpeg:420", "WebP": "webp", "AVIF": "avif"}
CUTS = 5
CELL = 384  # pixels: long side of a picture on the sheet
MARGIN, LINE = 12, 20


@dataclass(frozen=True)
class Cell:
    """One file of the sheet; where none fits, `pixels` is None and `size` that of the smallest there is."""

    codec: str
    allowed: int
    size: int = 0
    bpp: float = 0.0
    psnr: float = 0.0
    pixels: NDArray[np.uint8] | None = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photo", nargs="?", type=Path, default=HERE / "kodim23.png")
    parser.add_argument("--out", type=Path, default=Path("out/try"), help="folder to write to")
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    console = Console()

    with Image.open(arguments.photo) as image:
        original = np.asarray(image.convert("RGB"))
    with console.status("encoding once, at full size"):
        whole = nacre.encode(original)
    file = out / f"{arguments.photo.stem}.nacre"
    file.write_bytes(whole)

    rows = []
    with console.status("cutting, and looking for JPEG, WebP and AVIF files of the same bytes"):
        for size in sizes(whole):
            cut = nacre.cut(whole, bytes=size)
            decoded = np.asarray(nacre.decode(cut).convert("RGB"))
            rows.append([measured("nacre", original, size, len(cut), decoded)])
            rows[-1] += [opponent(label, name, original, size) for label, name in OPPONENTS.items()]

    sheet_file = out / "sheet.png"
    sheet(rows).save(sheet_file)
    console.print(table(rows, f"{arguments.photo.name}: one nacre file of {len(whole):,} bytes, cut"))
    console.print(f"file   {file}\nsheet  {sheet_file}", highlight=False)


def sizes(whole: bytes) -> list[int]:
    """Five sizes, each half of the next one, and none below the first layer."""
    least = nacre.info(whole).first_layer_bytes or 0
    return [max(least, len(whole) >> halvings) for halvings in reversed(range(CUTS))]


def measured(
    codec: str, original: NDArray[np.uint8], allowed: int, size: int, pixels: NDArray[np.uint8]
) -> Cell:
    height, width = original.shape[:2]
    return Cell(codec, allowed, size, 8 * size / (width * height), psnr(original, pixels), pixels)


def opponent(label: str, name: str, original: NDArray[np.uint8], allowed: int) -> Cell:
    """Return the best file of another codec within the same bytes."""
    codec = anchor(name)
    try:
        data = largest_within(codec, original, allowed).data
    except TargetError:
        return Cell(label, allowed, len(codec.encode(original, codec.scale[0])))
    return measured(label, original, allowed, len(data), codec.decode(data))


def table(rows: list[list[Cell]], title: str) -> Table:
    result = Table(title=title, title_justify="left")
    result.add_column("codec")
    for heading in ("bytes at most", "bytes", "bpp", "PSNR"):
        result.add_column(heading, justify="right")
    for row in rows:
        for cell in row:
            found = (f"{cell.size:,}", f"{cell.bpp:.3f}", f"{cell.psnr:.2f} dB")
            if cell.pixels is None:
                found = (f"none below {cell.size:,}", "", "")
            result.add_row(cell.codec, f"{cell.allowed:,}", *found, end_section=cell is row[-1])
    return result


def sheet(rows: list[list[Cell]]) -> Image.Image:
    """Draw all pictures: a column for each size, a row for each codec."""
    shapes = [cell.pixels.shape[:2] for row in rows for cell in row if cell.pixels is not None]
    height, width = (round(side * CELL / max(shapes[0])) for side in shapes[0])
    step_x, step_y = width + MARGIN, height + 2 * LINE + MARGIN
    canvas = Image.new("RGB", (MARGIN + step_x * len(rows), MARGIN + step_y * len(rows[0])), "white")
    draw = ImageDraw.Draw(canvas)
    bold, plain = ImageFont.load_default(size=17), ImageFont.load_default(size=14)
    for column, row in enumerate(rows):
        for line, cell in enumerate(row):
            x, y = MARGIN + column * step_x, MARGIN + line * step_y
            if cell.pixels is None:
                draw.rectangle((x, y, x + width - 1, y + height - 1), fill="#e8e8e8")
                text = f"no {cell.codec} file fits {cell.allowed:,} bytes;\nthe smallest has {cell.size:,}"
                draw.multiline_text((x + width // 2, y + height // 2), text, "#505050", bold, "mm")
                draw.text((x, y + height + 3), cell.codec, "black", bold)
                continue
            canvas.paste(
                Image.fromarray(cell.pixels).resize((width, height), Image.Resampling.LANCZOS), (x, y)
            )
            draw.text((x, y + height + 3), cell.codec, "black", bold)
            facts = f"{cell.size:,} bytes   {cell.bpp:.3f} bpp   {cell.psnr:.2f} dB"
            draw.text((x, y + height + 3 + LINE), facts, "black", plain)
    return canvas


if __name__ == "__main__":
    main()
