"""Every text of the shop's pages, one table a subject: key to (English, Korean). Braces name what is filled in.

A text that depends on a number has two keys, ending in `.one` and `.other`.
"""

from collections.abc import Mapping
from typing import Final

from faust_app.web.reports.texts.codes import CODES
from faust_app.web.reports.texts.enter import ENTER
from faust_app.web.reports.texts.figures import FIGURES
from faust_app.web.reports.texts.frame import FRAME
from faust_app.web.reports.texts.let_us_in import LET_US_IN
from faust_app.web.reports.texts.mend import MEND
from faust_app.web.reports.texts.test_fetch import TEST

TABLES: Final[tuple[Mapping[str, tuple[str, str]], ...]] = (FRAME, FIGURES, ENTER, MEND, CODES, TEST, LET_US_IN)
TEXTS: Final[Mapping[str, tuple[str, str]]] = {key: words for table in TABLES for key, words in table.items()}
