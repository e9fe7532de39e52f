"""The check of images without its children."""

from faust_app.adapters.image_check.check import check_structure
from faust_app.core.sources.content import ImageFacts


class FakeImageCheck:
    """Implements `ImageCheck` at level structure, in the process of the test."""

    async def check(self, content: bytes) -> ImageFacts:
        return check_structure(content)
