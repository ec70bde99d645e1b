"""Keys, their rates, and where plain HTTP may be served."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_site import EdgeSite, batch, event
from headgate.edge.exposure import Exposure, check_exposure
from headgate.edge.limits import Bucket, EdgeLimits
from headgate.errors import Forbidden, SettingsError

BAD = event(event_name="BUY")


async def test_a_signature_is_checked_once_a_token_and_not_once_a_request() -> None:
    site = EdgeSite()
    for _ in range(5):
        assert (await site.post(batch())).status == 200
    assert site.signatures_checked == 1


async def test_a_revoked_key_is_refused_at_once_though_its_signature_stays_good() -> None:
    site = EdgeSite()
    assert (await site.post(batch())).status == 200
    keys = dict(site.registered.current.keys)
    del keys["key-acme"]
    site.registered.change(keys=keys)
    assert (await site.post(batch())).status == 401
    assert site.signatures_checked == 1


async def test_a_key_that_is_revoked_while_its_body_is_on_the_way_is_refused() -> None:
    site = EdgeSite()
    site.registered.change(keys=RevokedAtSecondLook(site.registered.current.keys))
    assert (await site.post(batch())).status == 401
    assert await site.receipts() == []


class RevokedAtSecondLook(dict[str, object]):
    """Keys that are there when the request is recognised, and gone when its body has come."""

    def __contains__(self, key: object) -> bool:
        return False


async def test_a_key_that_says_another_account_than_the_registry_is_refused() -> None:
    site = EdgeSite()
    headers = site.headers()
    keys = site.registered.current.keys
    site.registered.change(keys={**keys, "key-acme": type(keys["key-acme"])("key-acme", "zenith", None)})
    assert (await site.post(batch(), headers=headers)).status == 401


async def test_a_bad_signature_is_remembered_too() -> None:
    site = EdgeSite()
    headers = site.headers(authorization=f"Bearer {site.foreign_token()}")
    for _ in range(5):
        assert (await site.post(batch(), headers=headers)).status == 401
    assert site.signatures_checked == 1


async def test_a_flood_of_bad_signatures_costs_a_bounded_number_of_checks_and_no_known_key() -> None:
    site = EdgeSite()
    assert (await site.post(batch())).status == 200
    good = site.token()
    head, content, signature = good.split(".")
    statuses = set()
    for number in range(1000):
        forged = f"{head}.{content}.{number:04d}{signature[4:]}"
        statuses.add((await site.post(batch(), headers=site.headers(authorization=f"Bearer {forged}"))).status)
    assert statuses == {401, 429}
    assert site.signatures_checked < 250
    assert (await site.post(batch(), headers=site.headers(authorization=f"Bearer {good}"))).status == 200
    site.clock.move(2)
    assert (await site.post(batch(), headers=site.headers("key-other"))).status == 200


async def test_a_key_that_sends_too_many_events_waits_until_its_debt_is_paid_and_others_do_not() -> None:
    site = EdgeSite(EdgeLimits(events_per_second=10))
    assert (await site.post(batch(*[event()] * 35))).status == 200
    refused = await site.post(batch())
    assert (refused.status, refused.json["code"], refused.headers["retry-after"]) == (429, 429, "3")
    assert (await site.post(batch(), headers=site.headers("key-other"))).status == 200
    site.clock.move(2)
    assert (await site.post(batch())).status == 429
    site.clock.move(0.6)
    assert (await site.post(batch())).status == 200


async def test_rejected_events_have_a_limit_of_their_own() -> None:
    site = EdgeSite(EdgeLimits(rejected_per_minute=60))
    for _ in range(20):
        assert (await site.post(batch(*[event()] * 100))).status == 200
    assert (await site.post(batch(*[BAD] * 61), "/v1/test_events")).status == 400
    refused = await site.post(batch())
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert "/v1/test_events" in refused.json["description"]
    site.clock.move(3)
    assert (await site.post(batch())).status == 200


async def test_a_large_body_that_is_no_batch_counts_as_the_events_that_it_might_have_held() -> None:
    site = EdgeSite(EdgeLimits(rejected_per_minute=60))
    assert (await site.post(b'"' + b"x" * 70_000 + b'"')).status == 400
    assert (await site.post(batch())).status == 429


@given(st.lists(st.tuples(st.floats(-5, 20), st.integers(0, 50)), max_size=60))
def test_over_any_time_a_bucket_lets_no_more_through_than_its_rate_and_one_burst(
    steps: list[tuple[float, int]],
) -> None:
    now = latest = 1000.0
    bucket = Bucket(5, 20, now)
    used = 0
    for pause, units in steps:
        now += pause
        latest = max(latest, now)
        if bucket.wait(now) == 0:
            bucket.charge(units, now)
            used += units
    # a clock set back and forth again may give once more what it gave before
    given_back = sum(-pause for pause, _ in steps if pause < 0)
    assert used <= 20 + 5 * (latest - 1000.0 + given_back) + 50


def test_the_wait_that_is_told_is_long_enough() -> None:
    bucket = Bucket(7, 7, 0.0)
    bucket.charge(100, 0.0)
    assert bucket.wait(float(bucket.wait(0.0))) == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_plain_http_may_be_served_on_loopback(host: str) -> None:
    check_exposure(host, tls=False, trusted_proxies=())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])
def test_plain_http_elsewhere_needs_tls_or_a_proxy(host: str) -> None:
    with pytest.raises(SettingsError, match="tls_cert") as refused:
        check_exposure(host, tls=False, trusted_proxies=())
    assert "trusted_proxies" in str(refused.value)
    check_exposure(host, tls=True, trusted_proxies=())
    check_exposure(host, tls=False, trusted_proxies=("192.0.2.0/24",))


def test_a_proxy_that_is_no_address_is_a_wrong_setting() -> None:
    with pytest.raises(SettingsError, match="trusted_proxies"):
        check_exposure("127.0.0.1", tls=False, trusted_proxies=("proxy.example.com",))


@pytest.mark.parametrize(
    ("scheme", "peer", "protos", "safe"),
    [
        ("http", "192.0.2.7", [b"https"], True),
        ("http", "192.0.2.7", [b"HTTPS, https"], True),
        ("http", "::ffff:192.0.2.7", [b"https"], True),
        ("http", "192.0.2.7", [b"http"], False),
        ("http", "192.0.2.7", [], False),
        ("https", "192.0.2.7", [b"http"], False),
        ("http", "192.0.2.7", [b"http, https"], False),
        ("http", "192.0.2.7", [b"https", b"http"], False),
        ("http", "198.51.100.1", [b"https"], False),
        ("https", "198.51.100.1", [], True),
        ("http", "127.0.0.1", [], True),
        ("http", None, [], True),
    ],
)
def test_a_proxys_word_counts_if_it_is_trusted(scheme: str, peer: str | None, protos: list[bytes], safe: bool) -> None:
    exposure = Exposure(("192.0.2.0/24",))
    if safe:
        exposure.check(scheme, peer, protos)
    else:
        with pytest.raises(Forbidden):
            exposure.check(scheme, peer, protos)
