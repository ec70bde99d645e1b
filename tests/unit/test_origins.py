"""Which web sites an event group names, and which pages are on them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.errors import InvalidRegistration
from headgate.registry.origins import allows, check_origin


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://shop.example", "https://shop.example"),
        (" HTTPS://Shop.Example/ ", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://shop.example:80", "http://shop.example"),
        ("https://shop.example:8443", "https://shop.example:8443"),
        ("https://*.shop.example", "https://*.shop.example"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://straße.example", "https://xn--strae-oqa.example"),
        ("https://*.Bücher.example", "https://*.xn--bcher-kva.example"),
        ("https://co.uk", "https://co.uk"),
        ("https://*.shop.co.uk", "https://*.shop.co.uk"),
        ("https://*.shop.github.io", "https://*.shop.github.io"),
        ("https://*.bucket.s3.amazonaws.com", "https://*.bucket.s3.amazonaws.com"),
        ("https://*.city.kawasaki.jp", "https://*.city.kawasaki.jp"),
        # a remark of the list names it, and no rule
        ("https://*.apple.com", "https://*.apple.com"),
        ("https://*.shop.internal", "https://*.shop.internal"),
        ("http://*.localhost:8000", "http://*.localhost:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
    ],
)
def test_an_origin_is_kept_as_a_browser_writes_it(written: str, origin: str) -> None:
    assert check_origin(written) == origin
    assert check_origin(origin) == origin


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "*",
        "null",
        "shop.example",
        "ftp://shop.example",
        "https://",
        "https://*",
        "https://*.",
        "https://*.127.0.0.1",
        "https://*.0.0.1",
        "https://\u200d.example",
        "https://a.*.example",
        "https://shop.example/path",
        "https://shop.example?q",
        "https://user:secret@shop.example",
        "https://shop.example:99999",
        "https://sh op.example",
        "https://shop..example",
    ],
)
def test_what_is_no_origin_is_refused_with_the_cure(bad: str) -> None:
    with pytest.raises(InvalidRegistration, match=r"https://shop\.example"):
        check_origin(bad)


@pytest.mark.parametrize(
    "name",
    ["com", "internal", "co.uk", "CO.UK", "github.io", "kawasaki.jp", "foo.kawasaki.jp", "公司.cn", "amazonaws.com"],
)
def test_a_wildcard_where_sub_domains_are_anybodys_is_refused(name: str) -> None:
    """Directly under a public suffix, at a rule for all names below one, or above one."""
    with pytest.raises(InvalidRegistration, match=r"given to anybody.*Name your own"):
        check_origin(f"https://*.{name}")


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("https://shop.example", True),
        ("https://www.shop.example", False),
        ("http://shop.example", False),
        ("https://shop.example:8443", False),
        ("https://evilshop.example", False),
        ("https://a.wild.example", True),
        ("https://a.b.wild.example", True),
        ("https://wild.example", False),
        ("https://evilwild.example", False),
        ("https://a.wild.example.evil.example", False),
        ("http://a.wild.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_a_page_is_on_a_listed_site_or_below_a_wildcard(origin: str, *, expected: bool) -> None:
    assert allows({"https://shop.example", "https://*.wild.example"}, origin) is expected


_labels = st.lists(st.sampled_from(["a", "b", "shop", "example"]), min_size=1, max_size=4).map(".".join)


@given(_labels, _labels)
def test_a_wildcard_takes_exactly_what_ends_in_a_dot_and_its_name(host: str, name: str) -> None:
    assert allows({f"https://*.{name}"}, f"https://{host}") is host.endswith(f".{name}")


def test_nothing_listed_lets_nobody_in() -> None:
    assert not allows(frozenset(), "https://shop.example")
