"""One log set-up for every process: JSON lines on standard error, nothing personal in them."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import structlog


def set_up(process: str, level: str) -> None:
    """Send structlog's and the libraries' lines to standard error as JSON, each naming its process.

    So is what nobody caught: by its class and the places that it came through, never by its words.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _named(process),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_words,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_first_line, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(number, logging.WARNING))
    sys.excepthook = _report
    threading.excepthook = lambda caught: _report(caught.exc_type, caught.exc_value, caught.exc_traceback)


def places(trace: TracebackType | None) -> list[str]:
    """Where an error came through, the innermost last: file, line and function."""
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]


def _report(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger().critical("the process failed", exc_info=(kind, error, trace))


def _named(process: str) -> structlog.typing.Processor:
    # not a context variable: threads would not have it
    def name(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        # the supervisor names the one that it speaks of
        line.setdefault("process", process)
        return line

    return name


def _first_line(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What a library says; after the first line it may show values."""
    line["event"] = str(line["event"]).partition("\n")[0]
    return line


def _without_words(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say of an error its class and places: its words may be a sender's."""
    caught = line.pop("exc_info", None)
    if caught is True:
        caught = sys.exc_info()
    if isinstance(caught, BaseException):
        caught = (type(caught), caught, caught.__traceback__)
    if caught and caught[0]:
        line["error"] = caught[0].__name__
        line["places"] = places(caught[2])
    return line
