"""Structured logs: one event per line, ids as fields; JSON for machines, plain text for development."""

import logging.config
import sys
from typing import Any, Literal

import structlog

from faust_app.core.redact import redact_text


def redacted(_logger: Any, _method: str, line: str) -> str:
    """Remove signatures from a rendered line: libraries quote addresses in their errors."""
    return redact_text(line)


_SHARED: tuple[Any, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def logging_config(style: Literal["json", "console"], level: str = "INFO") -> dict[str, Any]:
    """Return the configuration of the standard library's logging, for our own loggers and those of every library."""
    if style == "json":
        render: list[Any] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        # Plain tracebacks: richer ones print the values of variables, and with them secrets.
        render = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)]
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": list(_SHARED),
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render, redacted],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "aiokafka": {"level": "WARNING"},
            "botocore": {"level": "WARNING"},
            "alembic": {"level": "WARNING"},
        },
    }


def configure_structlog() -> None:
    """Route our own events through the standard library's logging, so that they share its handlers."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def configure_logging(style: Literal["json", "console"], level: str = "INFO") -> None:
    """Configure the logs of a process that is not started by Faust."""
    configure_structlog()
    logging.config.dictConfig(logging_config(style, level))
