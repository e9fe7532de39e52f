"""The models of answers about the controls of shops."""

from typing import Annotated

from pydantic import Field

from faust_app.core.dispatch.shop_controls import ControlKind
from faust_app.web.contract.answers.answer import Answer, Time


class ShopControlAnswer(Answer):
    """One control of a shop, who set it and why."""

    shop_no: int
    kind: Annotated[str, Field(json_schema_extra={"enum": [kind.value for kind in ControlKind]})]
    value: Annotated[float | int | None, Field(description="null for a pause.")]
    reason: str
    by: str
    since: Time
    until: Annotated[Time | None, Field(description="null: until somebody lifts it.")]


class ShopControlList(Answer):
    """The controls that hold, by shop and kind."""

    controls: list[ShopControlAnswer]
