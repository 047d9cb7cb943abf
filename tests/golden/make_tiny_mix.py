"""Makes tiny weights of `gru-conv` with the entropy model `mix`, on the network that `make_tiny.py` trained.

python tests/golden/make_tiny_mix.py [--overwrite]
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from unittest import mock

import numpy as np
from drawing import draw
from make_tiny import LARGEST, PLACE, SEED, make_room, write
from numpy.typing import NDArray

from nacre.codecs.recurrent.mix import MIX_FILE
from nacre.codecs.recurrent.steps import (
    ENCODER_FILE,
    HEAD_FILE,
    TRUNK_FILE,
    DecoderStep,
    EncoderStep,
    signs,
    to_network,
)
from nacre.learn import mix_fit
from nacre.runtime.weights import WeightsInfo, find_weights

MIXED = PLACE.with_name("gru-conv-mix")


def codes_of(info: WeightsInfo, generator: np.random.Generator) -> NDArray[np.int8]:
    pixels = to_network(draw(112, 144, generator))
    encoder, decoder = EncoderStep(info, 112, 144, 1), DecoderStep(info, 1)
    shown, codes = decoder.start(112, 144), []
    for _ in range(16):
        codes.append(signs(encoder(pixels - shown.picture)))
        shown = decoder(shown, codes[-1])
    return np.stack(codes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--overwrite", action="store_true", help="replace committed weights")
    parser.add_argument("--out", type=Path, default=MIXED)
    options = parser.parse_args()
    make_room(options.out, options.overwrite)
    os.environ["NACRE_WEIGHTS"] = str(PLACE.parent)
    info = find_weights("gru-conv")
    generator = np.random.default_rng(SEED + 2)
    with mock.patch.multiple(mix_fit, HIDDEN=6, NETWORKS=(0, 1, 5), STEPS=300):
        mix = mix_fit.fit_mix([codes_of(info, generator) for _ in range(18)])
    files = {name: info.read(name) for name in (ENCODER_FILE, TRUNK_FILE, HEAD_FILE)}
    files[MIX_FILE] = mix.packed()
    tensors = {f"mix.{name}": array for name, array in mix.arrays().items()}
    tensors["decoder"] = np.frombuffer(bytes.fromhex(info.tag), np.uint8)
    write(options.out, "gru-conv", tensors, info.record["network"], files, Path(__file__), LARGEST)


if __name__ == "__main__":
    main()
