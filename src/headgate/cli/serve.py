"""`headgate serve`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headgate.cli.registry import folder_named
from headgate.settings import TABLE, Settings

if TYPE_CHECKING:
    from headgate.processes.serve import Started

_NETWORK = "Where to listen"
_TLS = "TLS"


def _flag(name: str, panel: str | None = None, **more: Any) -> Any:
    """An option for a setting: its help and default come from the table of settings."""
    setting = TABLE[name]
    return typer.Option(setting.flag, help=_help(name), show_default=False, rich_help_panel=panel, **more)


def _help(name: str) -> str:
    """A default of our own is shown as if it were the option's, which is None: to be read elsewhere."""
    setting = TABLE[name]
    return setting.help if setting.default in ("empty", "false") else f"{setting.help} Default: {setting.default}."


def serve(
    *,
    data: Annotated[Path | None, _flag("data", metavar="DIR", parser=folder_named)] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="TOML file with settings. Default: headgate.toml in the data folder."),
    ] = None,
    edge_host: Annotated[str | None, _flag("edge_host", _NETWORK, metavar="ADDRESS")] = None,
    edge_port: Annotated[int | None, _flag("edge_port", _NETWORK, metavar="N")] = None,
    edge_workers: Annotated[int | None, _flag("edge_workers", _NETWORK, metavar="N")] = None,
    desk_host: Annotated[str | None, _flag("desk_host", _NETWORK, metavar="ADDRESS")] = None,
    desk_port: Annotated[int | None, _flag("desk_port", _NETWORK, metavar="N")] = None,
    tls_cert: Annotated[Path | None, _flag("tls_cert", _TLS, metavar="FILE")] = None,
    tls_key: Annotated[Path | None, _flag("tls_key", _TLS, metavar="FILE")] = None,
    dev_tls: Annotated[bool | None, _flag("dev_tls", _TLS)] = None,
    demo: Annotated[bool | None, typer.Option("--demo/--no-demo", help=_help("demo"), show_default=False)] = None,
    log_level: Annotated[str | None, _flag("log_level", metavar="LEVEL")] = None,
) -> None:
    """Run the server: the public events API (edge) and what stands behind it (core).

    Needs no configuration: the first start makes the data folder, a registry, and a demo account with an event group and
    an API key, and prints a request to paste. Every other setting is in docs/settings.md; it goes into the TOML file or
    into the environment as HEADGATE_…

    Log lines go to standard error as JSON. Ctrl-C or SIGTERM ends the server after the running requests are answered.
    """
    flags = {name: value for name, value in locals().items() if name != "config"}
    settings = Settings.read(flags=flags, environ=os.environ, config=config)
    from headgate.processes.logging import set_up
    from headgate.processes.serve import serve as run

    set_up("serve", settings.log_level)
    run(settings, _announce)


def _announce(started: Started) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    console.print("\n[bold]Headgate is running.[/bold]")
    for name, where in (
        ("Events API", f"{started.running.edge_url}/v1/events"),
        ("API document", f"{started.running.edge_url}/openapi.json"),
        ("Console", f"{started.running.desk_url}/"),
        ("Metrics", f"{started.running.desk_url}/metrics"),
        ("Data", str(started.folder.root)),
    ):
        console.print(f"  {name:<14}{where}")
    if started.certificate and started.certificate.authority:
        console.print(f"  {'Certificate':<14}ours, for development: trust {started.certificate.authority}")
    if started.demo:
        _announce_demo(console, started)
    if started.first_link:
        console.print("\nNobody can sign in to the console yet. This link makes the first admin, once, within a day:\n")
        print(started.first_link, flush=True)  # noqa: T201 - to be pasted: no wrapping, no markup
    console.print("\nCtrl-C stops it.\n")


def _announce_demo(console: Any, started: Started) -> None:
    assert started.demo  # noqa: S101 - asked by the caller
    demo = started.demo.demo
    console.print(f"  {'Event group':<14}{demo.event_group_id}")
    data = f" --data {started.folder.root}"
    if not started.demo.is_new:
        console.print(f"  {'API key':<14}made at an earlier start; it is in {started.folder.demo}")
        return
    console.print(f"  {'API key':<14}{demo.api_key}", soft_wrap=True)
    console.print("                (shown this once; scripts find it in demo.json of the data folder)")
    console.print("\nSend an event:\n")
    print(_curl(started), flush=True)  # noqa: T201 - to be pasted: no wrapping, no markup
    console.print("\nFind it again:\n")
    print(f"headgate events --group {demo.event_group_id}{data}", flush=True)  # noqa: T201 - the same


def _curl(started: Started) -> str:
    """One line for the shell."""
    import shlex
    import time

    import msgspec

    from headgate.desk.snippets import sample_event

    assert started.demo  # noqa: S101 - asked by the caller
    demo = started.demo.demo
    body = {"event_group_id": demo.event_group_id, "events": [sample_event(int(time.time()))]}
    trust = (
        ["--cacert", str(started.certificate.authority)]
        if started.certificate and started.certificate.authority
        else []
    )
    words = [
        "curl",
        *trust,
        "-X",
        "POST",
        f"{demo.edge_url}/v1/events",
        "-H",
        "Content-Type: application/json",
        "-H",
        f"Authorization: Bearer {demo.api_key}",
        "-d",
        msgspec.json.encode(body).decode(),
    ]
    return shlex.join(words)
