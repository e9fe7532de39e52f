"""The models of answers about lanes."""

from typing import Annotated

from pydantic import Field

from faust_app.core.dispatch.lanes import Lane
from faust_app.web.contract.answers.answer import Answer, Time


class PausedAnswer(Answer):
    """Who paused a lane, why, and for how long."""

    by: str
    reason: str
    since: Time
    until: Annotated[Time | None, Field(description="null: until somebody resumes it.")]


class LaneAnswer(Answer):
    """A lane, and its pause."""

    lane: Annotated[str, Field(json_schema_extra={"enum": [lane.value for lane in Lane]})]
    paused: Annotated[PausedAnswer | None, Field(description="null: it runs.")]


class LaneList(Answer):
    """Every lane."""

    lanes: list[LaneAnswer]
