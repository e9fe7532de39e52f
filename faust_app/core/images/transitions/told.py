"""The results of images: what each transition tells once it is committed.

A version that is replaced before it ends has no result of its own: the result of a later version answers it.
"""

from datetime import datetime
from typing import Any

from faust_app.core.failure_codes import FailureCode, known_code
from faust_app.core.images.outcome import HistoryEntry
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.messages.events import ImageRequest
from faust_app.core.messages.rejection import Names
from faust_app.core.results.result import Result, ResultKind, fault_of

NEWER_KNOWN = "A newer request for this image is known already; this one changed nothing."


def of_finished(row: ImageRow, entry: HistoryEntry) -> Result:
    """Return the result of a row in its last state, whose end the history calls by `entry`."""
    kind = ResultKind.STORED if entry.outcome == "stored" else _KINDS[row.state]
    return Result(entry.at, row.shop_no, row.image_id, _of_row(kind, row))


def of_restored(row: ImageRow, now: datetime) -> Result:
    """Return the result of a row that is finished as it was before an operator republished it, under a version of its own."""
    return Result(now, row.shop_no, row.image_id, _of_row(_KINDS[row.state], row))


def of_superseded(row: ImageRow, request: ImageRequest, now: datetime) -> Result:
    """Return the result of a request that met a newer one: the row's version, and the request's own names."""
    fields = {"kind": ResultKind.SUPERSEDED.value, "version": row.version, "sentence": NEWER_KNOWN}
    return Result(now, row.shop_no, row.image_id, fields | _asked(request.product_id, request.external_version, request.correlation_id))


def of_deleted_before(row: ImageRow, request: ImageRequest, now: datetime) -> Result:
    """Return the result of a request to delete what is deleted: nothing follows that could answer it."""
    fields = {"kind": ResultKind.DELETED.value, "version": row.version}
    return Result(now, row.shop_no, row.image_id, fields | _asked(row.product_id, row.external_version, request.correlation_id))


def of_rejected(names: Names, code: FailureCode, detail: str, now: datetime) -> Result | None:
    """Return the result of a refused record, as far as its names can be read; None where nobody could tell whose it is.

    `detail` names the fields that are wrong, never their values.
    """
    if names.shop_no is None and names.image_id is None and names.correlation_id is None:
        return None
    fields = {"kind": ResultKind.REJECTED.value, **_failure(code, detail or code.sentence)}
    image_id = None if names.image_id is None else names.image_id.encode()
    return Result(now, names.shop_no, image_id, fields | _asked(names.product_id, names.external_version, names.correlation_id))


_KINDS = {ImageState.DONE: ResultKind.UNCHANGED, ImageState.DELETED: ResultKind.DELETED, ImageState.FAILED: ResultKind.FAILED}


def _of_row(kind: ResultKind, row: ImageRow) -> dict[str, Any]:
    """Return what a finished row says of its version, and of what is shown from now on."""
    fields = _asked(row.product_id, row.external_version, row.correlation_id)
    fields["kind"] = kind.value
    fields["version"] = row.version
    shown = row.shown
    if shown is not None:
        fields["object_key"] = shown.object_key
        fields["size"] = shown.size
        fields["content_type"] = shown.content_type
        fields["width"] = shown.width
        fields["height"] = shown.height
    if row.error_code is not None:
        code = known_code(row.error_code)
        # A code that only another release knows is told as it is, without what that release says of it.
        fields |= {"code": row.error_code} if code is None else _failure(code, code.sentence)
    return fields


def _asked(product_id: str | None, external_version: int | None, correlation_id: str | None) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if product_id is not None:
        fields["product_id"] = product_id
    if external_version is not None:
        fields["external_version"] = external_version
    if correlation_id is not None:
        fields["correlation_id"] = correlation_id
    return fields


def _failure(code: FailureCode, sentence: str) -> dict[str, Any]:
    return {"code": code.value, "sentence": sentence, "fault": fault_of(code).value}
