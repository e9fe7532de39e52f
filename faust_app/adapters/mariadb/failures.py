"""What an error of the driver stands for: the database is unavailable, a value cannot be stored, or our own statement is wrong."""

import asyncio
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pymysql

from faust_app.core.failure import Dependency, FailureCode, Misconfigured, Permanent, Unavailable
from faust_app.tls import TlsFault, tls_fault


def is_unavailable(error: BaseException) -> bool:
    """Return whether the database is unavailable or overloaded, and not our own statement wrong."""
    if isinstance(error, pymysql.err.OperationalError | pymysql.err.InternalError | pymysql.err.InterfaceError):
        return not error.args or error.args[0] not in _OURS
    return isinstance(error, OSError | asyncio.IncompleteReadError | ssl.SSLError | TimeoutError)


_OURS: Final = {
    1054, 1060, 1062, 1064, 1093, 1110, 1136, 1146, 1149, 1172, 1210, 1222, 1241, 1242, 1267, 1305, 1364, 1390,
}  # fmt: skip
"""Errors that our own statement earns, whatever class the driver gives them: columns, syntax, too many parameters (1390).
They are internal errors, and waiting for the database would hide them."""

_CONTENT: Final = {
    1048, 1118, 1153, 1264, 1265, 1292, 1300, 1366, 1367, 1406, 1411, 1416, 1441, 1452, 1525, 1690, 1977, 3140, 3819, 3854, 3903, 4025,
    4078, 4161,
}  # fmt: skip
"""Errors that a value earns for what it is, on MariaDB and MySQL: null, out of range, too long, of another encoding or type, no
date, against a constraint (3819, 4025), larger than a packet (1153) or a row (1118)."""
_COLUMN: Final = re.compile(r"column '?(?:`\w+`\.`\w+`\.)?`?(\w+)")


@contextmanager
def refusals_named() -> Iterator[None]:
    """Translate what the database, or the driver, says of a value that it cannot take."""
    try:
        yield
    except pymysql.err.MySQLError as error:
        if not error.args or error.args[0] not in _CONTENT:
            raise
        raise Permanent(FailureCode.UNSTORABLE_RESULT, _refusal(error)) from error
    except UnicodeEncodeError as error:  # the driver encodes the statement
        raise Permanent(FailureCode.UNSTORABLE_RESULT, "A value is not valid Unicode.") from error


def _refusal(error: pymysql.err.MySQLError) -> str:
    """Return which column refused its value; the value itself is a stranger's."""
    number, message = error.args[0], str(error.args[1]) if len(error.args) > 1 else ""
    column = _COLUMN.search(message)
    return f"The database refused the value of {column[1] if column else 'a column'} with error {number}."


_TLS_REQUIRED: Final = 3159
_REFUSED: Final = {
    1043: ("The database and we agree on no TLS", "DATABASE_CA"),
    1044: ("The database refuses the account this database", "DATABASE_URL"),
    1045: ("The database refuses the user or the password, or asks for TLS", "DATABASE_URL and DATABASE_CA"),
    1049: ("There is no database of this name", "DATABASE_URL"),
    1130: ("The database takes no connection from this host", "DATABASE_URL"),
    1698: ("The database refuses the user or the password", "DATABASE_URL"),
    _TLS_REQUIRED: ("The database takes connections by TLS only", "DATABASE_CA"),
}
"""What a server says to whoever connects, by its code, and the setting that it is about."""
_OF_TLS: Final = {
    TlsFault.UNTRUSTED: "DATABASE_CA",
    TlsFault.EXPIRED: "the certificate of the server in DATABASE_URL",
    TlsFault.NOT_YET_VALID: "the certificate of the server in DATABASE_URL",
    TlsFault.OTHER_HOST: "DATABASE_URL",
    TlsFault.REFUSED: "DATABASE_CA",
}


def unavailable(error: BaseException, what: str = "") -> Unavailable:
    """Return the failure that an error of the driver stands for; `what` is a sentence that comes before."""
    code = error.args[0] if error.args else None
    fault = tls_fault(error)
    if fault in _OF_TLS:
        return Misconfigured(Dependency.DATABASE, f"{what} The database {fault.value}.".strip(), setting=_OF_TLS[fault])
    if isinstance(error, pymysql.err.MySQLError) and code in _REFUSED:
        sentence, setting = _REFUSED[code]
        return Misconfigured(Dependency.DATABASE, f"{what} {sentence} (error {code}).".strip(), setting=setting)
    return Unavailable(Dependency.DATABASE, f"{what} {describe(error)}".strip())


def without_tls() -> Misconfigured:
    """Return the failure of a server that offers no TLS although we ask for it."""
    return Misconfigured(Dependency.DATABASE, "The database offers no TLS.", setting="DATABASE_CA")


def describe(error: BaseException) -> str:
    """Return what the driver or the socket said, as a sentence; texts of the server may quote what is in a row."""
    code = error.args[0] if error.args else None
    if isinstance(error, pymysql.err.MySQLError) and isinstance(code, int) and code:
        return f"The database, or the way to it, failed with error {code}."
    if isinstance(error, TimeoutError):
        return "The database did not answer in time."
    return "The connection to the database broke off."
