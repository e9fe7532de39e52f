"""`/reports/{shop_no}/pictures/{image_id}`: what is shown, since when, why not the newest, what to do, and the next try."""

from typing import Final

from aiohttp import web

from faust_app.core.redact import redact_query
from faust_app.core.reports.picture import Showing
from faust_app.flows.reports.mend import Mend
from faust_app.web.admin.forms import form_of, refuse_unknown, see_other
from faust_app.web.auth.tokens import actor_of
from faust_app.web.contract.bodies import image_id_of, shop_no_of
from faust_app.web.reports.frame import SEGMENT, SHOP, ReportFrame, ReportProblem, linked
from faust_app.web.reports.language import PARAMETER, language_of
from faust_app.web.reports.mend.overview import MEND, outcome, picture_path, tried, words_of
from faust_app.web.reports.mend.words import called, shown

_IMAGE_SEGMENT: Final = 4
"""Where `/reports/{shop_no}/pictures/{image_id}` has the image."""
_TONES: Final = {Showing.NEWEST: "ok", Showing.OLDER: "warn", Showing.NOTHING: "bad", Showing.DELETED: "plain"}


class PicturePage:
    """Serves the page of one picture, and its button."""

    def __init__(self, frame: ReportFrame, mend: Mend) -> None:
        self._frame = frame
        self._mend = mend

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        picture = SHOP + "/pictures/{image_id:[^/]+}"
        router.add_get(picture, self.show)
        router.add_post(picture + "/retries", self.retry)

    async def show(self, request: web.Request) -> web.Response:
        """Show where the picture stands."""
        refuse_unknown(request, "tried", PARAMETER)
        shop_no, image_id, language = shop_no_of(request, SEGMENT), image_id_of(request, _IMAGE_SEGMENT), language_of(request)
        picture = await self._mend.picture(shop_no, image_id.encode())
        if picture is None:
            raise ReportProblem(404, "picture.unknown")
        row = picture.row
        return self._frame.page(
            request, "reports/picture.html", path=MEND.format(shop_no=shop_no), picture=picture, row=row, image_id=image_id,
            name=called(row), shown=shown(language, picture, self._frame.zone), tone=_TONES[picture.showing],
            address=redact_query(row.source_url) if row.source_url else None,
            old_address=redact_query(row.shown.url) if row.shown is not None and picture.showing is Showing.OLDER else None,
            self_path=picture_path(shop_no, row.image_id), tried=tried(request, language), **words_of(request, language),
        )  # fmt: skip

    async def retry(self, request: web.Request) -> web.Response:
        """Have the picture tried again."""
        await form_of(request)
        shop_no, image_id = shop_no_of(request, SEGMENT), image_id_of(request, _IMAGE_SEGMENT)
        result = await self._mend.retry_one(shop_no, image_id, actor_of(request))
        return see_other(linked(request, picture_path(shop_no, image_id.encode()), tried=outcome(result)))
