"""Structured logs: one event per line, ids as fields; JSON for machines, plain text for development."""

import logging
import logging.config
import re
import sys
import threading
from time import monotonic
from typing import Any, Final, Literal

import structlog

from faust_app.core.redact import redact_text
from faust_app.core.repeated_lines import RepeatedLines


def redacted(_logger: Any, _method: str, line: str) -> str:
    """Remove signatures from a rendered line: libraries quote addresses in their errors."""
    return redact_text(line)


_SHARED: tuple[Any, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


class QuietServices(logging.Filter):
    """Leaves out that a service of Faust starts or stops, which each of some thirty tells of itself in every process."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is worth a line."""
        return record.levelno > logging.INFO or not str(record.msg).startswith("[^")


_REPETITIVE: Final = frozenset({"aiokafka", "faust", "mode"})
_ADDRESS: Final = re.compile(r"\b0x[0-9a-f]+")


class RepeatedLibraryLines(logging.Filter):
    """Writes equal lines of Faust and its client of Kafka once a minute: without Kafka they say the same many times a second.

    Lines of every other logger, ours among them, are all written.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines = RepeatedLines()
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is worth a line, and add to its text how many were left out since the last one."""
        if record.name.partition(".")[0] not in _REPETITIVE:
            return True
        text = record.getMessage()
        with self._lock:
            left_out = self._lines.left_out(_identity(record, text), monotonic())
        if left_out:
            record.msg, record.args = f"{text} ({left_out:,} equal lines left out since the last one)", ()
        return left_out is not None


def _identity(record: logging.LogRecord, text: str) -> str:
    """Return what makes lines equal: addresses of objects in them do not tell them apart."""
    error = record.exc_info[1] if record.exc_info else None
    return _ADDRESS.sub("", f"{record.name} {record.levelno} {text} {error!r}")


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
        "filters": {"services": {"()": QuietServices}, "repeated": {"()": RepeatedLibraryLines}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["services", "repeated"]}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "aiokafka": {"level": "WARNING"},
            "faust": {"level": "WARNING"},
            "mode": {"level": "WARNING"},
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
