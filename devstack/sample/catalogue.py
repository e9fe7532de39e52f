"""The files of the sample catalogue, and how their pictures reach an image source on another port."""

from __future__ import annotations

from pathlib import Path

from devstack.ports import DEFAULT_BASE, Ports

FOLDER = Path(__file__).parent
ORIGIN = f"http://127.0.0.1:{Ports(DEFAULT_BASE).image_source}"


def catalogue_files() -> dict[int, Path]:
    """Return the catalogue files by shop number."""
    files = {int(file.stem.removeprefix("shop-")): file for file in FOLDER.glob("shop-*.csv")}
    return dict(sorted(files.items()))


def catalogue_for(origin: str, folder: Path) -> dict[int, Path]:
    """Return copies of the catalogue files in `folder`, whose pictures are at `origin`."""
    files = catalogue_files()
    folder.mkdir(parents=True, exist_ok=True)
    return {shop: _rewritten(file, folder / file.name, origin) for shop, file in files.items()}


def _rewritten(file: Path, copy: Path, origin: str) -> Path:
    copy.write_bytes(file.read_bytes().replace(ORIGIN.encode(), origin.encode()))
    return copy
