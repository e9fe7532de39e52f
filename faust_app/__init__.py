"""shop-images: moves the product images of shops into object storage through Kafka, and knows where each one stands."""

from typing import Any


def __getattr__(name: str) -> Any:
    """Build the worker when Faust asks for `app` (`faust -A faust_app`), and never for a mere import of a part."""
    if name == "app":
        from faust_app.worker_app import app  # noqa: PLC0415 - the import is the point: only when asked

        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
