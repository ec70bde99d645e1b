"""The command line: `headgate-client`. It takes the extra `headgate-client[cli]`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        import rich  # noqa: F401, PLC0415 - an extra
        import typer  # noqa: F401, PLC0415 - an extra
    except ImportError:
        sys.exit("error: the command line takes typer and rich: pip install 'headgate-client[cli]'")
    from headgate_client.cli.app import app  # noqa: PLC0415 - takes the extra

    app()
