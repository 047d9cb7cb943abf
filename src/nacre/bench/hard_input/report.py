"""What hard input came to, as a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nacre.bench.bars import bars_table
from nacre.bench.hard_input.claims import Claim
from nacre.bench.hard_input.endings import Endings
from nacre.bench.hard_input.footprints import Footprint
from nacre.bench.hard_input.odd_pictures import OddPictures
from nacre.bench.hard_input.study import SMALL_FILES, HardInput
from nacre.bench.markdown import table

_FUZZING = (
    "Runs of atheris, which changes bytes so that they reach new code (`tests/fuzz/`), with tiny weights; "
    "coverage and features are libFuzzer's counts, seconds those of the wall on a busy machine."
)


def as_markdown(found: HardInput, fuzzing: Mapping[str, Mapping[str, int]] | None = None) -> str:
    """Bars and tables.

    Parameters
    ----------
    fuzzing
        What runs of `tests/fuzz/run.py` came to by target (`tests/fuzz/summary.py`), None if there were none.
    """
    parts = [
        "Damaged, cut and lying files, and odd pictures. Seconds are those of one processor core, one thread "
        "a codec; peaks are resident bytes of the process, interpreter and libraries included. The caps "
        "stand in [SECURITY.md](../SECURITY.md).",
        bars_table(found.bars()),
        "### Mutations, to symbols",
        "Flipped, replaced, dropped, repeated and cut bytes of small valid files, half of them under a "
        "header checksum that fits, half without checksums of segments; parsed, and all symbols decoded, "
        "without networks. Nothing is filtered: mutated sizes go up to what the limit of pixels allows.",
        _endings(found.symbols),
        "### Mutations, to pictures",
        "The same through `nacre.decode`, networks included.",
        _endings(found.pictures),
        "### Prefixes",
        f"Every prefix of {SMALL_FILES} small files, and random ones of larger files: each a picture or the "
        "one error of a file that is cut too short, and no picture is lost by adding bytes.",
        _endings(found.prefixes),
        "### Claims",
        "Files of some sixty bytes whose headers claim 89 megapixels or more, each in a fresh process.",
        _claims(found.claims),
        "### Memory of whole files",
        "Valid files decoded in fresh processes, recurrent codecs at one iteration.",
        _footprints(found.footprints),
        "### Odd pictures",
        *_odd(found.odd),
        *(["### Fuzzing", _FUZZING, _fuzzing(fuzzing)] if fuzzing else []),
    ]
    return "\n\n".join(parts) + "\n"


def _endings(endings: dict[str, Endings]) -> str:
    kinds = sorted({kind for e in endings.values() for kind in e.counts})
    head = ["", *kinds, "all", "longest (s)", "peak (MB)", "of its cap"]
    rows = [
        [
            name,
            *(f"{e.counts.get(kind, 0):,}" for kind in kinds),
            f"{e.total:,}",
            f"{e.slowest:.2f}",
            f"{e.peak / 1e6:.0f}",
            f"{e.share:.0%}",
        ]
        for name, e in endings.items()
    ]
    defects = [f"* {name}: **{defect}**" for name, e in endings.items() for defect in e.defects]
    return "\n".join([table(head, rows), *(["", *defects] if defects else [])])


def _claims(claims: Sequence[Claim]) -> str:
    head = ["codec", "claims", "bytes", "end", "seconds", "peak (MB)"]
    rows = [
        [c.codec, c.what, f"{c.bytes:,}", c.end, f"{c.seconds:.2f}", f"{c.peak / 1e6:,.0f}"] for c in claims
    ]
    return table(head, rows)


def _footprints(footprints: Sequence[Footprint]) -> str:
    head = ["codec", "pixels", "alpha", "bytes", "seconds", "peak (MB)", "cap (MB)"]
    rows = [
        [
            f.codec,
            f"{f.width:,} x {f.height:,}",
            "yes" if f.alpha else "no",
            f"{f.bytes:,}",
            f"{f.seconds:.2f}",
            *_memory(f.peak, f.cap),
        ]
        for f in footprints
    ]
    return table(head, rows)


def _memory(peak: float, cap: float) -> tuple[str, str]:
    return f"{peak / 1e6:,.0f}", f"{cap / 1e6:,.0f}"


def _odd(odd: OddPictures) -> list[str]:
    said = (
        f"{len(odd.coded)} picture files came back from `progressive` in the right size and the right way "
        f"up, at least {odd.least_psnr:.1f} dB to what Pillow shows; {len(odd.refused)} were refused:"
    )
    refused = [f"* `{name}`: {why}" for name, why in odd.refused.items()]
    defects = [f"* `{name}`: **{why}**" for name, why in odd.defects.items()]
    return [said, "\n".join([*refused, *defects])]


def _fuzzing(fuzzing: Mapping[str, Mapping[str, int]]) -> str:
    head = ["target", *next(iter(fuzzing.values()))]
    return table(head, [[name, *(f"{n:,}" for n in counts.values())] for name, counts in fuzzing.items()])
