"""Pictures in, files out."""

from __future__ import annotations

import builtins
import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nacre.api.checks import check_offered, check_threads
from nacre.api.decoding import decompress
from nacre.api.dynamic import allocation, shared_out_for
from nacre.api.regions import regions
from nacre.container.file import write_file
from nacre.container.header import MAX_RATE_POINTS, Header

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nacre.codecs.contract import Codec, Encoded, EncodeOptions
    from nacre.codecs.targets import Target
    from nacre.picture.picture import Picture


@dataclass(frozen=True)
class FileLayer:
    """A prefix of a file at which something more is shown.

    Attributes
    ----------
    file_bytes
        Length of the prefix.
    psnr
        Decibels of its picture; None when not measured.
    iteration, whole
        See `nacre.codecs.contract.Layer`.
    """

    file_bytes: int
    psnr: float | None
    iteration: int
    whole: bool


@dataclass(frozen=True)
class Compressed:
    """A file made by `compress`.

    Attributes
    ----------
    data
        The file, as long as the target asked for.
    psnr
        Decibels of the picture that it shows, as the encoder measured or estimated it.
    layers
        Of the full encode, whatever the target.
    notes
        What was changed or approximated, for the user.
    unit_bits, unit_side
        Bits of each patch's codes in the full encode, before entropy coding, (rows, columns), and the side
        of a patch in pixels; for codecs that have patches.
    estimated
        Whether `psnr` is an estimate, good to some tenths of a decibel.
    """

    data: builtins.bytes
    psnr: float | None
    width: int
    height: int
    codec: str
    layers: tuple[FileLayer, ...]
    notes: tuple[str, ...]
    unit_bits: NDArray[np.int64] | None = None
    unit_side: int = 0
    estimated: bool = False

    @property
    def bpp(self) -> float:
        """Bits a pixel."""
        return 8 * len(self.data) / (self.width * self.height)


def compress(
    image: Any,
    *,
    codec: str | None = None,
    bytes: int | None = None,
    bpp: float | None = None,
    psnr: float | None = None,
    ssim: float | None = None,
    quality: float | None = None,
    iterations: int | None = None,
    priming: int | None = None,
    search: int | None = None,
    dynamic: bool = False,
    patch_psnr: float | None = None,
    roi: Any = None,
    fast: bool = False,
    strip: bool = False,
    threads: int | None = None,
    max_pixels: int | None = None,
) -> Compressed:
    """Encode a picture; like `encode`, with what the encoder learned on the way.

    Raises
    ------
    UsageError
        If options contradict each other or are out of range.
    PictureError, LimitError
        If the picture cannot be read, or has more than `max_pixels` pixels.
    TargetError
        If the target cannot be reached.
    WeightsError
        If the codec's weights are not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import nacre
    >>> made = nacre.compress(np.zeros((32, 48, 3), np.uint8), bytes=300)
    >>> made.codec, made.width, made.height
    ('progressive', 48, 32)
    >>> made.bpp == 8 * len(made.data) / (48 * 32)
    True
    """
    from nacre.codecs.contract import EncodeOptions
    from nacre.codecs.registry import DEFAULT, get_codec
    from nacre.codecs.targets import Target
    from nacre.picture.reading import DEFAULT_MAX_PIXELS, as_picture

    target = Target.choose(bytes=bytes, bpp=bpp, psnr=psnr, ssim=ssim, quality=quality)
    check_threads(threads)
    chosen = get_codec(codec or DEFAULT)
    picture = as_picture(image, max_pixels=max_pixels or DEFAULT_MAX_PIXELS)
    file = _File(chosen, picture, strip)
    check_offered(chosen, "priming", priming)
    check_offered(chosen, "search", search)
    options = EncodeOptions(iterations, fast, threads, priming=priming, search=search)
    if dynamic or patch_psnr is not None or (roi is not None and shared_out_for(chosen, target)):
        wish = allocation(chosen, picture, target, patch_psnr, file.lengths)
        options = dataclasses.replace(options, allocation=wish)
    limit = max_pixels or DEFAULT_MAX_PIXELS
    if roi is not None:
        options = dataclasses.replace(options, regions=regions(chosen, picture, roi, limit))
    if chosen.rates and target is not None and iterations is None:
        return _at_best_rate(file, options, target, limit)
    return _cut_to(file.make(chosen.encode(picture, options)), target, picture, threads, limit)


@dataclass(frozen=True)
class _File:
    """What stands around a stream: codec, picture and its metadata."""

    codec: Codec
    picture: Picture
    strip: bool

    def make(self, encoded: Encoded) -> Compressed:
        """The whole file of an encode."""
        from nacre.codecs.targets import Prefix, better_prefixes

        picture = self.picture
        header = Header(
            codec=self.codec.number,
            weights_tag=encoded.weights_tag,
            width=picture.width,
            height=picture.height,
            gray=picture.is_gray,
            alpha=picture.alpha is not None,
            parameters=encoded.parameters,
        )
        first, *later = encoded.layers
        steps = [Prefix(first.end, first.psnr), *(Prefix(x.end, x.psnr) for x in later if x.whole)]
        points = [(p.bytes, p.psnr) for p in better_prefixes(steps) if p.psnr is not None]
        data, layout = write_file(
            header,
            encoded.stream,
            points if len(points) <= MAX_RATE_POINTS else [points[0], *points[2:]],
            icc=picture.icc,
            exif=None if self.strip else picture.exif,
            xmp=None if self.strip else picture.xmp,
        )
        return Compressed(
            data=data,
            psnr=encoded.layers[-1].psnr,
            width=picture.width,
            height=picture.height,
            codec=self.codec.name,
            layers=tuple(
                FileLayer(layout.file_bytes(layer.end), layer.psnr, layer.iteration, layer.whole)
                for layer in encoded.layers
            ),
            notes=(*picture.notes, *encoded.notes),
            unit_bits=encoded.unit_bits,
            unit_side=encoded.unit_side,
            estimated=encoded.estimated,
        )

    def lengths(self, encoded: Encoded) -> list[int]:
        """Of that file cut after each layer, then whole but for Exif and XMP, which a cut file lacks too."""
        made = dataclasses.replace(self, strip=True).make(encoded)
        return [*(layer.file_bytes for layer in made.layers), len(made.data)]


def _cut_to(
    made: Compressed, target: Target | None, picture: Picture, threads: int | None, max_pixels: int
) -> Compressed:
    """The prefix that a target asks for."""
    from nacre.codecs.targets import Prefix, reach

    measured: dict[int, float] = {}

    def measure(length: int) -> float:
        if length not in measured:
            shown = decompress(made.data[:length], threads=threads, max_pixels=max_pixels)
            measured[length] = _compared(target, picture, shown)
        return measured[length]

    size = reach(
        target,
        [Prefix(layer.file_bytes, layer.psnr) for layer in made.layers],
        len(made.data),
        picture.width * picture.height,
        measure if made.estimated or (target and target.kind == "ssim") else None,
    )
    if target and target.kind == "psnr" and size in measured:
        return dataclasses.replace(made, data=made.data[:size], psnr=measured[size], estimated=False)
    shown = [layer.psnr for layer in made.layers if layer.file_bytes <= size]
    whole = size == len(made.data)
    return dataclasses.replace(
        made, data=made.data[:size], psnr=shown[-1], estimated=made.estimated and not whole
    )


def _at_best_rate(file: _File, options: EncodeOptions, target: Target, max_pixels: int) -> Compressed:
    """The file of one of a codec's rates: the target chooses among whole files."""
    from nacre.codecs.targets import Prefix, reach

    picture = file.picture
    rates = [dataclasses.replace(options, iterations=i + 1) for i in range(file.codec.rates)]
    made = {len(m.data): m for m in (file.make(file.codec.encode(picture, rate)) for rate in rates)}

    def measure(length: int) -> float:
        shown = decompress(made[length].data, threads=options.threads, max_pixels=max_pixels)
        return _compared(target, picture, shown)

    prefixes = [Prefix(size, each.psnr) for size, each in sorted(made.items())]
    pixels = picture.width * picture.height
    exact = measure if target.kind == "ssim" else None
    size = reach(target, prefixes, prefixes[-1].bytes, pixels, exact)
    return made[max(length for length in made if length <= size)]


def _compared(target: Target | None, original: Picture, shown: Picture) -> float:
    """PSNR or SSIM, whichever is the target, where the original is not wholly transparent."""
    from nacre.picture.metrics import psnr, ssim

    samples, others = original.rgb(), shown.rgb()
    seen = None if original.alpha is None or not original.alpha.any() else original.alpha != 0
    if target and target.kind == "psnr":
        return psnr(samples, others) if seen is None else psnr(samples[seen], others[seen])
    if seen is not None:
        samples, others = samples * seen[..., None], others * seen[..., None]
    return ssim(samples, others)


def encode(
    image: Any,
    *,
    codec: str | None = None,
    bytes: int | None = None,
    bpp: float | None = None,
    psnr: float | None = None,
    ssim: float | None = None,
    quality: float | None = None,
    iterations: int | None = None,
    priming: int | None = None,
    search: int | None = None,
    dynamic: bool = False,
    patch_psnr: float | None = None,
    roi: Any = None,
    fast: bool = False,
    strip: bool = False,
    threads: int | None = None,
    max_pixels: int | None = None,
) -> builtins.bytes:
    """Encode a picture to the bytes of a nacre file.

    Parameters
    ----------
    image
        A path, the bytes of a picture file, a binary file object, a Pillow image, or a uint8 array
        (H, W), (H, W, 3) or (H, W, 4).
    codec
        A name of `list_codecs`; `progressive` by default.
    bytes, bpp, psnr, ssim, quality
        At most one: the file's size at most, bits a pixel at most, least PSNR (dB), least SSIM, or quality 0
        to 100 (an equal price of a bit for all pictures). Without one the file holds all that was encoded.
    iterations
        Iterations of a recurrent codec, 1 to 16; by default 8, and 16 of the fully connected ones. Of
        `static-conv` which of its rates, 1 or 2.
    priming
        Runs of the networks before the first iteration, 0 to 3, which take time and no bits. For codecs
        with priming.
    search
        How many codes of each cell and iteration, those that the encoder is least sure of, are tried the
        other way around, 0 to 32. Each takes nine runs of the decoder an iteration; files decode as fast as
        others and show more. For codecs with a search.
    dynamic
        Give each patch of the picture as many iterations as serve the target best, which is `bytes`,
        `bpp` or `psnr`. For codecs with adaptive bits.
    patch_psnr
        Give each patch as many iterations as it needs for so many dB. For codecs with adaptive bits.
    roi
        A mask of the picture's size, as `image`: the lighter, the earlier a place gets its bytes, in cells
        of 64 x 64 pixels, or 16 x 16 of `gru-conv`. That one shares them out for a target of `bytes`, `bpp`
        or `psnr`, and else half of the bits of a plain encode. For codecs with regions of interest.
    fast
        Encode in less time; a file cut inside an iteration then shows the iteration before.
    strip
        Leave out Exif and XMP.
    threads
        All cores by default.
    max_pixels
        Refuse larger pictures; 89,478,485 by default.

    Returns
    -------
    bytes
        Every prefix that holds the first layer is a valid file.

    Raises
    ------
    NacreError
        See `compress`.
    TypeError
        If `image` is of another type.

    Examples
    --------
    >>> import numpy as np
    >>> import nacre
    >>> picture = np.zeros((32, 48, 3), np.uint8)
    >>> data = nacre.encode(picture, bytes=300)
    >>> len(data) <= 300
    True
    >>> nacre.decode(data).size
    (48, 32)
    """
    return compress(
        image,
        codec=codec,
        bytes=bytes,
        bpp=bpp,
        psnr=psnr,
        ssim=ssim,
        quality=quality,
        iterations=iterations,
        priming=priming,
        search=search,
        dynamic=dynamic,
        patch_psnr=patch_psnr,
        roi=roi,
        fast=fast,
        strip=strip,
        threads=threads,
        max_pixels=max_pixels,
    ).data
