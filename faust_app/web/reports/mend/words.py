"""What is said of failures and of how a shop stands, in the reader's language."""

from zoneinfo import ZoneInfo

from faust_app.core.images.row import ImageRow
from faust_app.core.imports.run import ImportRun, ImportStatus
from faust_app.core.reports.mend import Fetching, MendGroup, Standing, Standings
from faust_app.core.reports.picture import Picture, Showing
from faust_app.flows.reports.mend import MendOverview
from faust_app.web.reports.language import Language
from faust_app.web.reports.texts import TEXTS


def reason(language: Language, standing: Standing | None, code: str | None) -> str:
    """Return why images are not stored; nothing that is ours is told as the shop's fault."""
    if standing is Standing.OURS:
        return language.text("mend.unknown")
    if f"code.{code}" in TEXTS:
        return language.text(f"code.{code}")
    return language.text("mend.waiting" if standing is Standing.TRYING else "mend.unknown")


def to_do(language: Language, standing: Standing | None, code: str | None) -> str:
    """Return what the shop has to do; empty where it is nothing."""
    if standing is Standing.ACT and f"code.{code}.do" in TEXTS:
        return language.text(f"code.{code}.do")
    if standing is Standing.ACT:
        return ""
    return language.text("mend.trying.text" if standing is Standing.TRYING else "mend.ours.text")


def group_reason(language: Language, group: MendGroup) -> str:
    """Return the reason of a group."""
    return reason(language, group.standing, group.code)


def stands(language: Language, found: Standings) -> list[str]:
    """Return the first line of the page, as sentences."""
    if not found.wanted:
        return [language.text("mend.no_images")]
    shown = language.number(found.shown)
    sentences = [language.counted("mend.least" if found.at_least else "mend.shown", found.wanted, shown=shown)]
    if found.pictureless:
        sentences.append(language.counted("mend.pictureless", found.pictureless))
    if found.older:
        sentences.append(language.counted("mend.older", found.older))
    if found.in_progress:
        sentences.append(language.counted("mend.way", found.in_progress))
    return sentences


def around(language: Language, found: MendOverview, zone: ZoneInfo) -> list[str]:
    """Return the second line: the last import, and how fast the shop's server answers."""
    sentences = [] if found.last_import is None else _imported(language, found.last_import, found.fetching, zone)
    if found.answer_seconds is not None:
        sentences.append(language.text("mend.answers", time=language.seconds(found.answer_seconds * 1000)))
    return sentences


def _imported(language: Language, run: ImportRun, fetching: Fetching | None, zone: ZoneInfo) -> list[str]:
    """Return how long the import took: until its last picture was fetched, where that is known, else until the file was read."""
    images = run.counts.entries - run.counts.rejected
    if run.ended_at is None or run.status is ImportStatus.RUNNING:
        sentences = [language.counted("mend.importing", images)]
    elif fetching is not None and fetching.in_progress:
        sentences = [language.counted("mend.fetching", images, left=language.number(fetching.in_progress))]
    else:
        known = fetching is not None and fetching.ended_at is not None and fetching.ended_at >= run.started_at
        ended = fetching.ended_at if fetching is not None and fetching.ended_at is not None and known else run.ended_at
        spent, key = language.seconds((ended - run.started_at).total_seconds() * 1000), "mend.fetched" if known else "mend.import"
        sentences = [language.counted(key, images, time=spent, moment=language.moment(ended, zone))]
    if run.counts.rejected:
        sentences.append(language.counted("mend.rejected", run.counts.rejected))
    return sentences


def shown(language: Language, picture: Picture, zone: ZoneInfo) -> str:
    """Return what visitors see of a picture, and since when."""
    if picture.showing in {Showing.NEWEST, Showing.OLDER} and picture.shown_since is not None:
        return language.text(f"picture.{picture.showing.value}.since", moment=language.moment(picture.shown_since, zone))
    return language.text(f"picture.{picture.showing.value}")


def called(row: ImageRow) -> str:
    """Return what a shop's people call an image: its product's name, else its SKU, else its id."""
    return row.product_name or row.sku or row.image_id.decode()
