"""`/admin/shops/{shop_no}/images/{image_id}`: one image, what is shown and wanted, its timeline, and what can be done."""

from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import quote

from aiohttp import web

from faust_app.core.causes.suspicion import advice_to_shop
from faust_app.core.images.row import ImageKey, ImageRow, ImageState
from faust_app.core.monitoring.unfinished import schedule_reason_text
from faust_app.core.redact import redact_query
from faust_app.core.republish.run import Draft
from faust_app.core.republish.selection import ImageRef, SelectedState, Selection
from faust_app.flows.ports.causes import Suspicions
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.transfer import ObjectStore
from faust_app.flows.republish.control import Refused, RepublishControl
from faust_app.web.admin.forms import form_of, number_of, refuse_unknown, see_other
from faust_app.web.admin.frame import HEADERS, Frame
from faust_app.web.auth.tokens import actor_of
from faust_app.web.contract.bodies import image_id_of, shop_no_of
from faust_app.web.pages.render import path_of
from faust_app.web.problems import Problem

PATH: Final = "/admin/shops/{shop_no}/images/{image_id:[^/]+}"
_TIMELINE: Final = 100
_SEGMENT: Final = 3
_IMAGE_SEGMENT: Final = 5
_TONES: Final = {ImageState.DONE: "ok", ImageState.FAILED: "bad", ImageState.IN_PROGRESS: "warn", ImageState.DELETED: "plain"}
TONES: Final = {state.value: tone for state, tone in _TONES.items()}


class ImagePages:
    """Serves the image; `held_by` returns what is known to hold up images of a shop."""

    def __init__(
        self,
        frame: Frame,
        repository: ImageRepository,
        store: ObjectStore,
        control: RepublishControl,
        held_by: Callable[[int], Sequence[str]],
        *,
        suspicions: Suspicions,
        dead_letters: str,
    ) -> None:
        """`dead_letters` is the name of their topic."""
        self._frame = frame
        self._repository = repository
        self._store = store
        self._control = control
        self._held_by = held_by
        self._suspicions = suspicions
        self._dead_letters = dead_letters

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(PATH, self.image)
        router.add_get(PATH + "/picture", self.picture)
        router.add_post(PATH + "/republish", self.republish)

    async def image(self, request: web.Request) -> web.Response:
        """Show one image."""
        refuse_unknown(request, "run")
        row = await self._row(request)
        return await self._image_page(request, row)

    async def picture(self, request: web.Request) -> web.Response:
        """Return the stored picture, for the page itself: the bucket is another origin, from which the page loads nothing."""
        refuse_unknown(request)
        row = await self._row(request)
        content = await self._store.read(row.shown.object_key) if row.shown is not None else None
        if row.shown is None or content is None:
            raise Problem(404, "nothing is stored for this image")
        headers = {**HEADERS, "Content-Security-Policy": "default-src 'none'; sandbox"}
        return web.Response(body=content, content_type=row.shown.content_type, headers=headers)

    async def republish(self, request: web.Request) -> web.Response:
        """Fetch this one image again: a plan of it alone, started at once."""
        await form_of(request)
        row, actor = await self._row(request), actor_of(request)
        good = row.state is ImageState.DONE
        states = (SelectedState.DONE,) if good else (SelectedState.FAILED, SelectedState.LOST)
        ref = ImageRef(shop_no=row.shop_no, image_id=row.image_id.decode())
        made = await self._control.plan(Draft(Selection(states=states, images=(ref,), include_good=good)), actor)
        started = made if isinstance(made, Refused) else await self._control.start(made.run.number, actor, typed=None)
        if isinstance(started, Refused):
            return await self._image_page(request, row, refused=started.reason)
        return see_other(f"{path_of(*row.key)}?run={started.run.number}")

    async def _image_page(self, request: web.Request, row: ImageRow, *, refused: str | None = None) -> web.Response:
        is_ours = row.error_code is not None and (await self._suspicions.blame()).is_ours(row.fingerprint, row.judged_by)
        return self._frame.page(
            request, "admin/image.html", status=409 if refused else 200, row=row, image_id=row.image_id.decode(), refused=refused,
            why=why_not_shown(row, self._held_by(row.shop_no)), sentence=advice_to_shop(row.error_code, is_ours=is_ours), tones=TONES,
            source=redact_query(row.source_url) if row.source_url else None,
            shown_from=redact_query(row.shown.url) if row.shown else None,
            content=f"{path_of(*row.key)}/picture" if row.shown else None,
            timeline=await self._repository.history(row.key, _TIMELINE), address=path_of(*row.key),
            run=number_of(request.query.get("run"), "run"), dead_letters=self._dead_letters,
            cause=f"/admin/causes/{quote(row.fingerprint, safe='@')}" if row.fingerprint else None,
        )  # fmt: skip

    async def _row(self, request: web.Request) -> ImageRow:
        key: ImageKey = (shop_no_of(request, _SEGMENT), image_id_of(request, _IMAGE_SEGMENT).encode())
        row = (await self._repository.load([key])).get(key)
        if row is None:
            raise Problem(404, "no request for this image was ever accepted")
        return row


def why_not_shown(row: ImageRow, held_by: Sequence[str]) -> str:
    """Return in one sentence how what is wanted relates to what is shown."""
    match row.state:
        case ImageState.DONE if row.error_code:
            return "The newest picture is shown; fetching it once more failed, and it stays."
        case ImageState.DONE:
            return "The newest picture is shown."
        case ImageState.DELETED:
            return "The image was deleted; nothing is shown."
        case ImageState.FAILED:
            return "The newest picture could not be stored; " + ("an older one stays shown." if row.shown else "nothing is shown.")
    if held_by:
        return f"The image waits: {held_by[0]}."
    reason = schedule_reason_text(row)
    return reason or "The image is queued, or a worker is fetching it."
