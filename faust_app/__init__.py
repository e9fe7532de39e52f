"""shop-images: moves the product images of shops into object storage through Kafka, and knows where each one stands."""

from typing import Any


def __getattr__(name: str) -> Any:
    """Build the worker when Faust asks for `app` (`faust -A faust_app`), never on the import of a submodule."""
    if name == "app":
        from faust_app.worker_app import app  # noqa: PLC0415 - an eager import would load Faust and build the app for every import of a submodule

        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
