"""Metrics of log-ins."""

from prometheus_client import CollectorRegistry, Counter


class AccessMetrics:
    """Counts log-ins."""

    def _add_access(self, registry: CollectorRegistry) -> None:
        self.log_ins = Counter("shop_images_log_ins", "Log-ins by how they ended: success, wrong, slowed.", ("end",), registry=registry)
        for end in ("success", "wrong", "slowed"):
            self.log_ins.labels(end)
