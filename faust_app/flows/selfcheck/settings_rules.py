"""Settings that contradict each other, or the rules by which Faust keeps its promises."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from faust_app.core.messages.limits import PUBLISH_SECONDS, REBALANCE_SECONDS
from faust_app.core.messages.topics import PARTITIONS
from faust_app.core.selfcheck.finding import Finding, error, ok, warning
from faust_app.settings import Settings


def judge_settings(settings: Settings, cores: int | None = None) -> list[Finding]:
    """Return what contradicts, or that nothing does; reads nothing but the mode of the tokens file."""
    cores = cores or os.cpu_count() or 1
    return list(_judge(settings, cores)) or [ok("settings", "no contradictions")]


def _judge(settings: Settings, cores: int) -> Iterator[Finding]:
    yield from _faust(settings)
    yield from _capacity(settings, cores)
    yield from _web(settings)
    yield from _reports(settings)
    if settings.tokens_file is not None:
        yield from _readable(settings.tokens_file)


def _faust(settings: Settings) -> Iterator[Finding]:
    if settings.event_deadline + settings.drain_grace > REBALANCE_SECONDS:
        total = settings.event_deadline + settings.drain_grace
        remedy = "keep them below it together: a rebalance would end without this worker, and its events would begin anew"
        yield error("settings", f"EVENT_DEADLINE and DRAIN_GRACE are {total:.0f} s, Kafka waits {REBALANCE_SECONDS:.0f} s", remedy)
    if settings.publish_lease <= PUBLISH_SECONDS:
        remedy = f"set it above {PUBLISH_SECONDS:.0f}: two processes would publish the same rows"
        yield warning("settings", f"PUBLISH_LEASE={settings.publish_lease:.0f} ends before a publication gives up", remedy)
    if settings.read_ahead < settings.slots:
        remedy = "set READ_AHEAD to at least SLOTS, better ten times that"
        yield warning("settings", f"READ_AHEAD={settings.read_ahead} cannot fill SLOTS={settings.slots}", remedy)
    if settings.read_ahead_per_partition > settings.read_ahead:
        remedy = f"set READ_AHEAD_PER_PARTITION to a share of it; a topic has {PARTITIONS} partitions"
        yield warning("settings", "READ_AHEAD_PER_PARTITION is above READ_AHEAD: one partition may take all of it", remedy)


def _capacity(settings: Settings, cores: int) -> Iterator[Finding]:
    if settings.image_check_level == "decode" and settings.image_check_processes > 2 * cores:
        found = f"IMAGE_CHECK_PROCESSES={settings.image_check_processes} on {cores} cores"
        yield warning("settings", found, "set it to the number of cores: more only wait for each other")
    if settings.fetch_timeout >= settings.event_deadline:
        remedy = "set FETCH_TIMEOUT below EVENT_DEADLINE: a slow download would end as an aborted event, without its code"
        found = f"FETCH_TIMEOUT={settings.fetch_timeout:g} is not below EVENT_DEADLINE={settings.event_deadline:g}"
        yield warning("settings", found, remedy)


def _web(settings: Settings) -> Iterator[Finding]:
    listening = settings.listening
    if listening.host not in {"127.0.0.1", "localhost", "::1"} and settings.web_public_url is None:
        remedy = "set WEB_PUBLIC_URL: links in alerts, and the check of where a change comes from, need it"
        yield warning("settings", f"the web process listens on {listening.place} without WEB_PUBLIC_URL", remedy)
    if settings.web_public_url is not None and settings.web_public_url.startswith("https:") and settings.trusted_proxies is None:
        remedy = "set TRUSTED_PROXIES to the proxy's addresses: without it every log-in seems to come from the proxy"
        yield warning("settings", "WEB_PUBLIC_URL is behind a proxy that is not trusted", remedy)
    if settings.tokens_file is None and settings.tokens_text is None:
        yield warning("settings", "no tokens", "set TOKENS_FILE or TOKENS: without them every request for intake is answered 401")


def _reports(settings: Settings) -> Iterator[Finding]:
    if settings.report_embed_origins and settings.report_link_secret is None:
        remedy = "set REPORT_LINK_SECRET: without it there are no links that let a shop in"
        yield error("settings", "REPORT_EMBED_ORIGINS without REPORT_LINK_SECRET", remedy)
    if settings.public_base_url is None:
        yield warning("settings", "no PUBLIC_BASE_URL", "set it to the address of the bucket or its CDN: `/i/` answers 404 without it")


def _readable(path: Path) -> Iterator[Finding]:
    try:
        mode = path.stat().st_mode
    except OSError:
        yield error("settings", f"TOKENS_FILE {path} cannot be read", "create it, or correct the path")
        return
    if mode & stat.S_IROTH:
        yield warning("settings", f"every user of this machine can read TOKENS_FILE {path}", f"run `chmod o-r {path}`")
