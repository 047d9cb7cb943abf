"""Where the C library takes large blocks from.

glibc raises the size from which blocks get pages of their own to that of the largest one freed so far, up to
32 MB. Pictures and states of a network then come from the heap, which they leave full of holes: a third of a
decoder's peak. A fixed size stops that; smaller blocks, which come and go a thousand times, stay on the heap.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from functools import cache

_M_MMAP_THRESHOLD = -3
_THRESHOLD = 8 << 20


@cache
def keep_large_blocks_apart() -> None:
    """Fix the threshold once a process; does nothing where the C library is not glibc."""
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _THRESHOLD)
