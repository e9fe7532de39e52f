"""What an operation of the HTTP interface takes and answers, declared at its handler: the OpenAPI document is made from it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from aiohttp import web
from pydantic import BaseModel

H = TypeVar("H", bound=Callable[..., Awaitable[web.StreamResponse]])
_OPERATION: Final = "operation"
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a query: how it is read, and its JSON schema."""

    name: str
    read: Callable[[str], Any]
    """Raises ValueError with the reason."""
    schema: Mapping[str, Any]
    description: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer: in words, its model (None: no JSON), its type of content, and its headers in words."""

    description: str
    model: type[BaseModel] | None = None
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """What an operation takes and answers beside the problems that every operation has; its words are its handler's docstring."""

    answers: Mapping[int, Answered]
    query: Sequence[Parameter] = ()
    body: type[BaseModel] | None = None
    body_optional: bool = False
    bodies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """JSON schemas by type of content, of a body that is no single model; `items` may be a model."""
    problems: Sequence[int] = ()
    """Statuses of problems that only this operation has."""
    headers: Sequence[Parameter] = ()
    waits: float = 0.0
    """Seconds that it may wait for something to happen, beside the time that an answer takes."""


def described(operation: Operation) -> Callable[[H], H]:
    """Declare what the handler takes and answers."""

    def declare(handler: H) -> H:
        setattr(handler, _OPERATION, operation)
        return handler

    return declare


def operation_of(handler: object) -> Operation | None:
    """Return what was declared of a handler, None where nothing was."""
    found = getattr(handler, _OPERATION, None)
    return found if isinstance(found, Operation) else None


def read_nothing(text: str) -> str:
    """Return the text: the parameter is read elsewhere."""
    return text
