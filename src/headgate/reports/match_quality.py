"""How well events can be matched: a score of 0 to 1 by an open formula (`docs/match-quality.md`), and what would raise it."""

from __future__ import annotations

from msgspec import Struct

from headgate.reports.match_keys import KEYS, WEIGHTS
from headgate.reports.span import Asked
from headgate.store.base import Store

#: what any web site can send; the other keys are told of first only where some event carries them
COMMON = frozenset({"em", "ph", "external_id", "client_ip_address", "client_user_agent", "aFC"})
#: a gain below this is not worth telling
WORTH_TELLING = 0.01


class Counterfactual(Struct, frozen=True):
    """What the score would be if every event carried this key too."""

    match_key: str
    #: share of the events that carry it now, 0 to 1
    share: float
    score: float


class Quality(Struct, frozen=True):
    """The score of the kept events of one name, and what would raise it most.

    First the keys that some event carries or any web site can send, the best of them first; then the others.
    """

    event_name: str
    events: int
    #: 0 to 1
    score: float
    counterfactuals: list[Counterfactual]


def score_of(match_keys: set[str]) -> float:
    """The score of one event: how likely it is that any of its keys leads to the right person."""
    missed = 1.0
    for key in match_keys:
        missed *= 1 - WEIGHTS[key]
    return 1 - missed


def match_quality(store: Store, asked: Asked) -> list[Quality]:
    """Scores by event name, the most frequent first."""
    weights = [WEIGHTS[key] for key in KEYS]
    found = store.query("match_quality", {**asked.parameters(), "weights": weights})
    return [
        _quality(row["event_name"], row["events"], row["score"], list(row["gains"]), list(row["carrying"]))
        for row in found
    ]


def _quality(event_name: str, events: int, score: float, gains: list[float], carrying: list[int]) -> Quality:
    told = [
        Counterfactual(key, count / events, (score + gain) / events)
        for key, gain, count in zip(KEYS, gains, carrying, strict=True)
        if gain / events >= WORTH_TELLING
    ]
    told.sort(key=lambda one: (not one.share and one.match_key not in COMMON, -one.score, one.match_key))
    return Quality(event_name, events, score / events, told)
