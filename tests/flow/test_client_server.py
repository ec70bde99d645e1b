"""The client against a real server: what it reports is what the server keeps."""

from __future__ import annotations

from pathlib import Path

from headgate_client import Client, Options, Queue, Retries, Spill, event, user_data
from server import serving

ONCE = Options(retries=Retries(attempts=1))


def test_what_the_client_reports_is_what_the_server_keeps(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        demo = server.demo
        with Client(demo["edge_url"], demo["api_key"], demo["event_group_id"]) as client:
            good = event("LEAD", user_data(email=" Jo+x@Example.com "), event_id="built")
            bad = {"event_name": "BUY", "event_type": "conversion", "event_time": 1_700_000_000, "user_data": {}}
            same = {"event_name": "LEAD", "event_type": "conversion", "event_time": 1_700_000_000, "errors": {"old": 1}}
            plain = {**same, "user_data": {"aGA": "x"}}
            outcome = client.send([good, bad, plain, same, same])

            assert outcome.accepted_indexes() == [0, 2]
            assert [one.index for one in outcome.rejected] == [1, 3, 4]
            assert set(outcome.rejected[0].errors) == {"event_name", "user_data"}
            assert outcome.rejected[0].request_id
            assert {one["event_id"] for one in server.stored(2)} == {"built", outcome.event_ids[2]}

            assert client.test([good, bad]).accepted == 1

            with Queue(client, full=Spill(path=tmp_path / "spill.db")) as queue:
                put = [
                    queue.put(
                        {
                            "event_name": "SIGN_UP",
                            "event_type": "conversion",
                            "event_time": 1_700_000_000,
                            "user_data": {"em": f"raw{n}@example.com", "is_hashed": False},
                        }
                    )
                    for n in range(1500)
                ]
                report = queue.close()
            assert (report.accepted, report.all_accepted) == (1500, True)
            assert {one["event_id"] for one in server.stored(1502)} >= set(put)
            # sent once more, as a retry whose first answer was lost: kept once
            assert client.send([good]).all_accepted
        with Client(demo["edge_url"], f"{demo['api_key']}x", demo["event_group_id"], options=ONCE) as stranger:
            assert stranger.send([good]).undelivered[0].reason == "unauthorized"
        with Client(demo["edge_url"], demo["api_key"], "no-such-group", options=ONCE) as lost:
            assert lost.send([good]).undelivered[0].reason == "not_found"
