"""The vectors of the normal forms, run by the browser with the modules that the script is built from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser

from browser.recorder import document, pages_served
from headgate.testing import ValueVector, value_vectors
from headgate_contract import normalise

ROOT = Path(__file__).parents[2]
VALUES = list(value_vectors(ROOT / "vectors"))
# letters that this Python does not know yet may have another lower case in a younger browser
TEXTS = st.text(st.characters(exclude_categories=["Cn", "Co", "Cs"]), max_size=12)
DIGITS = st.text(st.characters(categories=["Nd"]), min_size=1, max_size=6)
DATES = st.dates().map(str) | st.from_regex(r"[0-2]\d{3}-[01]\d-[0-3]\d", fullmatch=True)
BLANKS = st.text(st.sampled_from("\t\n\v\f\r \x1c\x1d\x1e\x1f\x85\xa0\u2003\u3000\ufeff\u200b"), max_size=3)

Read = Callable[[str, str], dict[str, str | None]]


@pytest.fixture(scope="module")
def read_in_browser(browser: Browser) -> Iterator[Read]:
    """Field and raw value -> `{"normal": …, "digest": …}`, both `None` where there is no normal form."""
    with pages_served() as pages:
        pages.documents["/"] = document("")
        for module in (ROOT / "pixel" / "src").glob("*.js"):
            pages.documents[f"/{module.name}"] = module.read_text()
        page = browser.new_page()
        page.goto(pages.url())
        module_handle = page.evaluate_handle("import('/normalise.js')")

        def read(field: str, raw: str) -> dict[str, str | None]:
            found: dict[str, str | None] = module_handle.evaluate(
                """async (forms, [field, raw]) => {
                    const normal = forms.NORMAL_FORMS[field](raw) || null;
                    return {normal, digest: normal && await forms.digest(normal)};
                }""",
                [field, raw],
            )
            return found

        yield read
        page.close()


def by_the_contract(field: str, raw: str) -> str | None:
    try:
        return normalise.NORMAL_FORMS[field](raw) or None
    except ValueError:
        return None


@pytest.mark.parametrize("vector", VALUES, ids=lambda v: f"{v.field} {v.raw!r}")
def test_the_normal_form_and_digest_in_the_browser_are_the_vectors(read_in_browser: Read, vector: ValueVector) -> None:
    expected = (None, None) if vector.error is not None else (vector.normal, vector.digest)
    found = read_in_browser(vector.field, vector.raw)
    assert (found["normal"], found["digest"]) == expected


@settings(max_examples=400, deadline=None)
@given(
    field=st.sampled_from(sorted(normalise.NORMAL_FORMS)),
    raw=st.tuples(BLANKS, TEXTS | DIGITS | DATES | st.emails() | st.tuples(TEXTS, TEXTS).map("+a@".join), BLANKS).map(
        "".join
    ),
)
def test_browser_and_server_agree_on_any_text(read_in_browser: Read, field: str, raw: str) -> None:
    assert read_in_browser(field, raw)["normal"] == by_the_contract(field, raw)
