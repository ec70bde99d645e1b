"""Events arrive: after a failure, from a page that is left, in bounded batches; and a page outlives our absence."""

from __future__ import annotations

import json
import socket
from statistics import median

import pytest
from playwright.sync_api import Browser, Page

from browser.recorder import HANG_UP, Pages, Recorder, document, snippet
from server import until

NO_KEEPALIVE = "delete Request.prototype.keepalive"


def hide(page: Page) -> None:
    """What the browser says when a tab goes into the background."""
    page.evaluate("""() => {
        Object.defineProperty(document, "visibilityState", {get: () => "hidden", configurable: true});
        document.dispatchEvent(new Event("visibilitychange"));
    }""")


def answered(page: Page, count: int) -> None:
    """Wait until the page itself has seen that many answers to its batches."""
    page.wait_for_function(
        "count => performance.getEntriesByType('resource').filter(one => one.name.endsWith('/v1/pixel')).length >= count",
        arg=count,
    )
    page.evaluate("() => new Promise(done => setTimeout(done))")


@pytest.mark.parametrize(
    "answers",
    [
        [(503, {"Retry-After": "1"})],
        [(429, {"Retry-After": "1"})],
        # the browser itself repeats once what came to a connection that the server gave up
        [(408, {})] * 2,
        [(HANG_UP, {})],
    ],
)
def test_a_batch_that_was_not_taken_comes_again_with_the_same_ids(
    shop: Page, recorder: Recorder, answers: list[tuple[int, dict[str, str]]]
) -> None:
    recorder.await_events(1)
    recorder.answers.extend(answers)
    shop.evaluate("() => { headgate('event', 'LEAD'); headgate('event', 'PURCHASE', {event_id: 'order-1'}); }")
    recorder.await_events(3)
    _, first, *later = [json.loads(request.body) for request in recorder.asked("/v1/pixel")]
    assert later
    assert all(again == first for again in later)
    assert recorder.names() == ["PAGE_VIEW", "LEAD", "PURCHASE"]


def test_a_server_that_asks_for_time_gets_it_and_what_is_fired_meanwhile_waits(shop: Page, recorder: Recorder) -> None:
    recorder.await_events(1)
    recorder.answers.append((429, {"Retry-After": "2"}))
    shop.evaluate("headgate('event', 'LEAD')")
    until(lambda: len(recorder.asked("/v1/pixel")) == 2)
    before = shop.evaluate("performance.now()")
    shop.evaluate("headgate('event', 'SEARCH')")
    recorder.await_events(3)
    assert shop.evaluate("performance.now()") - before > 1500
    assert [len(body["events"]) for body in recorder.bodies()] == [1, 2]


@pytest.mark.parametrize("status", [400, 403, 413])
def test_what_the_server_will_never_take_is_not_sent_again(shop: Page, recorder: Recorder, status: int) -> None:
    recorder.await_events(1)
    recorder.answers.append((status, {}))
    shop.evaluate("headgate('event', 'LEAD')")
    until(lambda: len(recorder.asked("/v1/pixel")) == 2)
    shop.evaluate("headgate('event', 'SEARCH')")
    recorder.await_events(2)
    assert recorder.names() == ["PAGE_VIEW", "SEARCH"]


@pytest.mark.parametrize(("how", "runs", "script"), [("keepalive", 100, ""), ("beacon", 30, NO_KEEPALIVE)])
def test_pages_left_right_after_the_call_lose_nothing(
    page: Page, pages: Pages, recorder: Recorder, capsys: pytest.CaptureFixture[str], how: str, runs: int, script: str
) -> None:
    """Every other page is left before the settings could arrive, the rest after the first batch went."""
    leave = f"""<script>
        var run = +(location.search.slice(1) || 0);
        var ready = setInterval(function () {{
            if (!headgate.eventProcessor) return;
            clearInterval(ready);
            setTimeout(function () {{
                headgate("event", "PURCHASE", {{event_id: "run-" + run}});
                location.href = run + 1 < {runs} ? "/?" + (run + 1) : "/end";
            }}, run % 2 * 20);
        }}, 1);
    </script>"""
    page.add_init_script(script)
    pages.documents["/"] = document(snippet(recorder.origin) + leave)
    pages.documents["/end"] = document("")
    page.goto(pages.url())
    page.wait_for_url("**/end", timeout=30000)
    until(lambda: len(recorder.events()) >= 2 * runs, 10)
    ids = [event["event_id"] for event in recorder.events() if event["event_name"] == "PURCHASE"]
    with capsys.disabled():
        print(f"\n{how}: {len(set(ids))} of {runs} purchases arrived from pages that were left at once")
    assert set(ids) == {f"run-{run}" for run in range(runs)}
    assert len({event["event_id"] for event in recorder.events()}) == 2 * runs
    # without `keepalive` what was in flight is sent again, under the same id; with it nothing comes twice
    assert how == "beacon" or len(recorder.events()) == 2 * runs


def test_a_page_that_goes_into_the_background_sends_what_waits_without_cookie_and_raw_values(
    page: Page, pages: Pages, recorder: Recorder
) -> None:
    recorder.settings["shop"]["advanced_matching"] = True
    recorder.settings_gate.clear()
    pages.documents["/"] = document(snippet(recorder.origin))
    page.goto(pages.url(), wait_until="load")
    page.evaluate("headgate('event', 'LEAD', {em: 'ada@example.com', zp: '34117'})")
    assert recorder.events() == []
    hide(page)
    _, event = recorder.await_events(2)
    assert event["user_data"] == {"zp": "34117"}
    recorder.settings_gate.set()
    page.evaluate("headgate('event', 'SEARCH')")
    recorder.await_events(3)
    assert recorder.names() == ["PAGE_VIEW", "LEAD", "SEARCH"]


def test_events_of_the_pages_own_farewell_arrive(shop: Page, recorder: Recorder) -> None:
    recorder.await_events(1)
    shop.evaluate("""() => {
        addEventListener("beforeunload", () => headgate("event", "SEARCH"));
        addEventListener("pagehide", () => headgate("event", "CONTACT"));
        document.addEventListener("visibilitychange", () => headgate("event", "DONATE"));
        location.href = "/next";
    }""")
    recorder.await_events(5)
    assert sorted(recorder.names()) == ["CONTACT", "DONATE", "PAGE_VIEW", "PAGE_VIEW", "SEARCH"]


def test_a_page_that_is_shown_again_sends_what_failed_when_it_was_left(shop: Page, recorder: Recorder) -> None:
    recorder.await_events(1)
    recorder.answers.append((503, {"Retry-After": "3600"}))
    shop.evaluate("() => { headgate('event', 'LEAD'); dispatchEvent(new Event('pagehide')); }")
    answered(shop, 2)
    shop.evaluate("headgate('event', 'SEARCH')")
    recorder.await_events(2)
    shop.evaluate("dispatchEvent(new Event('pageshow'))")
    recorder.await_events(3)
    assert recorder.names() == ["PAGE_VIEW", "SEARCH", "LEAD"]


def test_a_network_that_comes_back_ends_the_waiting(shop: Page, recorder: Recorder) -> None:
    recorder.await_events(1)
    recorder.answers.append((500, {"Retry-After": "3600"}))
    shop.evaluate("headgate('event', 'LEAD')")
    answered(shop, 2)
    shop.evaluate("dispatchEvent(new Event('online'))")
    recorder.await_events(2)
    assert recorder.names() == ["PAGE_VIEW", "LEAD"]


def test_what_fails_from_a_hidden_page_comes_again(shop: Page, recorder: Recorder) -> None:
    recorder.await_events(1)
    recorder.answers.extend([(503, {"Retry-After": "3600"}), (503, {})])
    shop.evaluate("headgate('event', 'LEAD')")
    answered(shop, 2)
    hide(shop)
    recorder.await_events(2)
    assert len(recorder.asked("/v1/pixel")) == 4
    assert recorder.names() == ["PAGE_VIEW", "LEAD"]


def test_many_and_large_events_go_in_bounded_batches_in_their_order(shop: Page, recorder: Recorder) -> None:
    recorder.await_events(1)
    shop.evaluate("() => { for (let n = 0; n < 250; n++) headgate('event', 'LEAD', {event_id: n}); }")
    recorder.await_events(251)
    shop.evaluate("""() => {
        for (let n = 250; n < 350; n++) headgate("event", "LEAD", {event_id: n, content_name: "ü".repeat(1500)});
        headgate("event", "LEAD", {event_id: 350, content_name: "x".repeat(100000)});
    }""")
    events = recorder.await_events(352)
    assert [event["event_id"] for event in events[1:]] == [str(n) for n in range(351)]
    bodies = recorder.bodies()
    assert max(len(body["events"]) for body in bodies) == 100
    sizes = [len(request.body.encode()) for request in recorder.taken]
    # the one large event goes alone
    assert sum(size > 50_200 for size in sizes) == 1
    assert len(bodies[-1]["events"]) == 1


def test_the_queue_is_bounded_and_the_oldest_gives_way(shop: Page, recorder: Recorder) -> None:
    recorder.await_events(1)
    shop.evaluate("() => { for (let n = 0; n < 700; n++) headgate('event', 'LEAD', {event_id: n}); }")
    events = recorder.await_events(501)
    assert [event["event_id"] for event in events[1:]] == [str(n) for n in range(200, 700)]


def test_a_page_does_without_the_server(page: Page, pages: Pages, faults: list[str]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        pages.documents["/"] = document(snippet(f"http://events.localhost:{unused.getsockname()[1]}"))
        page.goto(pages.url())
        page.evaluate("headgate('event', 'LEAD')")
        assert page.locator("h1").is_visible()
        assert page.evaluate("headgate.queue.length") == 3
    assert faults == []


def test_a_page_does_without_a_server_that_goes_away(shop: Page, recorder: Recorder) -> None:
    recorder.await_events(1)
    recorder.answers.extend([(HANG_UP, {})] * 20)
    shop.evaluate("headgate('event', 'LEAD')")
    until(lambda: len(recorder.asked("/v1/pixel")) > 1)
    shop.evaluate("() => new Promise(requestAnimationFrame)")


@pytest.mark.parametrize("script", ["delete window.fetch", "window.fetch = () => { throw new Error('wrapped'); }"])
def test_a_page_does_without_the_means_to_send(
    page: Page, pages: Pages, recorder: Recorder, faults: list[str], script: str
) -> None:
    page.add_init_script(script)
    pages.documents["/"] = document(snippet(recorder.origin))
    page.goto(pages.url())
    page.evaluate("headgate('event', 'LEAD')")
    page.evaluate("() => new Promise(requestAnimationFrame)")
    assert faults == []


def test_a_blocked_or_altered_script_leaves_the_page_alone(
    page: Page, pages: Pages, recorder: Recorder, faults: list[str]
) -> None:
    pages.documents["/"] = document(snippet(recorder.origin, integrity="sha384-" + "A" * 64))
    page.goto(pages.url())
    page.evaluate("headgate('event', 'LEAD')")
    assert page.evaluate("headgate.queue.length") == 3
    # the browser says that it refused the script; page code says nothing
    assert len(faults) == 1
    assert "integrity" in faults.pop()
    page.route("**/pixel.js*", lambda route: route.abort("blockedbyclient"))
    page.reload()
    page.evaluate("headgate('event', 'LEAD')")
    assert page.evaluate("headgate.queue.length") == 3
    assert faults == []


def test_rendering_does_not_wait_for_the_script(page: Page, pages: Pages, recorder: Recorder) -> None:
    recorder.script_gate.clear()
    pages.documents["/"] = document(snippet(recorder.origin))
    page.goto(pages.url(), wait_until="domcontentloaded")
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    assert page.evaluate("headgate.eventProcessor") is None
    recorder.script_gate.set()
    recorder.await_events(1)


def test_the_script_takes_less_than_five_milliseconds_of_the_main_thread(
    browser: Browser, pages: Pages, recorder: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    """All JavaScript of a page that has nothing but the base code, from the first line until its event was taken."""
    pages.documents["/"] = document(snippet(recorder.origin))
    spent = [script_milliseconds(browser, pages, recorder, count) for count in range(1, 6)]
    with capsys.disabled():
        print(f"\nmain-thread time of the script: median {median(spent):.1f} ms of {[round(ms, 1) for ms in spent]}")
    assert 0 < median(spent) < 5


def script_milliseconds(browser: Browser, pages: Pages, recorder: Recorder, count: int) -> float:
    """For a visitor with an empty cache, in the thread's own time: what other processes took is not the script's."""
    context = browser.new_context()
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(pages.url())
    recorder.await_events(count)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    metrics = {metric["name"]: metric["value"] for metric in devtools.send("Performance.getMetrics")["metrics"]}
    context.close()
    return float(metrics["ScriptDuration"]) * 1000
