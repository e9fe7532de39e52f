"""Settings come from the environment, and what is wrong with them is told by name and never by value."""

import ssl
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from devstack.authority import Authority
from faust_app.settings import ALL_INTERFACES, Settings, SettingsError, load_settings


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("KAFKA_URL", "localhost:9092", "must look like kafka://host:port"),
        ("KAFKA_URL", "kafka://", "must look like kafka://host:port"),
        ("DATABASE_URL", "postgres://u:secret@h/d", "must look like mysql://user:password@host:port/database"),
        ("DATABASE_URL", "mysql://u:secret@h", "must look like mysql://user:password@host:port/database"),
        ("SLOTS", "0", "greater than or equal to 1"),
        ("SLOTS", "secret", "valid integer"),
        ("FAIR_SHARES", "secret", "valid boolean"),
        ("EXPRESS_RATE", "0", "greater than or equal to 0.01"),
        ("EXPRESS_RATE", "-1", "greater than or equal to 0.01"),
        ("EXPRESS_RATE", "nan", "finite number"),
        ("EXPRESS_RATE", "inf", "finite number"),
        ("EXPRESS_RATE", "1001", "less than or equal to 1000"),
        ("EXPRESS_RATE", "secret", "valid number"),
        ("EXPRESS_BURST", "0", "greater than or equal to 1"),
        ("EXPRESS_BURST", "1.5", "valid integer"),
        ("EXPRESS_BURST", "10001", "less than or equal to 10000"),
        ("EXPRESS_DELETES", "0", "greater than or equal to 0.01"),
        ("EXPRESS_DELETES", "nan", "finite number"),
        ("EXPRESS_DELETES", "10001", "less than or equal to 10000"),
        ("S3_BUCKET", "ab", "at least 3 characters"),
        ("TOPIC_PREFIX", "a b", "match pattern"),
        ("SOURCE_ALLOW", "secret", "must look like host:port, [address]:port or 10.0.0.0/8"),
        ("SOURCE_ALLOW", "10.0.0.0/8,secret:0", "a port must be a number from 1 to 65535"),
        ("SOURCE_PORTS", "secret", "a port must be a number from 1 to 65535"),
        ("SOURCE_PORTS", "", "a port must be a number from 1 to 65535"),
        ("IMAGE_CHECK_LEVEL", "secret", "'decode' or 'structure'"),
        ("IMAGE_CHECK_PROCESSES", "0", "greater than or equal to 1"),
        ("LOG_FORMAT", "secret", "'json' or 'console'"),
        ("WEB_PORT", "70000", "less than or equal to 65535"),
        ("ALERT_WEBHOOK_URL", "hooks.test/secret", "must look like https://host/path"),
        ("ALERT_WEBHOOK_URL", "ftp://hooks.test/secret", "must look like https://host/path"),
        ("ALERT_WEBHOOK_URL", "https://hooks.test:x/secret", "must look like https://host/path"),
        ("ALERT_WEBHOOK_FORMAT", "secret", "'standard', 'slack' or 'template'"),
        ("ALERT_WEBHOOK_SECRET", "whsec_secret", "must be whsec_ followed by 24 to 64 bytes in base64"),
        ("ALERT_WEBHOOK_TEMPLATE", "{secret", "is not valid JSON"),
        ("PLATFORM_ZONE", "Europe/secret", "is not a time zone of the IANA database"),
        ("PLATFORM_ZONE", "../secret", "is not a time zone of the IANA database"),
        ("PLATFORM_ZONE", "", "is not a time zone of the IANA database"),
        ("S3_ENDPOINT_URL", "minio:9000", "must look like https://host/path"),
        ("DATABASE_URL", "mysql://user:secret@host:port/db", "must look like mysql://user:password@host:port/database"),
        ("DIGEST_AT", "24:00", "match pattern"),
        ("DIGEST_AT", "9:00", "match pattern"),
        ("WEB_PUBLIC_URL", "images.secret", "must look like https://host/path"),
        ("DATABASE_CA", "/no/secret.pem", "its file cannot be read: No such file or directory"),
        ("S3_CA", "-----BEGIN CERTIFICATE-----\\nsecret\\n-----END CERTIFICATE-----", "is no certificate in PEM"),
        ("REDIS_CA", "/no/secret.pem", "needs a REDIS_URL that begins with rediss://"),
        ("KAFKA_CA", "/no/secret.pem", "has no meaning with KAFKA_SECURITY=plaintext"),
        ("KAFKA_PASSWORD", "secret", "has no meaning with KAFKA_SECURITY=plaintext"),
        ("TOPIC_MIN_INSYNC_REPLICAS", "4", "must be at most TOPIC_REPLICATION=3, or nothing could be published"),
        ("S3_ACCESS_KEY_ID", "secret", "needs S3_SECRET_ACCESS_KEY, and the other way round"),
    ],
)
def test_a_wrong_setting_is_told_by_its_name_and_never_by_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings(None)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{name}: ")
    assert reason in line
    assert "secret" not in line


@pytest.mark.parametrize(
    ("form", "needed"), [("standard", "ALERT_WEBHOOK_SECRET"), ("template", "ALERT_WEBHOOK_TEMPLATE"), ("slack", None)]
)
def test_a_messenger_needs_what_its_format_needs(monkeypatch: pytest.MonkeyPatch, form: str, needed: str | None) -> None:
    monkeypatch.setenv("ALERT_WEBHOOK_URL", "https://hooks.test/secret")
    monkeypatch.setenv("ALERT_WEBHOOK_FORMAT", form)
    if needed is None:
        assert load_settings(None).alert_webhook_format == form
        return
    with pytest.raises(SettingsError) as caught:
        load_settings(None)
    assert str(caught.value) == f"{needed}: is needed for ALERT_WEBHOOK_FORMAT={form}"


@pytest.mark.parametrize(
    ("security", "lacking"),
    [("sasl_ssl", "KAFKA_USERNAME"), ("sasl_plaintext", "KAFKA_USERNAME"), ("ssl", None)],
)
def test_kafka_needs_what_its_security_needs(monkeypatch: pytest.MonkeyPatch, security: str, lacking: str | None) -> None:
    monkeypatch.setenv("KAFKA_SECURITY", security)
    if lacking is None:
        assert load_settings(None).kafka["security_protocol"] == "SSL"
        return
    with pytest.raises(SettingsError) as caught:
        load_settings(None)
    assert str(caught.value) == f"{lacking}: is needed for KAFKA_SECURITY={security}"


def test_certificates_are_taken_as_files_and_as_text(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.client
    kafka: dict[str, Any] = {"kafka_security": "ssl", "kafka_ca": str(authority.ca)}
    for certificate, key in ((str(pair.certificate), str(pair.key)), (pair.certificate.read_text(), pair.key.read_text())):
        made = Settings(_env_file=None, **kafka, kafka_certificate=certificate, kafka_key=key).kafka["ssl_context"]
        assert made.verify_mode is ssl.CERT_REQUIRED
        assert made.check_hostname
    of_one_line = pair.certificate.read_text().replace("\n", "\\n")
    assert Settings(_env_file=None, **kafka, kafka_certificate=of_one_line, kafka_key=str(pair.key)).kafka["ssl_context"]
    other = authority.issue("other")
    with pytest.raises(ValueError, match="KAFKA_CERTIFICATE: certificate and key are not a pair"):
        Settings(_env_file=None, **kafka, kafka_certificate=str(pair.certificate), kafka_key=str(other.key))


@pytest.mark.parametrize("name", ["kafka_ca", "kafka_certificate", "kafka_key"])
def test_a_file_that_is_not_there_is_told_by_its_own_setting(tmp_path: Path, name: str) -> None:
    pair = Authority(tmp_path).client
    values: dict[str, Any] = {"kafka_certificate": str(pair.certificate), "kafka_key": str(pair.key), name: "/no/secret.pem"}
    with pytest.raises(ValueError, match=f"{name.upper()}: its file cannot be read: No such file or directory"):
        Settings(_env_file=None, kafka_security="ssl", **values)


def test_the_digest_has_a_time_in_the_platforms_zone() -> None:
    settings = Settings(_env_file=None, platform_zone="Asia/Kolkata", digest_at="07:30", web_public_url="https://images.test/")
    assert (settings.digest_time, str(settings.zone), settings.web_public_url) == (time(7, 30), "Asia/Kolkata", "https://images.test")


def test_every_wrong_setting_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOTS", "x")
    monkeypatch.setenv("KAFKA_URL", "x")
    with pytest.raises(SettingsError) as caught:
        load_settings(None)
    assert sorted(line.partition(":")[0] for line in str(caught.value).splitlines()) == ["KAFKA_URL", "SLOTS"]


def test_a_file_of_settings_is_read_and_the_environment_wins_over_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("SLOTS='7'\nWEB_PORT='7000'\nWEB_URL='not a setting of the processes'\n")
    monkeypatch.setenv("WEB_PORT", "7001")
    settings = load_settings(file)
    assert (settings.slots, settings.web_port) == (7, 7001)


def test_a_secret_is_never_shown() -> None:
    settings = Settings(
        _env_file=None, database_url="mysql://u:s3cret@h/d", s3_access_key_id="k", s3_secret_access_key="s3cret",
        alert_webhook_format="slack",
        alert_webhook_url="https://hooks.test/s3cret", alert_webhook_secret="whsec_" + "s3cret00" * 4,
    )  # fmt: skip
    assert "s3cret" not in repr(settings) + str(settings)
    assert settings.database["password"] == "s3cret"


@pytest.mark.parametrize("login", ["", "stats@", "stats:@", ":@"])
def test_an_embedded_store_needs_a_password(tmp_path: Path, login: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATISTICS_DIR", str(tmp_path))
    monkeypatch.setenv("CLICKHOUSE_URL", f"http://{login}127.0.0.1:6067/default")
    with pytest.raises(SettingsError, match=r"\ACLICKHOUSE_URL: needs a user and a password"):
        load_settings(None)
    monkeypatch.setenv("CLICKHOUSE_URL", "http://stats:a%2Fb@127.0.0.1:6067/default")
    assert load_settings(None).clickhouse_password == "a/b"


def test_a_password_may_hold_every_character_when_it_is_percent_encoded() -> None:
    settings = Settings(_env_file=None, database_url="mysql://u:p%40%3A%2F%25@h:3307/d")
    assert settings.database == {"host": "h", "port": 3307, "user": "u", "password": "p@:/%", "db": "d"}


@pytest.mark.parametrize(
    ("environment", "listening"),
    [
        ({}, ("127.0.0.1", 6065)),
        ({"PORT": "5000"}, (ALL_INTERFACES, 5000)),
        ({"PORT": "5000", "WEB_BIND": "10.0.0.1"}, ("10.0.0.1", 5000)),
        ({"PORT": "5000", "WEB_PORT": "7000"}, ("127.0.0.1", 7000)),
    ],
)
def test_a_port_of_the_platform_is_where_the_web_process_listens(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], listening: tuple[str, int]
) -> None:
    for name in ("PORT", "WEB_PORT", "WEB_BIND"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert load_settings(None).listening == listening
