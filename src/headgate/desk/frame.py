"""What a page is shown in, and what its handler works with: the dependency `frame`.

@get("/accounts/{account_id:str}/example", sync_to_thread=True)
def get_example(frame: FrameHere) -> Page:
    with frame.reading() as connection:
        groups = event_groups.entries(connection)
    return frame.page("example.html", title="Example", groups=groups)
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from litestar import MediaType, Request, Response
from litestar.di import NamedDependency
from litestar.response import Redirect
from sqlalchemy import Connection

from headgate.desk import cookies, forgery
from headgate.desk.access import Admitted
from headgate.desk.navigation import navigation
from headgate.desk.parts import Console, Desk
from headgate.desk.rendering import render
from headgate.desk.said import SAID
from headgate.desk.visitor import Visitor, address_of
from headgate.registry import accounts
from headgate.registry.accounts import AccountEntry
from headgate.registry.base import Change
from headgate.registry.event_groups import EventGroupEntry

Page = Response[str]


class Frame:
    """One request, seen from the handler of a page."""

    def __init__(self, request: Request[Any, Any, Any]) -> None:
        self.request = request
        self.desk: Desk = request.app.state.desk
        self.admitted: Admitted = request.state.admitted

    @property
    def console(self) -> Console:
        """The console's parts; without them there are no pages."""
        assert self.desk.console  # noqa: S101 - pages are there only where it is
        return self.desk.console

    @property
    def visitor(self) -> Visitor:
        """Who it is. Only where the route's rule wants somebody."""
        assert self.admitted.visitor  # noqa: S101 - the rule has seen to it
        return self.admitted.visitor

    @property
    def account(self) -> AccountEntry:
        """The account of the path. Only where there is one."""
        assert self.admitted.account  # noqa: S101 - the rule has seen to it
        return self.admitted.account

    @property
    def group(self) -> EventGroupEntry:
        """The event group of the path. Only where there is one."""
        assert self.admitted.group  # noqa: S101 - the rule has seen to it
        return self.admitted.group

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read the registry with."""
        with self.console.registry.reading() as connection:
            yield connection

    @contextmanager
    def change(self, by: str | None = None) -> Iterator[Change]:
        """A change of the registry, now and from where they are, by the visitor or whoever else is named."""
        by, address = by or self.visitor.name, address_of(self.request)
        with self.console.registry.change(by=by, now=self.console.clock(), address=address) as change:
            yield change

    def page(self, template: str, *, title: str, status: int = 200, **values: Any) -> Page:
        """The page that a template of `templates/` makes of these values; the frame around it comes by itself.

        `title` is the heading and the name in the browser's tab.
        """
        made = Response("", media_type=MediaType.HTML, status_code=status)
        made.content = render(template, title=title, **self._surroundings(made), **values)
        return made

    def go(self, path: str, said: str | None = None) -> Redirect:
        """Go on to another page; `said` is a word of `said.SAID`, whose sentence is shown there."""
        if said is not None and said not in SAID:
            raise KeyError(said)
        return Redirect(f"{path}?said={said}" if said else path, status_code=303)

    def _surroundings(self, made: Page) -> dict[str, Any]:
        admitted, query = self.admitted, self.request.query_params
        value = forgery.cookie_value(self.request)
        if not value:
            value = secrets.token_urlsafe(24)
            made.cookies.append(cookies.make(self.request, "visit", value))
        theme = cookies.read(self.request, "theme")
        return {
            "csrf": forgery.token(value),
            "theme": theme if theme in ("light", "dark") else "",
            "path": self.request.url.path,
            "visitor": admitted.visitor,
            "account": admitted.account,
            "group": admitted.group,
            "organization": admitted.organization,
            "role": admitted.role,
            # by whose clock times are shown
            "zone": admitted.account.time_zone if admitted.account else "UTC",
            "choices": self._choices(),
            "navigation": navigation(admitted, self.request.url.path),
            "said": SAID.get(query.get("said", "")),
            "now": self.console.clock(),
        }

    def _choices(self) -> list[AccountEntry]:
        """The accounts that the visitor can change to."""
        if self.admitted.visitor is None:
            return []
        with self.reading() as connection:
            return self.admitted.visitor.sees(accounts.entries(connection))


#: how a handler asks for it, under the name `frame`
FrameHere = NamedDependency[Frame]


def provide_frame(request: Request[Any, Any, Any]) -> Frame:
    """The dependency."""
    return Frame(request)
