"""How fast is an import? Rows and published events of one catalogue, on an idle installation."""

import csv
import json
from pathlib import Path

from bench.installation import Installation

IMAGES_A_PRODUCT = 10


def write_catalogue(path: Path, source: str, images: int, size: int) -> None:
    """Write a WooCommerce export whose images are `size` bytes each."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["ID", "Type", "SKU", "Name", "Description", "Images"])
        for product in range(images // IMAGES_A_PRODUCT):
            numbers = range(product * IMAGES_A_PRODUCT, (product + 1) * IMAGES_A_PRODUCT)
            urls = ", ".join(f"{source}/flat/{number}?bytes={size}" for number in numbers)
            writer.writerow([product + 1, "simple", f"SKU-{product}", f"Product {product}", "A product.\nWith two lines.", urls])


def measure_intake(installation: Installation, images: int, size: int) -> float:
    """Import a catalogue; return images per second, from the file to committed rows and acknowledged events."""
    rate = import_images(installation, images, size)
    sent = installation.query("SELECT COUNT(*) FROM image WHERE `offset` IS NOT NULL")
    assert sent == images, f"{sent} of {images} events are acknowledged"
    return rate


def import_images(installation: Installation, images: int, size: int) -> float:
    """Import a catalogue for shop 1; return images per second."""
    path = installation.folder / "catalogue.csv"
    write_catalogue(path, installation.source, images, size)
    report = json.loads(installation.command("import", str(path), "--shop", "1", "--format", "woocommerce", "--json"))
    assert report["accepted"] == images, report
    return float(report["images_per_s"])
