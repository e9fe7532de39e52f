"""The app of a worker, before it runs."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from faust.transport.drivers import aiokafka
from faust.types import TP

from faust_app.settings import Settings
from faust_app.stream.consumer.transport import WorkerConsumer
from faust_app.worker_app import WorkerApp


async def test_a_worker_whose_consumer_has_not_started_has_no_partition(tmp_path: Path) -> None:
    app = WorkerApp(Settings(_env_file=None, data_dir=tmp_path))
    assert app._own_partitions() == set()


async def test_faust_knows_when_a_stream_got_its_last_event_and_counts_no_events(tmp_path: Path) -> None:
    app = WorkerApp(Settings(_env_file=None, data_dir=tmp_path))
    app.sensors.add(app.monitor)
    tp, message = TP("bulk", 1), SimpleNamespace()
    stream: Any = SimpleNamespace()
    event: Any = SimpleNamespace(message=message)
    app.sensors.on_message_in(tp, 0, event.message)
    state = app.sensors.on_stream_event_in(tp, 0, stream, event)
    app.sensors.on_stream_event_out(tp, 0, stream, event, state)
    app.sensors.on_message_out(tp, 0, event.message)
    assert list(app.monitor.stream_inbound_time) == [tp]
    assert (app.monitor.events_total, app.monitor.messages_active) == (0, 0)


def test_a_worker_consumes_by_our_consumer_and_faust_names_the_log_as_its_own(tmp_path: Path) -> None:
    app = WorkerApp(Settings(_env_file=None, data_dir=tmp_path))
    app.on_init_dependencies()
    assert app.transport.Consumer is WorkerConsumer
    assert WorkerConsumer.logger is aiokafka.Consumer.logger
