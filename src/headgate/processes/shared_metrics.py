"""Where a process keeps its metrics, so that the desk can show those of all: a file for each, in the data folder."""

from __future__ import annotations

from pathlib import Path

import structlog
from prometheus_client import values

log = structlog.get_logger()

#: name -> bytes of the files that a process counts in; more than all the labels of our metrics take
FILES = {"counter": 256 * 1024, "histogram": 64 * 1024}


def share_metrics(name: str, folder: str | None) -> None:
    """Keep this process's metrics in `folder`, under its role's `name`: the next one in that role counts on from there.

    The files are memory maps. Where a map has no disk behind it, counting on a full disk would end the process; so all of
    their space is taken now, and where that fails the process counts for itself. To be called before a metric is made.
    """
    if not folder:
        return
    try:
        for kind, size in FILES.items():
            _take_space(Path(folder) / f"{kind}_{name}.db", size)
    except OSError as error:
        log.error("the metrics of this process are not shown", reason=error.strerror)
        values.ValueClass = values.MutexValue
    else:
        values.ValueClass = values.MultiProcessValue(lambda: name)  # type: ignore[no-untyped-call]


def _take_space(path: Path, size: int) -> None:
    try:
        with path.open("ab") as file:
            file.write(bytes(max(size - file.tell(), 0)))
    except OSError:
        # half a file would confuse who reads it
        path.unlink(missing_ok=True)
        raise
