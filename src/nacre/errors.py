"""The tree of typed errors, each with the exit code of the command line.

::

    NacreError                    1   a defect of ours unless a subclass says otherwise
    ├── UsageError                2   arguments that contradict each other
    ├── FormatError               3   not a nacre file, or a damaged one
    ├── TruncatedError            4   cut below the first layer
    ├── WeightsError              5   weights not installed, or damaged
    ├── PictureError              6   picture unreadable or unsupported
    ├── LimitError                7   over a limit
    ├── TargetError               8   target cannot be reached
    ├── ExistsError               9   output exists already
    └── AgreementError            1   an exported network differs from the trained one

Every message is one sentence: what is wrong and what to do.
"""

from __future__ import annotations


class NacreError(Exception):
    """Base of all errors that nacre raises on purpose."""

    exit_code = 1


class UsageError(NacreError):
    """Arguments that contradict each other or are out of range."""

    exit_code = 2


class FormatError(NacreError):
    """The bytes are not a nacre file, or a damaged one."""

    exit_code = 3


class TruncatedError(NacreError):
    """The file was cut below its first layer, so there is no picture in it."""

    exit_code = 4


class WeightsError(NacreError):
    """The weights a file or command needs are not installed or are damaged."""

    exit_code = 5


class PictureError(NacreError):
    """A picture cannot be read or written, or is of a kind that nacre refuses."""

    exit_code = 6


class LimitError(NacreError):
    """Something is larger than a limit; the message names the limit and its option."""

    exit_code = 7


class TargetError(NacreError):
    """The target (bytes, bpp, PSNR, ...) cannot be reached; the message names the nearest one that can."""

    exit_code = 8


class ExistsError(NacreError):
    """The output exists already and overwriting was not asked for."""

    exit_code = 9


class AgreementError(NacreError):
    """An exported network does not compute what the trained one does."""


class NacreWarning(UserWarning):
    """Something was dropped, damaged or changed, and the result is still usable."""
