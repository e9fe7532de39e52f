"""The app of a worker, before it runs."""

from pathlib import Path

from faust_app.settings import Settings
from faust_app.worker_app import WorkerApp


async def test_a_worker_whose_consumer_has_not_started_has_no_partition(tmp_path: Path) -> None:
    app = WorkerApp(Settings(_env_file=None, data_dir=tmp_path))
    assert app._own_partitions() == set()
