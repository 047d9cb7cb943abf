"""Nacre files in other programs' hands: Pillow, and through it whatever reads and writes with Pillow.

Importing this package needs the standard library alone.
"""

from __future__ import annotations

from importlib import import_module


def register_pillow() -> None:
    """Teach Pillow to open and save nacre files, for as long as the program runs.

    The same as ``import nacre.plugins.NacreImagePlugin``, where the options of saving stand. Calling it
    again does nothing.

    Examples
    --------
    >>> import io
    >>> from PIL import Image
    >>> import nacre
    >>> nacre.register_pillow()
    >>> Image.registered_extensions()[".nacre"]
    'NACRE'
    >>> file = io.BytesIO()
    >>> Image.new("RGB", (48, 32), "teal").save(file, "NACRE", bytes=300)
    >>> Image.open(file).size
    (48, 32)
    """
    import_module("nacre.plugins.NacreImagePlugin")
