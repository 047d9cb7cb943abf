"""All of it: mutations, prefixes, claims, memory and odd pictures, each codec in processes of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nacre import api
from nacre.bench.bars import Bar, at_most
from nacre.bench.hard_input.claims import Claim, claims_of
from nacre.bench.hard_input.damage import cuts, damaged
from nacre.bench.hard_input.decoding import to_picture, to_symbols
from nacre.bench.hard_input.endings import SLOWEST, Endings
from nacre.bench.hard_input.footprints import Footprint, footprints_of
from nacre.bench.hard_input.fresh import fresh
from nacre.bench.hard_input.odd_pictures import OddPictures, picture_files, through_the_codec
from nacre.bench.hard_input.valid_files import CODECS, drawn, options, small_files

SYMBOL_MUTATIONS, PICTURE_MUTATIONS = 100_000, 2_000
"""Of all codecs together, and of each."""
SMALL_FILES = 10
"""Small files of which every prefix is decoded."""
LARGE = {"progressive": (256, 384, 500), "gru-conv": (160, 240, 300), "lstm-fc": (160, 240, 200)}
"""Height, width and random prefixes of the large ones."""
SEED = 20_261_121
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class HardInput:
    """What hard input came to.

    Attributes
    ----------
    symbols, pictures
        Ends of mutated files by codec: without networks, and whole decodes.
    prefixes
        Ends of prefixes by file.
    """

    symbols: dict[str, Endings]
    pictures: dict[str, Endings]
    prefixes: dict[str, Endings]
    claims: list[Claim]
    footprints: list[Footprint]
    odd: OddPictures

    def bars(self) -> list[Bar]:
        """What was wanted and what was found."""
        every = [*self.symbols.values(), *self.pictures.values(), *self.prefixes.values()]
        mutated = [*self.symbols.values(), *self.pictures.values()]
        alone: list[Claim | Footprint] = [*self.claims, *self.footprints]
        defects = sum(len(e.defects) for e in every) + len(self.odd.defects)
        return [
            _reached("mutations to symbols", self.symbols.values(), SYMBOL_MUTATIONS),
            _reached("mutations to pictures", self.pictures.values(), PICTURE_MUTATIONS * len(self.pictures)),
            at_most("ends that are neither a picture nor a known error", defects, 0, "{:,.0f}"),
            at_most("longest of them", max(e.slowest for e in every), SLOWEST, "{:.2f} s"),
            at_most(
                "memory of any of them, of its cap", 100 * max(e.share for e in mutated), 100, "{:.0f} %"
            ),
            at_most("a tiny file that claims 89 megapixels", self._longest_claim(), SLOWEST, "{:.2f} s"),
            at_most(
                "memory of claims and of whole files, of the cap",
                100 * max(x.peak / x.cap for x in alone),
                100,
                "{:.0f} %",
            ),
        ]

    def _longest_claim(self) -> float:
        return max(claim.seconds for claim in self.claims)

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"bars": [asdict(bar) for bar in self.bars()], **asdict(self)}


def study(
    folders: Sequence[Path],
    *,
    codecs: Sequence[str] = CODECS,
    symbols: int = SYMBOL_MUTATIONS,
    pictures: int = PICTURE_MUTATIONS,
    progress: Progress = lambda done, total, what: None,
) -> HardInput:
    """Carry out everything; takes some ten minutes of one core.

    Parameters
    ----------
    folders
        Of odd pictures.
    symbols, pictures
        Mutations without networks, of all codecs together, and with them, of each codec.
    """
    files = {codec: small_files(codec) for codec in codecs}
    each = -(-symbols // len(codecs))
    stages = 2 * len(codecs)
    to_symbol, to_pictures = {}, {}
    claims: list[Claim] = []
    footprints: list[Footprint] = []
    for done, codec in enumerate(codecs):
        progress(done, stages, f"mutations of {codec}")
        valid = list(files[codec].values())
        to_symbol[codec] = fresh(damaged, to_symbols, valid, each, SEED)
        to_pictures[codec] = fresh(damaged, to_picture, valid, pictures, SEED)
    for done, codec in enumerate(codecs, len(codecs)):
        progress(done, stages, f"claims and memory of {codec}")
        claims += claims_of(codec, files[codec][f"{codec}, RGB"])
        footprints += footprints_of(codec)
    return HardInput(
        to_symbol,
        to_pictures,
        _prefixes({what: data for named in files.values() for what, data in named.items()}, progress),
        claims,
        footprints,
        fresh(through_the_codec, picture_files(folders)),
    )


def _prefixes(files: dict[str, bytes], progress: Progress) -> dict[str, Endings]:
    """Of a spread of the small files, and of larger ones."""
    names = list(files)
    spread = [names[i * len(names) // SMALL_FILES] for i in range(SMALL_FILES)]
    found = {}
    for number, name in enumerate(spread):
        progress(number, SMALL_FILES + len(LARGE), f"prefixes of {name}")
        found[name] = fresh(cuts, to_picture, files[name], None, SEED)
    for number, (codec, (height, width, count)) in enumerate(LARGE.items(), SMALL_FILES):
        name = f"{codec}, {width} x {height}"
        progress(number, SMALL_FILES + len(LARGE), f"prefixes of {name}")
        data = api.encode(drawn(height, width), codec=codec, threads=1, **options(codec, 8))
        found[name] = fresh(cuts, to_picture, data, count, SEED)
    return found


def _reached(what: str, endings: Iterable[Endings], wanted: int) -> Bar:
    total = sum(e.total for e in endings)
    return Bar(what, f"{total:,}", f"≥ {wanted:,}", total >= wanted)
