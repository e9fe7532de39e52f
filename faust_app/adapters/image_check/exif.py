"""The one thing of an image's EXIF that changes how it is shown: its orientation."""

import struct
from typing import Final

_HEADER: Final = b"Exif\x00\x00"
_ORIENTATION: Final = 0x0112
_SHORT: Final = 3
_ENTRY: Final = 12
_MOST_ENTRIES: Final = 512
UPRIGHT: Final = 1
_TURNED: Final = range(5, 9)
"""Orientations that show a quarter turn: width becomes height."""


def orientation_of(exif: bytes) -> int:
    """Return the orientation, 1 to 8, of an EXIF block with or without its name in front; 1 where it tells none.

    Reads at most 512 entries of the first directory. Source: TIFF 6.0, section 2; EXIF 2.32, 4.6.4.
    """
    tiff = exif.removeprefix(_HEADER)
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if order is None:
        return UPRIGHT
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for at in range(start + 2, start + 2 + min(count, _MOST_ENTRIES) * _ENTRY, _ENTRY):
            tag, kind, values, value = struct.unpack_from(f"{order}HHIH", tiff, at)
            if tag == _ORIENTATION:
                return int(value) if (kind, values) == (_SHORT, 1) and UPRIGHT <= value <= _TURNED[-1] else UPRIGHT
    except struct.error:
        return UPRIGHT
    return UPRIGHT


def is_turned(exif: bytes) -> bool:
    """Return whether the image is shown with its sides exchanged."""
    return orientation_of(exif) in _TURNED


def only_orientation(orientation: int) -> bytes:
    """Return an EXIF block, with its name, that tells the orientation and nothing else."""
    entry = struct.pack(">HHIHH", _ORIENTATION, _SHORT, 1, orientation, 0)
    return _HEADER + b"MM\x00*" + struct.pack(">IH", 8, 1) + entry + bytes(4)
