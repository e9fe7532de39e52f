"""What is kept of the requests that HTTP refused."""

import pytest

from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.messages.rejection import EntryPoint, Rejection
from faust_app.flows.images.rejections import KEPT_A_PASS, RejectionBuffer
from faust_app.metrics import Metrics
from tests.factories import NOW
from tests.fakes.imports import FakeRejections


async def test_what_is_collected_is_stored_with_the_next_pass_and_once() -> None:
    rejections, metrics = FakeRejections(lambda: NOW), Metrics()
    buffer = RejectionBuffer(rejections, metrics)
    buffer.add(Rejection(EntryPoint.HTTP, "why"))
    assert (await buffer.run_pass(), await buffer.run_pass(), len(rejections.kept)) == (1, 0, 1)


async def test_a_flood_costs_a_bounded_number_of_rows_a_pass_and_the_rest_are_counted() -> None:
    rejections, metrics = FakeRejections(lambda: NOW), Metrics()
    buffer = RejectionBuffer(rejections, metrics)
    for _ in range(KEPT_A_PASS + 50):
        buffer.add(Rejection(EntryPoint.HTTP, "why"))
    await buffer.run_pass()
    assert len(rejections.kept) == KEPT_A_PASS
    assert metrics.registry.get_sample_value("shop_images_rejections_not_kept_total") == 50


async def test_while_the_database_is_unavailable_they_wait_for_a_later_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    rejections = FakeRejections(lambda: NOW)
    buffer = RejectionBuffer(rejections, Metrics())
    buffer.add(Rejection(EntryPoint.HTTP, "why"))

    async def unavailable(_: object) -> None:
        raise Unavailable(Dependency.DATABASE, "fake")

    with monkeypatch.context() as patched:
        patched.setattr(rejections, "add", unavailable)
        with pytest.raises(Unavailable):
            await buffer.run_pass()
    assert (await buffer.run_pass(), len(rejections.kept)) == (1, 1)
