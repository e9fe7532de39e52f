"""When this process's tokens and certificates end."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from faust_app.metrics import Metrics
from faust_app.settings import Settings
from faust_app.tls import SYSTEM, certificate_ends
from faust_app.web.auth.token_book import Token, TokenBook
from faust_app.wiring.metrics import show_ends

_AUTHORITIES: Final = ("kafka_ca", "database_ca", "s3_ca", "redis_ca")


def ends_of(settings: Settings, tokens: Sequence[Token] = ()) -> Mapping[str, datetime]:
    """Return the end of each certificate of the settings, and of each token that has one: UTC without a zone, by name.

    Several authorities end with the last one, for any of them may have signed; a chain ends with its first certificate.
    Raises CertificateError.
    """
    ends = {name: each[-1] for name, each in _authorities(settings).items()}
    if settings.kafka_certificate is not None:
        ends["KAFKA_CERTIFICATE"] = certificate_ends(settings.kafka_certificate)[0]
    return ends | _ends_of_tokens(tokens)


def first_ends_of(settings: Settings) -> Mapping[str, datetime]:
    """Return when the first of several authorities in one setting ends: UTC without a zone, by name. Raises CertificateError."""
    return {name: each[0] for name, each in _authorities(settings).items() if len(each) > 1}


def _authorities(settings: Settings) -> dict[str, list[datetime]]:
    named = {name.upper(): getattr(settings, name) for name in _AUTHORITIES}
    return {name: certificate_ends(value) for name, value in named.items() if value is not None and value != SYSTEM}


def open_tokens(settings: Settings, metrics: Metrics) -> TokenBook:
    """Return the tokens, whose ends and those of the certificates are metrics, after each reload too. Raises TokensError."""
    certificates = ends_of(settings)  # as they were read at the start: a replaced one counts with the next

    def loaded(tokens: Sequence[Token]) -> None:
        show_ends(metrics, {**certificates, **_ends_of_tokens(tokens)})

    return TokenBook(settings.tokens_file, settings.tokens_text, loaded=loaded)


def _ends_of_tokens(tokens: Sequence[Token]) -> dict[str, datetime]:
    return {f"token {token.name}": token.until for token in tokens if token.until is not None}
