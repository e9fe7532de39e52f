"""Reading back: where an image stands, its timeline, and the way to its bytes."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from aiohttp import web

from faust_app.core.causes.suspicion import advice_to_shop
from faust_app.core.failure_codes import known_code
from faust_app.core.images.outcome import HistoryEntry
from faust_app.core.images.row import ImageKey, ImageRow, ImageState
from faust_app.core.iso_time import iso_time
from faust_app.core.monitoring.unfinished import schedule_reason_text
from faust_app.core.redact import redact_query
from faust_app.core.sources.health import SourceRecord, deferral
from faust_app.flows.ports.causes import Suspicions
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.sources import SourceRecords
from faust_app.flows.ports.transfer import ObjectStore
from faust_app.web.api.public import PublicAddresses
from faust_app.web.contract.answers.images import ImageAnswer
from faust_app.web.contract.bodies import image_id_of, query_of, shop_no_of
from faust_app.web.contract.operation import Answered, Operation, described
from faust_app.web.problems import Problem

TIMELINE_ENTRIES: Final = 50
CONTENT_SECONDS: Final = 300


_BYTES: Final = Answered("The way to the bytes, valid for five minutes.", headers={"Location": "The address of the bytes."})


class ImageHandlers:
    """Handlers that read rows; `held_by` returns what is known to hold up images of a shop."""

    def __init__(
        self,
        repository: ImageRepository,
        store: ObjectStore,
        sources: SourceRecords,
        held_by: Callable[[int], Sequence[str]],
        public: PublicAddresses,
        *,
        suspicions: Suspicions,
    ) -> None:
        self._repository = repository
        self._store = store
        self._sources = sources
        self._held_by = held_by
        self._public = public
        self._suspicions = suspicions

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/v1/shops/{shop_no}/images/{image_id:[^/]+}", self.get)
        router.add_get("/v1/shops/{shop_no}/images/{image_id:[^/]+}/content", self.content)

    @described(Operation({200: Answered("The image.", ImageAnswer)}))
    async def get(self, request: web.Request) -> web.Response:
        """Return where one image stands."""
        query_of(request)
        row = await self._row(request)
        history = await self._repository.history(row.key, TIMELINE_ENTRIES)
        content = request.path_qs.partition("?")[0] + "/content" if row.shown is not None else None
        more = {"scheduled": await self._scheduled(row), "public_url": self._public.of(row), "error": await self._error(row)}
        return web.json_response(describe(row, history, content) | more)

    @described(
        Operation({302: Answered("The way to the bytes, valid for five minutes.", headers={"Location": "The address of the bytes."})})
    )
    async def content(self, request: web.Request) -> web.Response:
        """Redirect to the stored bytes by an address that is valid for five minutes."""
        query_of(request)
        row = await self._row(request)
        if row.shown is None:
            raise Problem(404, f"nothing is stored for this image; it is {row.state.value}")
        url = await self._store.presigned_url(row.shown.object_key, CONTENT_SECONDS)
        return web.Response(status=302, headers={"Location": url, "Cache-Control": "no-store"})

    async def _scheduled(self, row: ImageRow) -> dict[str, object] | None:
        source = (row.shop_no, row.source_host or "")
        waits = row.state is ImageState.IN_PROGRESS and row.source_host is not None
        records = await self._sources.of(source) if waits else []
        return scheduled_json(row, self._held_by(row.shop_no), deferral({record.key: record for record in records}, source))

    async def _error(self, row: ImageRow) -> dict[str, object] | None:
        """Return the row's last failure; it blames no shop for what is ours."""
        error = error_of(row)
        if error is None:
            return None
        is_ours = (await self._suspicions.blame()).is_ours(row.fingerprint, row.judged_by)
        return error | {"advice": advice_to_shop(row.error_code, is_ours=is_ours)}

    async def _row(self, request: web.Request) -> ImageRow:
        key: ImageKey = (shop_no_of(request), image_id_of(request).encode())
        row = (await self._repository.load([key])).get(key)
        if row is None:
            raise Problem(404, "no request for this image was ever accepted")
        return row


def describe(row: ImageRow, history: list[HistoryEntry], content: str | None) -> dict[str, object]:
    """Return the row and its timeline as a JSON object; query strings of addresses are left out."""
    return {
        "shop_no": row.shop_no,
        "image_id": row.image_id.decode(),
        "product_id": row.product_id,
        "product_name": row.product_name,
        "sku": row.sku,
        "state": row.state.value,
        "op": row.op.value,
        "version": row.version,
        "external_version": row.external_version,
        "shown_version": row.shown_version or None,
        "source_url": redact_query(row.source_url) if row.source_url else None,
        "requested_at": time_text(row.requested_at),
        "open_since": time_text(row.open_since),
        "attempt": row.attempt,
        "scheduled": scheduled_json(row, ()),
        "position": position_of(row),
        "error": error_of(row),
        "url": content,
        "shown": _shown(row),
        "timeline": [_entry(entry) for entry in history],
    }


def scheduled_json(row: ImageRow, held_by: Sequence[str], source: SourceRecord | None = None) -> dict[str, object] | None:
    """Return what an unfinished row waits for as a JSON object; None where it is finished, or queued and nothing holds it.

    `held_by` is what holds up the installation or the shop, `source` the record of its host where that is given time.
    """
    if row.state is not ImageState.IN_PROGRESS or not (row.scheduled_at or held_by or source):
        return None
    answer: dict[str, object] = {
        "at": time_text(row.scheduled_at),
        "reason": row.schedule_reason or ("held" if held_by else "source"),
        "why": schedule_reason_text(row),
        "host": row.source_host,
    }
    if held_by:
        answer["held_by"] = list(held_by)
    if source is not None:
        code = source.code
        answer["source"] = {
            "host": source.host,
            "failing_since": time_text(source.failing_since),
            "next_try_at": time_text(source.probe_at),
            "code": code.value if code else None,
            "advice": code.sentence if code else None,
        }
    return answer


def position_of(row: ImageRow) -> dict[str, object] | None:
    """Return where the row's event stands as a JSON object."""
    if row.position is None:
        return None
    return {"topic": row.position.topic, "partition": row.position.partition, "offset": row.position.offset}


def error_of(row: ImageRow) -> dict[str, object] | None:
    """Return the row's last failure as a JSON object, with what can be done."""
    if row.error_code is None:
        return None
    code = known_code(row.error_code)
    return {"code": row.error_code, "detail": row.error_detail, "advice": None if code is None else code.sentence}


def _shown(row: ImageRow) -> dict[str, object] | None:
    shown = row.shown
    if shown is None:
        return None
    return {
        "version": shown.version,
        "object_key": shown.object_key,
        "source_url": redact_query(shown.url),
        "sha256": shown.sha256.hex(),
        "bytes": shown.size,
        "content_type": shown.content_type,
        "width": shown.width,
        "height": shown.height,
    }


def _entry(entry: HistoryEntry) -> dict[str, object]:
    return {
        "at": time_text(entry.at),
        "version": entry.version,
        "outcome": entry.outcome,
        "code": entry.code,
        "detail": entry.detail,
        "bytes": entry.size,
    }


def time_text(at: datetime | None) -> str | None:
    """Return a UTC time in ISO 8601."""
    return None if at is None else iso_time(at, "microseconds")
