"""Event groups: making one, and its settings."""

from __future__ import annotations

from typing import Any, cast

from litestar import Response, get, post
from msgspec import Struct

from headgate.desk.forms import Form
from headgate.desk.frame import Frame, FrameHere, Page
from headgate.errors import RegistryError
from headgate.registry import event_groups
from headgate_contract.vocabulary import Identifiers

NEW = "/accounts/{account_id:str}/new-group"
SETTINGS = "/accounts/{account_id:str}/groups/{group_id:str}/settings"


class Group(Struct):
    """The form."""

    id: str = ""
    name: str = ""
    identifiers: str = "article"
    #: web sites whose pages may send by the pixel, one a line
    origins: str = ""
    #: `on`, or empty: how a browser sends a box
    cookie: str = ""
    advanced_matching: str = ""

    @property
    def listed(self) -> list[str]:
        """The web sites."""
        return self.origins.split()


@get(NEW, sync_to_thread=True, include_in_schema=False)
def get_new_group(frame: FrameHere) -> Page:
    """The form."""
    return _page(frame, "group_new.html", "New event group", Group(cookie="on"))


@post(NEW, status_code=200, sync_to_thread=True, include_in_schema=False)
def post_new_group(frame: FrameHere, data: Form[Group]) -> Response[Any]:
    """Make a group."""
    try:
        with frame.change() as change:
            made = event_groups.create(
                change,
                data.id.strip(),
                account_id=frame.account.id,
                name=data.name.strip(),
                identifiers=cast("Identifiers", data.identifiers),
                cookie=bool(data.cookie),
                advanced_matching=bool(data.advanced_matching),
                origins=data.listed,
            )
    except RegistryError as error:
        return _page(frame, "group_new.html", "New event group", data, error)
    return frame.go(f"/accounts/{frame.account.id}/groups/{made.id}/settings", "group-made")


@get(SETTINGS, sync_to_thread=True, include_in_schema=False)
def get_group_settings(frame: FrameHere) -> Page:
    """What can be chosen for a group."""
    group = frame.group
    cookie, matching = ("on" if chosen else "" for chosen in (group.cookie, group.advanced_matching))
    form = Group(group.id, group.name, group.identifiers, "\n".join(group.origins), cookie, matching)
    return _page(frame, "group_settings.html", "Group settings", form)


@post(SETTINGS, status_code=200, sync_to_thread=True, include_in_schema=False)
def post_group_settings(frame: FrameHere, data: Form[Group]) -> Response[Any]:
    """Change it."""
    try:
        with frame.change() as change:
            event_groups.update_entry(
                change,
                frame.group.id,
                name=data.name.strip(),
                identifiers=cast("Identifiers", data.identifiers),
                cookie=bool(data.cookie),
                advanced_matching=bool(data.advanced_matching),
                origins=data.listed,
            )
    except RegistryError as error:
        return _page(frame, "group_settings.html", "Group settings", data, error)
    return frame.go(f"/accounts/{frame.account.id}/groups/{frame.group.id}/settings", "saved")


def _page(frame: Frame, template: str, title: str, form: Group, error: RegistryError | None = None) -> Page:
    return frame.page(template, title=title, status=400 if error else 200, form=form, error=str(error or ""))


ROUTES = (get_new_group, post_new_group, get_group_settings, post_group_settings)
