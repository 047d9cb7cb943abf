"""Calls into Pillow that leave no trace: its warnings are collected, its limit on pixels is ours."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

# Python's warning filters and Pillow's limit belong to the whole process. One thread at a time changes them,
# so that each restores what the one before it found. Reading and writing take far less time than coding.
_lock = threading.RLock()

# Pillow logs about damaged files; without any handler Python would print that.
logging.getLogger("PIL").addHandler(logging.NullHandler())


@contextmanager
def quiet(max_pixels: int) -> Iterator[list[str]]:
    """Collect the warnings of the calls inside and let Pillow refuse pictures of more than 2 ``max_pixels``.

    Pillow looks at the size in places that no caller can reach, such as pictures inside an icon, and by a
    limit that anyone may have changed.

    Yields
    ------
    list of str
        Filled when the block ends, each warning once, on one line.
    """
    messages: list[str] = []
    with _lock, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UserWarning)
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = max_pixels
        try:
            yield messages
        finally:
            Image.MAX_IMAGE_PIXELS = before
            texts = (" ".join(str(warning.message).split()) for warning in caught)
            messages.extend(dict.fromkeys(text.rstrip(". ") for text in texts))
