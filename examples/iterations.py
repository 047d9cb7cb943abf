"""What each recurrent codec shows after 1, 2, 4, 8 and all iterations of one photograph.

python examples/iterations.py [PHOTO] [--out FILE]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import nacre

HERE = Path(__file__).parent
CODECS = ("residual-fc", "lstm-fc", "residual-conv", "lstm-conv", "gru-conv")
COLUMNS = 5
CROP = (128, 170, 320, 298)  # the red parrot's head
MARGIN, LINE = 8, 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photo", nargs="?", type=Path, default=HERE / "kodim23.png")
    parser.add_argument("--out", type=Path, default=Path("out/iterations.png"), help="file to write")
    arguments = parser.parse_args()
    with Image.open(arguments.photo) as image:
        photo = image.convert("RGB")
        if arguments.photo.name == "kodim23.png":
            photo = photo.crop(CROP)
    width, height = photo.width + MARGIN, photo.height + LINE + MARGIN
    sheet = Image.new("RGB", (MARGIN + COLUMNS * width, MARGIN + len(CODECS) * height), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default()
    for row, codec in enumerate(CODECS):
        made = nacre.compress(photo, codec=codec)
        whole = [layer for layer in made.layers if layer.whole]
        steps = sorted({1, 2, 4, 8, len(whole)} - set(range(len(whole) + 1, 17)))
        for column, t in enumerate(steps):
            size = whole[t - 1].file_bytes
            shown = nacre.decode(made.data[:size])
            psnr = nacre.compare(photo, shown).psnr
            place = MARGIN + column * width, MARGIN + row * height
            bpp = 8 * size / (photo.width * photo.height)
            draw.text(place, f"{codec}  t = {t}  {bpp:.2f} bpp  {psnr:.1f} dB", "black", font)
            sheet.paste(shown, (place[0], place[1] + LINE))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(arguments.out)
    print(arguments.out)


if __name__ == "__main__":
    main()
