"""Takes in images by rounds, each with ids of its own."""

import json

from bench.installation import Installation


def take_in(installation: Installation, number: int, images: int, size: int = 100_000, query: str = "") -> None:
    """Import a round's images of `size` bytes for shop 1; `query` is added to the address of each."""
    path, source = installation.folder / f"round-{number}.jsonl", installation.source
    lines = (
        {"image_id": f"r{number}-{n}", "source_url": f"{source}/flat/{number * images + n}?bytes={size}{query}"} for n in range(images)
    )
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    report = json.loads(installation.command("import", str(path), "--shop", "1", "--format", "jsonl", "--json"))
    if report["accepted"] != images:
        raise RuntimeError(f"{images} images are not all accepted: {report}")
