"""Real pictures of every format we store, made by Pillow."""

import io
import random

from PIL import Image

FORMATS = {"jpg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP", "avif": "AVIF"}


def picture(extension: str = "jpg", *, width: int = 24, height: int = 16, seed: int = 1, frames: int = 1) -> bytes:
    """Return a picture of noise; another seed gives other bytes."""
    rng = random.Random(seed)
    images = [Image.frombytes("RGB", (width, height), rng.randbytes(width * height * 3)) for _ in range(frames)]
    buffer = io.BytesIO()
    if frames > 1:
        images[0].save(buffer, FORMATS[extension], save_all=True, append_images=images[1:])
    else:
        images[0].save(buffer, FORMATS[extension])
    return buffer.getvalue()
