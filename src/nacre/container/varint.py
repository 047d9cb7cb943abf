"""LEB128 integers and a bounded cursor over bytes."""

from __future__ import annotations


def encode_varint(value: int) -> bytes:
    """Unsigned LEB128: seven bits a byte, least significant group first."""
    if value < 0:
        raise ValueError("LEB128 here is unsigned")
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def zigzag(value: int) -> int:
    """Map signed to unsigned: 0, -1, 1, -2 to 0, 1, 2, 3."""
    return 2 * value if value >= 0 else -2 * value - 1


def unzigzag(value: int) -> int:
    """Inverse of `zigzag`."""
    return value >> 1 if value & 1 == 0 else -(value >> 1) - 1


class OutOfDataError(Exception):
    """The bytes end before the field does."""


class MalformedError(Exception):
    """The bytes cannot be what they should be."""


class Cursor:
    """Reads fields from bytes and never past their end."""

    def __init__(self, data: bytes, position: int = 0, end: int | None = None) -> None:
        self._data = data
        self.position = position
        self.end = len(data) if end is None else end

    @property
    def left(self) -> int:
        """Bytes not yet read."""
        return self.end - self.position

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        if count > self.left:
            raise OutOfDataError
        self.position += count
        return self._data[self.position - count : self.position]

    def byte(self) -> int:
        """The next byte as an integer."""
        return self.take(1)[0]

    def varint(self, bits: int = 32) -> int:
        """The next LEB128 integer, in its shortest form and of at most `bits` bits."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if value >> bits or (byte == 0 and shift > 7):
                raise MalformedError
            if byte < 0x80:
                return value
            if shift >= bits:
                raise MalformedError
