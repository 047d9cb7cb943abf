"""The verbs of the library: arguments in, pictures or bytes out.

Nothing here prints; remarks are `NacreWarning`s. Importing this package needs the standard library alone.
"""

from nacre.api.comparing import compare
from nacre.api.cutting import cut
from nacre.api.decoding import coded, decode, decompress
from nacre.api.encoding import Compressed, FileLayer, compress, encode
from nacre.api.facts import FileInfo, FileRatePoint, SegmentInfo, info
from nacre.api.health import Health, WeightsHealth, examine
from nacre.api.listing import list_codecs
from nacre.api.raw import decode_raw, encode_raw
from nacre.api.reader import Reader, open
from nacre.api.sources import FileSource, open_path

__all__ = [
    "Compressed",
    "FileInfo",
    "FileLayer",
    "FileRatePoint",
    "FileSource",
    "Health",
    "Reader",
    "SegmentInfo",
    "WeightsHealth",
    "coded",
    "compare",
    "compress",
    "cut",
    "decode",
    "decode_raw",
    "decompress",
    "encode",
    "encode_raw",
    "examine",
    "info",
    "list_codecs",
    "open",
    "open_path",
]
