"""The links beside a page: what there is in the account and the event group, as far as the visitor's role reaches.

A link is there only if its page is in the table of access, so that a new page needs a row there and a row here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from headgate.desk.access import RULES, Admitted


class Item(NamedTuple):
    """A page that can be gone to."""

    label: str
    #: path with `{account_id}` and the like, as in the table of access
    path: str
    #: name of a symbol in `icons.html`
    icon: str


class Link(NamedTuple):
    """An item for this visitor, here."""

    label: str
    url: str
    icon: str
    is_current: bool = False


class Section(NamedTuple):
    """Links under a heading."""

    heading: str
    links: list[Link]


_ACCOUNT = "/accounts/{account_id}"
_GROUP = _ACCOUNT + "/groups/{group_id}"

EVENTS = (Item("Event groups", _ACCOUNT, "groups"),)
GROUP = (
    Item("Overview", _GROUP, "overview"),
    Item("Events", f"{_GROUP}/events", "audit"),
    Item("Test events", f"{_GROUP}/test-events", "test"),
    Item("Diagnostics", f"{_GROUP}/diagnostics", "diagnostics"),
    Item("Event trace", f"{_GROUP}/trace", "trace"),
    Item("Connect", f"{_GROUP}/connect", "plus"),
    Item("Group settings", f"{_GROUP}/settings", "settings"),
)
SETTINGS = (
    Item("API keys", f"{_ACCOUNT}/settings/keys", "key"),
    Item("Partners", f"{_ACCOUNT}/settings/partners", "partners"),
    Item("Users", f"{_ACCOUNT}/settings/users", "users"),
    Item("Audit log", f"{_ACCOUNT}/settings/audit", "audit"),
    Item("Account", f"{_ACCOUNT}/settings/account", "settings"),
)
ORGANIZATION = (
    Item("Accounts", "/organizations/{organization_id}/accounts", "groups"),
    Item("Users", "/organizations/{organization_id}/users", "users"),
    Item("Audit log", "/organizations/{organization_id}/audit", "audit"),
)


def navigation(admitted: Admitted, path: str) -> list[Section]:
    """The sections that the visitor has at this path; those without a link are left out."""
    sections = [section for section in _sections(admitted) if section.links]
    # on a page below another one, the nearest is where we are
    urls = [link.url for section in sections for link in section.links if _is_under(path, link.url)]
    here = max(urls, key=len, default=None)
    return [
        section._replace(links=[link._replace(is_current=link.url == here) for link in section.links])
        for section in sections
    ]


def _sections(admitted: Admitted) -> Iterator[Section]:
    if admitted.account is not None:
        yield Section("Events", _links(EVENTS, admitted))
        if admitted.group is not None:
            yield Section(admitted.group.name, _links(GROUP, admitted))
        yield Section("Settings", _links(SETTINGS, admitted))
    if admitted.organization is not None:
        yield Section(admitted.organization.name, _links(ORGANIZATION, admitted))


def _links(items: tuple[Item, ...], admitted: Admitted) -> list[Link]:
    ids = {
        "account_id": admitted.account.id if admitted.account else "",
        "group_id": admitted.group.id if admitted.group else "",
        "organization_id": admitted.organization.id if admitted.organization else "",
    }
    return [Link(item.label, item.path.format_map(ids), item.icon) for item in items if _reaches(admitted, item)]


def _is_under(path: str, url: str) -> bool:
    return path == url or path.startswith(f"{url}/")


def _reaches(admitted: Admitted, item: Item) -> bool:
    rule = RULES.get(f"GET {item.path}")
    if rule is None or admitted.visitor is None:
        return False
    role = admitted.role
    if "{organization_id}" in item.path and admitted.organization is not None:
        role = admitted.visitor.role_in_organization(admitted.organization.id)
    return rule.role is None or (role is not None and role >= rule.role)
