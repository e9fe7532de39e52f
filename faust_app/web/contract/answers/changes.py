"""The models of answers of the feed of changes."""

from typing import Annotated

from pydantic import Field

from faust_app.core.results.result import ImageResult
from faust_app.web.contract.answers.answer import Answer


class ChangesAnswer(Answer):
    """Results in their order, and the cursor of the next request."""

    items: list[ImageResult]
    next: Annotated[str, Field(description="Continues the feed as `after`; store it once the items are handled.")]
    more: Annotated[bool, Field(description="Whether there may be more already: ask again at once, the answer does not wait.")]
