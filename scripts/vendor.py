"""Fetches the browser libraries of the console by npm and puts them, with their licences, where they are served from.

    python scripts/vendor.py

What they are is committed, so that neither a build nor a user needs npm; this is for whoever brings them up to date.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

VENDOR = Path(__file__).parents[1] / "src/headgate/desk/static/vendor"
#: package -> version wanted; file in it -> name here
PACKAGES = {
    "htmx.org": ("^2.0.10", {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "htmx.LICENSE"}),
    "echarts": (
        "^6.1.0",
        {"dist/echarts.common.min.js": "echarts.min.js", "LICENSE": "echarts.LICENSE", "NOTICE": "echarts.NOTICE"},
    ),
}


def main() -> None:
    """Fetch, copy, and write down which versions they are."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    versions = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "package.json").write_text("{}")
        wanted = [f"{package}@{version}" for package, (version, _) in PACKAGES.items()]
        subprocess.run(["npm", "install", "--silent", "--ignore-scripts", *wanted], cwd=folder, check=True)
        for package, (_, files) in PACKAGES.items():
            home = folder / "node_modules" / package
            versions[package] = json.loads((home / "package.json").read_text())["version"]
            for file, here in files.items():
                shutil.copyfile(home / file, VENDOR / here)
    (VENDOR / "versions.json").write_text(json.dumps(versions, indent=2) + "\n")
    print("\n".join(f"{package} {version}" for package, version in versions.items()))  # noqa: T201 - its result


if __name__ == "__main__":
    main()
