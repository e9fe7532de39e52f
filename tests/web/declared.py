"""Holds every answer of a handler to what the handler declares of itself: status, type of content, and model."""

from aiohttp import web

from faust_app.web.contract.operation import operation_of
from faust_app.web.problems import Handler


@web.middleware
async def as_declared(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Fail the request, with an error that no test expects, when an answer is not what the handler declares."""
    answer = await handler(request)
    operation = operation_of(request.match_info.handler)
    if operation is None or answer.content_type == "text/html":
        return answer
    declared = operation.answers.get(answer.status)
    assert declared is not None, (request.path, answer.status)
    if declared.model is not None and isinstance(answer, web.Response):
        assert isinstance(answer.body, bytes)
        assert answer.content_type == declared.content_type, (request.path, answer.content_type)
        declared.model.model_validate_json(answer.body, strict=True)
    return answer
