"""`python -m devstack.grafana` writes the dashboards into `deploy/grafana`."""

from pathlib import Path
from typing import Final

from devstack.grafana.board import to_json
from devstack.grafana.lag import LAG
from devstack.grafana.overview import OVERVIEW
from devstack.grafana.sources import SOURCES
from devstack.grafana.storage import STORAGE
from devstack.grafana.workers import WORKERS

FOLDER: Final = Path(__file__).parents[2] / "deploy" / "grafana"
BOARDS: Final = {"overview": OVERVIEW, "workers": WORKERS, "sources": SOURCES, "lag": LAG, "storage": STORAGE}


def main() -> None:
    """Write each dashboard."""
    for name, board in BOARDS.items():
        (FOLDER / f"{name}.json").write_text(to_json(board))


if __name__ == "__main__":
    main()
