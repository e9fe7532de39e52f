"""Parses path, content type and body of a request, within their limits."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, TypeVar
from urllib.parse import unquote_to_bytes

from aiohttp import web
from pydantic import BaseModel, ValidationError

from faust_app.core.messages.events import MAX_NUMBER, BatchItem, Image, ImageRequest, Op
from faust_app.core.messages.field_errors import problems
from faust_app.core.messages.strict_json import MAX_DOCUMENT_BYTES, NotStrict, array_items, check_strict, plain_name
from faust_app.web.contract.operation import JSON, Parameter
from faust_app.web.problems import Problem

MAX_BATCH_ITEMS: Final = 1000
MAX_BATCH_BYTES: Final = 4 * 1024 * 1024
MAX_BODY_BYTES: Final = MAX_DOCUMENT_BYTES
BODY_SECONDS: Final = 20.0
"""Seconds a body may take to arrive, so that a sender that stops halfway holds its connection no longer."""
NDJSON: Final = "application/x-ndjson"

SHOP_SEGMENT: Final = 3
IMAGE_SEGMENT: Final = 5
"""Where `/v1/shops/{shop_no}/images/{image_id}` has shop and image."""

Problems = list[tuple[str, str]]
M = TypeVar("M", bound=BaseModel)


def shop_no_of(request: web.Request, segment: int = SHOP_SEGMENT) -> int:
    """Return the shop's number from the path. Raises Problem."""
    text = _raw_segment(request, segment)
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:17]) <= MAX_NUMBER and len(text) <= 16):  # noqa: PLR2004
        raise Problem(400, "the shop's number in the path must be 1 to 2^53-1", errors=[("shop_no", "must be a number from 1 to 2^53-1")])
    return int(text)


def image_id_of(request: web.Request, segment: int = IMAGE_SEGMENT) -> str:
    """Return the image's id: the path segment's percent-decoded bytes. Raises Problem if they are not UTF-8.

    Read from the raw path, because aiohttp decodes `%FF` and `%25FF` to the same text `%FF`.
    """
    try:
        return unquote_to_bytes(_raw_segment(request, segment)).decode()
    except UnicodeError as error:  # also raw bytes of the request line that are not ASCII
        raise Problem(400, "the image id in the path is not UTF-8", errors=[("image_id", "must be UTF-8")]) from error


def _raw_segment(request: web.Request, number: int) -> str:
    return request.rel_url.raw_path.split("/")[number]


def image_request(values: dict[str, Any]) -> ImageRequest:
    """Build a request from validated and unvalidated parts. Raises Problem, which names the wrong fields."""
    try:
        return ImageRequest.model_validate(values)
    except ValidationError as error:
        raise invalid(problems(error)) from error


def invalid(errors: Problems) -> Problem:
    """Return the problem for wrong fields."""
    return Problem(400, "; ".join(f"{field}: {reason}" for field, reason in errors)[:500], title="Invalid fields", errors=errors)


def delete_request(shop_no: int, image_id: str, query: "web.Request") -> ImageRequest:
    """Build the request of a DELETE; its only parameter is `external_version`. Raises Problem."""
    values: dict[str, Any] = {"op": Op.DELETE, "shop_no": shop_no, "image_id": image_id}
    for name, text in query.query.items():
        if name != "external_version":
            raise invalid([(name[:64], "is not a parameter of this request")])
        if not (text.isascii() and text.isdecimal() and len(text) <= 16):  # noqa: PLR2004 - digits of 2^53
            raise invalid([(name, "must be a number from 1 to 2^53-1")])
        values[name] = int(text)
    return image_request(values)


async def put_request(shop_no: int, image_id: str, request: web.Request) -> ImageRequest:
    """Build the request of a PUT from its JSON body. Raises Problem."""
    if request.content_type != JSON:
        raise Problem(415, f"send the body as {JSON}", headers={"Accept": JSON})
    body = await read_body(request, MAX_BODY_BYTES)
    try:
        check_strict(body)
        image = Image.model_validate_json(body)
    except NotStrict as problem:
        raise invalid([("body", str(problem))]) from problem
    except ValidationError as error:
        raise invalid(problems(error)) from error
    return image_request({"op": Op.UPDATE, "shop_no": shop_no, "image_id": image_id, **image.model_dump(exclude_none=True)})


async def batch_requests(shop_no: int, request: web.Request) -> list[ImageRequest | Problems]:
    """Return a request or its errors for each item of a bulk POST. Raises Problem for the batch as a whole."""
    if request.content_type not in {JSON, NDJSON}:
        raise Problem(415, f"send the body as {NDJSON} or {JSON}", headers={"Accept": f"{NDJSON}, {JSON}"})
    body = await read_body(request, MAX_BATCH_BYTES)
    items = _lines(body) if request.content_type == NDJSON else _array(body)
    if not items:
        raise Problem(400, "the batch is empty")
    if len(items) > MAX_BATCH_ITEMS:
        raise Problem(413, f"a batch holds at most {MAX_BATCH_ITEMS} items, this one has {len(items)}")
    return [_item(shop_no, item) for item in items]


def _lines(body: bytes) -> list[bytes]:
    return [line for line in body.split(b"\n") if line.strip()]


def _array(body: bytes) -> list[bytes]:
    try:
        return array_items(body)
    except NotStrict as error:
        raise Problem(400, "the body is not a JSON array", errors=[("body", "must be a JSON array")]) from error


def _item(shop_no: int, item: bytes) -> ImageRequest | Problems:
    try:
        check_strict(item)
        wanted = BatchItem.model_validate_json(item)
        return ImageRequest.model_validate({"shop_no": shop_no, **wanted.model_dump(exclude_none=True)})
    except NotStrict as problem:
        return [("body", str(problem))]
    except ValidationError as error:
        return problems(error)


async def read_body(request: web.Request, limit: int) -> bytes:
    """Read the body and count its bytes, because aiohttp's own limit does not cover a streamed body. Raises Problem."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise Problem(415, "send the body as it is, without a Content-Encoding", headers={"Accept-Encoding": "identity"})
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.content.iter_chunked(64 * 1024):
                body += chunk
                if len(body) > limit:
                    raise Problem(413, f"the body is larger than {limit} bytes")
    except TimeoutError:
        raise Problem(408, f"the body did not arrive within {BODY_SECONDS:.0f} s", headers={"Connection": "close"}) from None
    except web.RequestPayloadError:
        raise Problem(400, "the body ends early or does not follow its Transfer-Encoding", headers={"Connection": "close"}) from None
    return bytes(body)


async def body_of(model: type[M], request: web.Request, limit: int = MAX_BODY_BYTES, *, optional: bool = False) -> M:
    """Read a JSON body of the model, of at most `limit` bytes; an optional one may be empty. Raises Problem that names the wrong fields."""
    body = await read_body(request, limit)
    if optional and not body:
        return model()
    if request.content_type != JSON:
        raise Problem(415, f"send the body as {JSON}", headers={"Accept": JSON})
    try:
        check_strict(body, limit)
        return model.model_validate_json(body)
    except NotStrict as problem:
        raise invalid([("body", str(problem))]) from problem
    except ValidationError as error:
        raise invalid(problems(error)) from error


def query_of(request: web.Request, parameters: Sequence[Parameter] = ()) -> dict[str, Any]:
    """Read the parameters of a request. Raises Problem that names each wrong or missing one."""
    readers = {parameter.name: parameter.read for parameter in parameters}
    known = ", ".join(readers) or "it has none"
    errors = [(plain_name(name), f"is not a parameter of this request: {known}") for name in request.query if name not in readers]
    read: dict[str, Any] = {}
    for name, reader in readers.items():
        if name in request.query:
            try:
                read[name] = reader(request.query[name])
            except ValueError as error:
                errors.append((name, str(error)))
    missing = [parameter.name for parameter in parameters if parameter.required and parameter.name not in request.query]
    errors += [(name, "is required") for name in missing]
    if errors:
        raise invalid(errors)
    return read


async def no_body(request: web.Request) -> None:
    """Raise Problem if the request has a body: what stands in it would be dropped without a word."""
    if await read_body(request, MAX_BODY_BYTES) not in {b"", b"{}"}:
        raise Problem(400, "this request takes no body", errors=[("body", "must be empty")])
