"""The metrics of a process, with what is known of it at its start."""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from types import MappingProxyType
from typing import Final

from faust_app.metrics import Metrics
from faust_app.settings import Settings

_NOTHING_ENDS: Final[Mapping[str, datetime]] = MappingProxyType({})


def open_metrics(settings: Settings, ends: Mapping[str, datetime] = _NOTHING_ENDS) -> Metrics:
    """Return the metrics of this process; `ends` says when tokens and certificates end (UTC), by name."""
    metrics = Metrics()
    metrics.build.labels(version("shop-images"), settings.release).set(1)
    metrics.database_disk_bytes.set(settings.database_disk_bytes or 0)
    show_ends(metrics, ends)
    return metrics


def show_ends(metrics: Metrics, ends: Mapping[str, datetime]) -> None:
    """Show when credentials end (UTC), by name, and none beside them."""
    metrics.credential_expires.clear()
    for credential, end in ends.items():
        metrics.credential_expires.labels(credential).set(end.replace(tzinfo=UTC).timestamp())
