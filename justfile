# The few doors of this project; CI goes through the same ones.

# everything that must hold before a change lands: style, types, layers, tests
test: check compile
    uv run pytest --numprocesses logical --maxprocesses 4 --dist loadfile

# style, types and layers
check:
    uv run ruff format --check
    uv run ruff check
    uv run mypy
    uv run lint-imports

# bytecode beforehand: tests start hundreds of processes, and may not write any (see tests/conftest.py)
compile:
    uv run python -m compileall -q -j 0 src contract client "$(uv run python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

# the tests alone, with any pytest arguments
pytest *arguments:
    uv run pytest {{arguments}}

# kill -9 of edge and core at random under load; prints acknowledged, lost, doubled, corrupted
crash rounds="100":
    uv run python tests/crash/rounds.py --rounds {{rounds}}

# a file sent through a hostile proxy while server and sender are killed; prints lost, doubled, corrupted
client-chaos *arguments:
    uv run python tests/chaos/rounds.py {{arguments}}

# figures for docs/performance.md
bench *arguments:
    uv run --group bench python -m bench {{arguments}}

# the time the server takes for each report and page of the console over 10 million events
bench-console *arguments:
    uv run --group bench python -m bench.console {{arguments}}

# memory of the deduplication index while 20 million ids pass
bench-dedup:
    uv run python -m bench.dedup_memory

# bundle the browser script into the server's package; prints its size and fails over 4096 bytes gzipped
pixel:
    cd pixel && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build

# an upload of millions of rows to a server that does nothing: rows a second, and memory while they pass
bench-upload *arguments:
    uv run --group bench python -m bench.upload {{arguments}}

# what the client costs against a server that does nothing; a number behind it shortens every run
bench-client *arguments:
    uv run python -m bench.client {{arguments}}

# put the formatter and the safe fixes to work
fix:
    uv run ruff format
    uv run ruff check --fix

# a picture of every page of the console, wide and narrow, light and dark, in docs/screenshots
screenshots *arguments:
    uv run python tests/browser_console/screenshots.py {{arguments}}

# fetch the browser libraries of the console anew, by npm
vendor:
    uv run python scripts/vendor.py
