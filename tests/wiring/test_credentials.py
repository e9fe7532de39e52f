"""When tokens and certificates end."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from devstack.authority import Authority
from faust_app.metrics import Metrics
from faust_app.settings import Settings
from faust_app.tls import CertificateError, certificate_ends
from faust_app.web.auth.token_book import Token
from faust_app.wiring.credentials import ends_of, first_ends_of, open_tokens

END = datetime(2027, 3, 1, 12, tzinfo=UTC)
BARE = END.replace(tzinfo=None)


def test_several_authorities_end_with_the_last_and_a_chain_with_its_first(tmp_path: Path) -> None:
    authority, late_end = Authority(tmp_path), BARE + timedelta(days=9)
    early = trustme.CA().issue_cert("a.test", not_after=END)
    late = trustme.CA().issue_cert("b.test", not_after=END + timedelta(days=9))
    pem = "".join(each.cert_chain_pems[0].bytes().decode() for each in (late, early))
    assert certificate_ends(pem) == certificate_ends(pem.replace("\n", "\\n")) == [BARE, late_end]
    settings = Settings(_env_file=None, database_ca=pem)
    assert (ends_of(settings), first_ends_of(settings)) == ({"DATABASE_CA": late_end}, {"DATABASE_CA": BARE})
    pair = authority.client
    chain = pair.certificate.read_text() + early.cert_chain_pems[0].bytes().decode()
    settings = Settings(_env_file=None, kafka_security="ssl", kafka_certificate=chain, kafka_key=str(pair.key))
    assert ends_of(settings)["KAFKA_CERTIFICATE"] == min(certificate_ends(chain))
    assert first_ends_of(settings) == {}


def test_what_is_no_certificate_is_refused() -> None:
    with pytest.raises(CertificateError):
        certificate_ends("-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n")


def test_the_ends_of_certificates_and_tokens_are_found_by_name() -> None:
    pem = trustme.CA().issue_cert("a.test", not_after=END).cert_chain_pems[0].bytes().decode()
    settings = Settings(_env_file=None, database_ca=pem, redis_ca=None)
    tokens = [Token("shop", "x", frozenset({"intake"}), None, BARE), Token("other", "y", frozenset({"view"}))]
    assert ends_of(settings, tokens) == {"DATABASE_CA": BARE, "token shop": BARE}
    assert ends_of(Settings(_env_file=None, database_ca="system")) == {}


def shown(metrics: Metrics) -> dict[str, float]:
    (family,) = (each for each in metrics.registry.collect() if each.name == "shop_images_credential_expires_timestamp_seconds")
    return {sample.labels["credential"]: sample.value for sample in family.samples}


async def test_the_metric_of_ends_follows_the_tokens_file(tmp_path: Path) -> None:
    pem = trustme.CA().issue_cert("a.test", not_after=END).cert_chain_pems[0].bytes().decode()
    path, metrics = tmp_path / "tokens.toml", Metrics()
    entry = "[{}]\ntoken = '{}'\nscopes = ['view']\nuntil = {}\n"
    path.write_text(entry.format("old", "x", "2027-01-31T00:00:00Z") + entry.format("shop", "y", "2027-01-31T00:00:00Z"))
    book = open_tokens(Settings(_env_file=None, database_ca=pem, tokens_file=path), metrics)
    first = datetime(2027, 1, 31, tzinfo=UTC).timestamp()
    assert shown(metrics) == {"DATABASE_CA": END.timestamp(), "token old": first, "token shop": first}
    path.write_text(entry.format("shop", "another", "2028-01-31T00:00:00Z"))
    await book.run_pass()
    assert shown(metrics) == {"DATABASE_CA": END.timestamp(), "token shop": datetime(2028, 1, 31, tzinfo=UTC).timestamp()}
    path.write_text("[wrong")
    await book.run_pass()
    assert list(shown(metrics)) == ["DATABASE_CA", "token shop"]
