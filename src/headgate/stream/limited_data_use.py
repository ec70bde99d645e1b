"""Limited data use: what a sender flags counts in its own totals and goes nowhere else (decision 18)."""

from __future__ import annotations

from headgate.stream.conversion import Conversion
from headgate.stream.dedup import Recall


def put_limited_data_use(conversion: Conversion, _recall: Recall) -> None:
    """Mark a conversion whose sender opted out. Anything but a plain no is taken for a yes."""
    conversion.limited_data_use = conversion.opt_out not in {"false", False}
