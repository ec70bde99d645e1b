"""Settings of an account itself, and the accounts of an organization."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from litestar import Response, get, post
from msgspec import Struct

from headgate.desk.forms import Form
from headgate.desk.frame import Frame, FrameHere, Page
from headgate.errors import RegistryError
from headgate.registry import accounts

ACCOUNT = "/accounts/{account_id:str}/settings/account"
ACCOUNTS = "/organizations/{organization_id:str}/accounts"
#: those that people know by name; the rest are other names for them, and clocks without a place
TIME_ZONES = sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))


class Account(Struct):
    """The form."""

    name: str = ""
    time_zone: str = "UTC"


class NewAccount(Struct):
    """The form."""

    id: str = ""
    name: str = ""


@get(ACCOUNT, sync_to_thread=True, include_in_schema=False)
def get_account_settings(frame: FrameHere) -> Page:
    """Name and time zone."""
    return _settings(frame, Account(frame.account.name, frame.account.time_zone))


@post(ACCOUNT, status_code=200, sync_to_thread=True, include_in_schema=False)
def post_account_settings(frame: FrameHere, data: Form[Account]) -> Response[Any]:
    """Change them."""
    try:
        with frame.change() as change:
            accounts.update_entry(change, frame.account.id, name=data.name.strip(), time_zone=data.time_zone)
    except RegistryError as error:
        return _settings(frame, data, error)
    return frame.go(f"/accounts/{frame.account.id}/settings/account", "saved")


@get(ACCOUNTS, sync_to_thread=True, include_in_schema=False)
def get_organization_accounts(frame: FrameHere) -> Page:
    """The accounts of an organization, and the form for another."""
    return _accounts(frame, NewAccount())


@post(ACCOUNTS, status_code=200, sync_to_thread=True, include_in_schema=False)
def post_organization_account(frame: FrameHere, data: Form[NewAccount]) -> Response[Any]:
    """Make an account."""
    assert frame.admitted.organization  # noqa: S101 - the rule has seen to it
    organization_id = frame.admitted.organization.id
    try:
        with frame.change() as change:
            made = accounts.create(change, data.id.strip(), organization_id=organization_id, name=data.name.strip())
    except RegistryError as error:
        return _accounts(frame, data, error)
    return frame.go(f"/accounts/{made.id}", "account-made")


def _settings(frame: Frame, form: Account, error: RegistryError | None = None) -> Page:
    return frame.page(
        "account_settings.html",
        title="Account",
        status=400 if error else 200,
        form=form,
        # a zone that a script has set under another of its names stays what it is
        time_zones=sorted({frame.account.time_zone, *TIME_ZONES} - {"UTC"}, key=str.casefold),
        error=str(error or ""),
    )


def _accounts(frame: Frame, form: NewAccount, error: RegistryError | None = None) -> Page:
    assert frame.admitted.organization  # noqa: S101 - the rule has seen to it
    with frame.reading() as connection:
        entries = [
            each for each in accounts.entries(connection) if each.organization_id == frame.admitted.organization.id
        ]
    return frame.page(
        "organization_accounts.html",
        title="Accounts",
        status=400 if error else 200,
        accounts=entries,
        form=form,
        error=str(error or ""),
    )


ROUTES = (get_account_settings, post_account_settings, get_organization_accounts, post_organization_account)
