"""`just bench`: every figure of docs/performance.md, as the Markdown that stands there."""

from __future__ import annotations

import argparse

from bench import core, edge, lag, servers


def main() -> None:
    """Run the parts that were asked for and print them."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("parts", nargs="*", choices=["edge", "core", "lag", []], help="all of them by default")
    options.add_argument("--seconds", type=float, default=8.0, help="of load, each server and size (default 8)")
    chosen = options.parse_args()
    parts = chosen.parts or ["edge", "core", "lag"]
    print(f"Machine: {servers.machine()}\n")
    if "edge" in parts:
        figures = edge.run(chosen.seconds)
        print(f"\n{edge.ratios(figures)}\n")
    if "core" in parts:
        core.run()
        print()
    if "lag" in parts:
        lag.run(max(chosen.seconds * 2, 16.0))


if __name__ == "__main__":
    main()
