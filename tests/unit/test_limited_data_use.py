from __future__ import annotations

import pytest

from headgate.log.base import Row
from headgate.stream import conversion
from headgate.stream.dedup import Recall
from headgate.stream.limited_data_use import put_limited_data_use
from headgate_contract.event import Receipt

RECEIPT = Receipt(request_id="r", received_at=1, event_group_id="g", account_id="a", key_id="k", received=1, accepted=1)


@pytest.mark.parametrize(
    ("opt_out", "limited"),
    [
        (b"", False),
        (b',"opt_out":false', False),
        (b',"opt_out":"false"', False),
        (b',"opt_out":true', True),
        (b',"opt_out":"true"', True),
        (b',"opt_out":"what is this"', True),
    ],
)
def test_only_a_plain_no_is_no_opt_out(opt_out: bytes, limited: bool) -> None:
    line = b'{"event_name":"LEAD","event_time":1%b}' % opt_out
    one = conversion.read(0, Row("edge-0", 1, 1, [RECEIPT], 1), RECEIPT, line)
    put_limited_data_use(one, Recall())
    assert one.limited_data_use is limited
