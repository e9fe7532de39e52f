"""The self-check ends in time, whatever does not answer."""

import asyncio
from collections.abc import Sequence

from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.selfcheck.finding import Finding, Verdict, ok
from faust_app.flows.selfcheck.run import Probe, run_selfcheck


async def answers() -> Sequence[Finding]:
    return [ok("database", "there")]


async def hangs() -> Sequence[Finding]:
    await asyncio.Event().wait()
    return []


async def refuses() -> Sequence[Finding]:
    raise Unavailable(Dependency.KAFKA, "There is no connection to Kafka.")


async def test_what_does_not_answer_is_a_line_that_names_its_setting_and_comes_first() -> None:
    probes = [
        Probe("database", "DATABASE_URL", answers),
        Probe("bucket", "S3_ENDPOINT_URL and S3_BUCKET", hangs),
        Probe("Kafka", "KAFKA_URL", refuses),
    ]
    first, second, third = await run_selfcheck(probes, seconds=0.05)
    assert (first.subject, first.remedy) == ("bucket", "is it up, and are S3_ENDPOINT_URL and S3_BUCKET right?")
    assert (second.subject, second.found, second.remedy) == (
        "Kafka",
        "There is no connection to Kafka",
        "is it up, and is KAFKA_URL right?",
    )
    assert third.verdict is Verdict.OK


async def breaks() -> Sequence[Finding]:
    raise ValueError("secret")


async def test_a_part_that_breaks_the_check_is_a_line_and_hides_no_other() -> None:
    first, second = await run_selfcheck([Probe("database", "DATABASE_URL", answers), Probe("cache", "REDIS_URL", breaks)])
    assert (first.subject, first.verdict, first.found) == ("cache", Verdict.ERROR, "could not be checked (ValueError)")
    assert second.verdict is Verdict.OK
