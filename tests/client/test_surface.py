from __future__ import annotations

import inspect
import subprocess
import sys
import textwrap
from importlib.metadata import entry_points

import headgate_client
from headgate_client import _errors

#: milliseconds of processor time
IMPORT_LIMIT = 150


def in_fresh_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def test_all_names_what_the_root_exports() -> None:
    exported = {
        name
        for name, value in vars(headgate_client).items()
        if not name.startswith("_")
        and not inspect.ismodule(value)
        and getattr(value, "__name__", name) != "annotations"
    }
    assert set(headgate_client.__all__) == exported
    assert len(headgate_client.__all__) == len(set(headgate_client.__all__))


def test_every_public_call_has_a_docstring() -> None:
    missing = []
    for name in headgate_client.__all__:
        thing = getattr(headgate_client, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            members = [(f"{name}.{part}", value) for part, value in vars(thing).items() if inspect.isfunction(value)]
            for path, value in [(name, thing), *members]:
                if not path.rpartition(".")[2].startswith("_") and not inspect.getdoc(value):
                    missing.append(path)
    assert missing == []


def test_the_error_tree_that_is_drawn_is_the_error_tree() -> None:
    drawn = {line.split()[1] for line in (_errors.__doc__ or "").splitlines() if "── " in line}
    errors = {
        name
        for name, value in vars(_errors).items()
        if inspect.isclass(value) and issubclass(value, _errors.ClientError) and value is not _errors.ClientError
    }
    assert drawn == errors
    assert errors | {"ClientError"} <= set(headgate_client.__all__)


def test_the_docstring_of_an_error_is_its_message() -> None:
    assert str(headgate_client.QueueFull()) == "The queue is full, and no room was made in time."


def test_the_import_is_quick() -> None:
    timed = """
        import time
        begun = time.process_time()
        import headgate_client
        print((time.process_time() - begun) * 1000)
    """
    # processor time, and the best of several: what else runs on the machine is not the client's
    assert min(float(in_fresh_python(timed)) for _ in range(5)) < IMPORT_LIMIT


def test_the_import_brings_neither_the_server_nor_what_only_some_need() -> None:
    loaded = in_fresh_python("import headgate_client, sys; print(*sys.modules)").split()
    packages = {name.partition(".")[0] for name in loaded}
    assert not packages & {"headgate", "httpx", "phonenumbers", "sqlite3", "pyarrow", "rich", "typer", "pytest"}


def test_a_test_run_that_does_not_use_the_fixtures_does_not_import_the_package() -> None:
    plugin = entry_points(group="pytest11")["headgate_client"].value
    loaded = in_fresh_python(f"import pytest, {plugin}, sys; print(*sys.modules)").split()
    assert plugin in loaded
    assert "headgate_client" not in loaded


def test_a_client_brings_no_server_either() -> None:
    loaded = in_fresh_python(
        """
        import sys
        from headgate_client import Client, Queue
        with Client("https://x", "k", "g") as client, Queue(client):
            pass
        print(*sys.modules)
        """
    ).split()
    assert "httpx" in loaded
    assert "headgate" not in {name.partition(".")[0] for name in loaded}
