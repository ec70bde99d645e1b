"""Child processes are kept alive and ended in order."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from headgate.processes.supervisor import LONGEST_PAUSE, Child, Role, Supervisor, next_pause

CHILD = """
import os, pathlib, signal, sys, time
folder = pathlib.Path(sys.stdin.readline().strip())
name = __spec__.name
def end(*_):
    with (folder / "ended").open("a") as file:
        file.write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
(folder / f"{name}.{os.getpid()}").touch()
sys.stdin.read()
end()
"""
DEAF = "import signal, sys, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint(sys.stdin.readline())\nsys.stdin.read()\ntime.sleep(60)\n"


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def role(folder: Path, module: str, source: str = CHILD) -> Role:
    (folder / f"{module}.py").write_text(source)
    return Role(module, module, str(folder).encode(), environment={"PYTHONPATH": str(folder)})


async def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    child = Child(role(tmp_path, "one"))
    task = asyncio.create_task(child.run())
    await until(lambda: list(tmp_path.glob("one.[0-9]*")))
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: len(list(tmp_path.glob("one.[0-9]*"))) == 2)
    assert child.restarts == 1
    assert child.pid != first
    await child.stop(5.0)
    await task


async def test_children_end_module_by_module_in_the_order_given(tmp_path: Path) -> None:
    supervisor = Supervisor([role(tmp_path, "edge_like"), role(tmp_path, "core_like")])
    stop = asyncio.Event()
    task = asyncio.create_task(supervisor.run(stop, 5.0))
    await until(lambda: len(list(tmp_path.glob("*_like.[0-9]*"))) == 2)
    stop.set()
    await task
    assert (tmp_path / "ended").read_text() == "edge_like\ncore_like\n"


async def test_a_child_that_will_not_end_is_killed(tmp_path: Path) -> None:
    child = Child(role(tmp_path, "deaf", DEAF))
    task = asyncio.create_task(child.run())
    await until(lambda: child.pid)
    await child.stop(0.2)
    await task
    assert child.pid is None


async def test_a_child_sees_the_end_of_its_parent(tmp_path: Path) -> None:
    child = Child(role(tmp_path, "orphan"))
    task = asyncio.create_task(child.run())
    await until(lambda: list(tmp_path.glob("orphan.[0-9]*")))
    process = child._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()
    await until((tmp_path / "ended").exists)
    await child.stop(5.0)
    await task


@pytest.mark.parametrize(
    ("pause", "lived", "expected"), [(0.0, 0.0, 0.1), (0.1, 1.0, 0.2), (4.0, 1.0, LONGEST_PAUSE), (4.0, 60.0, 0.1)]
)
def test_the_pause_doubles_up_to_a_bound_and_falls_back_after_a_healthy_life(
    pause: float, lived: float, expected: float
) -> None:
    assert next_pause(pause, lived) == expected
