"""Which settings contradict each other."""

from pathlib import Path

import pytest

from faust_app.core.selfcheck.finding import Verdict
from faust_app.flows.selfcheck.settings_rules import judge_settings
from faust_app.settings import Settings


def settings(tmp_path: Path, **changes: object) -> Settings:
    tokens = tmp_path / "tokens.toml"
    tokens.touch(mode=0o600)
    return Settings(_env_file=None, **{"tokens_file": tokens, "public_base_url": "https://img.example", **changes})  # type: ignore[arg-type]


def test_the_defaults_contradict_nothing(tmp_path: Path) -> None:
    (finding,) = judge_settings(settings(tmp_path), cores=2)
    assert finding.verdict is Verdict.OK


@pytest.mark.parametrize(
    ("changes", "verdict", "named"),
    [
        ({"event_deadline": 55, "drain_grace": 8}, Verdict.ERROR, "EVENT_DEADLINE and DRAIN_GRACE are 63 s"),
        ({"publish_lease": 10}, Verdict.WARNING, "PUBLISH_LEASE=10"),
        ({"slots": 500, "read_ahead": 400}, Verdict.WARNING, "READ_AHEAD=400 cannot fill SLOTS=500"),
        ({"read_ahead_per_partition": 5000}, Verdict.WARNING, "READ_AHEAD_PER_PARTITION is above READ_AHEAD"),
        ({"image_check_processes": 5}, Verdict.WARNING, "IMAGE_CHECK_PROCESSES=5 on 2 cores"),
        ({"fetch_timeout": 50}, Verdict.WARNING, "FETCH_TIMEOUT=50 is not below EVENT_DEADLINE=45"),
        ({"web_bind": "0.0.0.0"}, Verdict.WARNING, "listens on 0.0.0.0:6065 without WEB_PUBLIC_URL"),  # noqa: S104
        ({"port": 5000}, Verdict.WARNING, "listens on 0.0.0.0:5000 without WEB_PUBLIC_URL"),
        ({"web_public_url": "https://images.example"}, Verdict.WARNING, "behind a proxy that is not trusted"),
        ({"tokens_file": None}, Verdict.WARNING, "no tokens"),
        ({"tokens_file": Path("/nowhere/tokens.toml")}, Verdict.ERROR, "TOKENS_FILE /nowhere/tokens.toml cannot be read"),
        ({"report_embed_origins": "https://shop.example"}, Verdict.ERROR, "REPORT_EMBED_ORIGINS without REPORT_LINK_SECRET"),
        ({"public_base_url": None}, Verdict.WARNING, "no PUBLIC_BASE_URL"),
    ],
)
def test_a_contradiction_names_its_settings(tmp_path: Path, changes: dict[str, object], verdict: Verdict, named: str) -> None:
    (finding,) = judge_settings(settings(tmp_path, **changes), cores=2)
    assert (finding.verdict, named in finding.found) == (verdict, True), finding
    assert finding.remedy


def test_a_tokens_file_that_everybody_can_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "open.toml"
    path.touch()
    path.chmod(0o644)
    (finding,) = judge_settings(settings(tmp_path, tokens_file=path), cores=2)
    assert (finding.verdict, finding.remedy) == (Verdict.WARNING, f"run `chmod o-r {path}`")
