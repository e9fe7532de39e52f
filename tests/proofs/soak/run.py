"""One run: load and faults side by side, then quiet, then the oracle."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from devstack.hostile_source import HostileSource
from devstack.stack import Stack
from faust_app.settings import Settings
from tests.e2e.installation import Installation
from tests.proofs.soak.controls import Controls
from tests.proofs.soak.faults import KINDS, Faults, ProcessManager
from tests.proofs.soak.load import DEAD_SHOP, Load, Sources
from tests.proofs.soak.proxy import Mode, Proxy
from tests.proofs.soak.told import Told, compare

QUIET_SECONDS = 60.0
"""After the last fault nothing may be unfinished for longer; dead members leave the group and breakers close before."""
RECOVERY_SECONDS = 90.0
MOST_DEAD_ATTEMPTS = 30
"""Ten failures in a row find that a host is down, over all workers and restarts; there are three such hosts."""


@dataclass(frozen=True)
class Plan:
    """What a run does; the same seed draws the same faults and controls."""

    kills: int
    pause: float
    other_pause: float
    control_pause: float = 5.0
    images: int = 2000
    workers: int = 3
    rate: float = 40.0
    seed: int = 1
    kinds: frozenset[str] = frozenset(KINDS)


@dataclass
class Report:
    """What was done, what came of it, and what does not hold."""

    plan: Plan
    seconds: float
    faults: dict[str, int]
    requests: dict[str, int]
    exits: int
    unfinished_after_quiet: int
    oracle: dict[str, Any]
    puts: int
    needed_puts: int
    dead_failed: int
    dead_attempts: int
    told: Told
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems

    def lines(self) -> list[str]:
        faults = ", ".join(f"{count} x {kind}" for kind, count in sorted(self.faults.items()))
        return [
            f"seed {self.plan.seed}, {self.seconds:,.0f} s: {faults}",
            f"{self.requests.get('acknowledged', 0):,} requests acknowledged, {self.requests.get('unknown', 0):,} without an answer",
            f"requests refused because their shop was paused: {self.requests.get('of a paused shop', 0):,}",
            f"workers that ended and were started again: {self.exits:,}",
            f"images: {self.oracle['images']}, objects: {self.oracle['objects']:,}",
            f"unfinished {QUIET_SECONDS:.0f} s after the last fault's recovery: {self.unfinished_after_quiet}",
            f"PUTs: {self.puts:,} for {self.needed_puts:,} stored versions ({self.puts / max(1, self.needed_puts):.2f} x)",
            f"of dead hosts: {self.requests.get('of dead hosts', 0):,} requests, {self.dead_attempts} attempts, {self.dead_failed} failed",
            self.told.line,
            *(f"  {each}" for each in (*self.told.missing, *self.told.contradicting)[:20]),
            f"violations: {len(self.oracle['violations'])}",
            *(f"  {violation}" for violation in self.oracle["violations"][:20]),
            *(f"PROBLEM: {problem}" for problem in self.problems),
        ]


async def soak(plan: Plan, settings: Settings, stack: Stack, folder: Path, told: Callable[[int], None]) -> Report:
    """Run the plan on an installation of its own; return the report."""
    async with HostileSource() as hostile:
        refusing = f"127.0.0.2:{hostile.port}"  # nothing listens at that address
        opened = settings.model_copy(update={"source_allow": f"{settings.source_allow},127.0.0.1:{hostile.port},{refusing}"})
        dead = (f"http://{refusing}/{{}}", "http://gone.invalid/{}", "http://never.was.invalid/{}")
        good = f"{stack.image_source.address}/flat/{{}}?bytes=6000"
        return await _soak(plan, opened, stack, folder, told, Sources(good, hostile.url("strange/{}"), dead))


async def _soak(plan: Plan, settings: Settings, stack: Stack, folder: Path, told: Callable[[int], None], sources: Sources) -> Report:
    started = time.monotonic()
    proxies = {
        "kafka": Proxy(stack.ports.kafka_proxy, stack.ports.kafka_behind_proxy),
        "database": Proxy(0, stack.ports.mariadb),
        "storage": Proxy(0, stack.ports.s3),
    }
    for proxy in proxies.values():
        await proxy.start()
    installation = Installation(_behind(settings, proxies), stack, folder)
    direct = Installation(settings, stack, folder)
    ledger = folder / "ledger.jsonl"
    manager = ProcessManager(installation, plan.workers)
    controls = Controls(direct.settings, plan.seed)
    faults = Faults(stack, manager, proxies, set(plan.kinds), plan.seed)
    try:
        web = await installation.start_web()
        token = stack.environment()["OPERATE_TOKEN"]
        base = [f"http://127.0.0.1:{web.port}"]
        load = Load(base, token, sources, ledger, settings.topic_prefix, images=plan.images, seed=plan.seed)
        over, quiet = asyncio.Event(), asyncio.Event()
        managing = asyncio.create_task(manager.run(quiet))
        loading = asyncio.create_task(load.run(over, plan.rate))
        others = asyncio.create_task(faults.do_others(over, plan.other_pause))
        controlling = asyncio.create_task(controls.run(over, plan.control_pause))
        await asyncio.gather(faults.kill_workers(plan.kills, plan.pause, told), faults.each_once.wait())
        over.set()
        await asyncio.gather(loading, others, controlling)
        for proxy in proxies.values():
            proxy.set(Mode.OPEN)
        await controls.lift_all()
        unfinished = await _quiet(direct)
        quiet.set()
        await managing
        report = await _report(plan, direct, proxies["storage"], ledger)
    finally:
        installation.close()
        for proxy in proxies.values():
            await proxy.stop()
    report.seconds, report.unfinished_after_quiet = time.monotonic() - started, unfinished
    report.faults, report.requests, report.exits = dict(faults.counts + controls.counts), dict(load.counts), manager.exits
    report.problems = _problems(report)
    return report


def _behind(settings: Settings, proxies: dict[str, Proxy]) -> Settings:
    """Return the settings of processes whose every connection goes through a proxy."""
    address = settings.database_url.get_secret_value()
    head, _, tail = address.rpartition("@")
    database = f"{head}@127.0.0.1:{proxies['database'].port}/{tail.partition('/')[2]}"
    changes = {
        "database_url": SecretStr(database),
        "kafka_url": f"kafka://127.0.0.1:{proxies['kafka'].port}",
        "s3_endpoint_url": f"http://127.0.0.1:{proxies['storage'].port}",
    }
    return settings.model_copy(update=changes)


async def _quiet(direct: Installation) -> int:
    """Wait until everything is finished; return what is not when the time is over."""
    sql = f"SELECT COUNT(*) FROM image WHERE state = 'IN_PROGRESS' AND shop_no < {DEAD_SHOP}"  # noqa: S608 - a number of ours
    limit = time.monotonic() + RECOVERY_SECONDS + QUIET_SECONDS
    while time.monotonic() < limit:
        ((count,),) = direct.query(sql)
        if count == 0:
            return 0
        await asyncio.sleep(0.5)
    return int(count)


async def _report(plan: Plan, direct: Installation, storage: Proxy, ledger: Path) -> Report:
    collected = "SELECT COUNT(*) FROM garbage WHERE due_at <= UTC_TIMESTAMP(6) - INTERVAL 1 MINUTE"
    await direct.until(lambda: direct.query(collected) == ((0,),), "what is due is collected", limit=90.0)
    out, _ = await direct.run_command("check", "--deep", "--ledger", str(ledger), "--json", code=None)
    oracle = json.loads(out)
    ((stored,),) = direct.query("SELECT COUNT(*) FROM image_history WHERE outcome = 'stored'")
    dead = f"SELECT COALESCE(SUM(state = 'FAILED'), 0), COALESCE(SUM(attempt), 0) FROM image WHERE shop_no >= {DEAD_SHOP}"  # noqa: S608
    ((failed, attempts),) = direct.query(dead)
    return Report(plan, 0.0, {}, {}, 0, 0, oracle, storage.puts, int(stored), int(failed), int(attempts), await _told(direct))


async def _told(direct: Installation) -> Told:
    """Compare what the topic has, once all of it is published, with every row and its history."""
    waiting = "SELECT moved - published + (SELECT COUNT(*) FROM result_outbox) FROM result_sequence"
    await direct.until(lambda: direct.query(waiting) == ((0,),), "all results are published", limit=90.0)
    rows = direct.query("SELECT shop_no, image_id, state, version FROM image")
    history = direct.query("SELECT shop_no, image_id, version, outcome FROM image_history ORDER BY at, id")
    records = [json.loads(record.value or b"") for record in await direct.records(direct.topics.results.name)]
    return compare(
        {(shop_no, image_id.decode()): (state, version) for shop_no, image_id, state, version in rows},
        [((shop_no, image_id.decode()), version, outcome) for shop_no, image_id, version, outcome in history],
        records,
    )


def _problems(report: Report) -> list[str]:
    problems = []
    if report.oracle["violations"]:
        problems.append(f"{len(report.oracle['violations'])} promises are broken")
    if report.unfinished_after_quiet:
        problems.append(f"{report.unfinished_after_quiet} images are stuck")
    if report.puts > 1.2 * report.needed_puts:
        problems.append(f"{report.puts} PUTs for {report.needed_puts} stored versions")
    if report.dead_failed or report.dead_attempts > MOST_DEAD_ATTEMPTS:
        problems.append(f"dead hosts cost {report.dead_attempts} attempts, and {report.dead_failed} images failed for them")
    if report.told.missing or report.told.contradicting:
        problems.append(f"{len(report.told.missing)} results are missing, {len(report.told.contradicting)} contradict their images")
    if not report.requests.get("acknowledged"):
        problems.append("nothing was asked for")
    return problems
