"""Settings: the API keys of an account."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.params import PathParameter
from msgspec import Struct

from headgate.desk import key_rings
from headgate.desk.forms import Form
from headgate.desk.frame import Frame, FrameHere, Page
from headgate.errors import RegistryError

KEYS = "/accounts/{account_id:str}/settings/keys"
KeyId = Annotated[str, PathParameter()]


class NewKey(Struct):
    """The form."""

    name: str = ""


class Revoking(Struct):
    """The form: the name of the key, typed."""

    typed: str = ""


@get(KEYS, sync_to_thread=True, include_in_schema=False)
def get_keys(frame: FrameHere) -> Page:
    """All keys, and the form for another."""
    return _page(frame)


@post(KEYS, status_code=200, sync_to_thread=True, include_in_schema=False)
def post_key(frame: FrameHere, data: Form[NewKey]) -> Page:
    """Make a key, and show it: this once."""
    try:
        made = key_rings.make_key(frame, data.name)
    except RegistryError as error:
        return _page(frame, error)
    return _page(frame, made=made)


@get(f"{KEYS}/{{key_id:str}}/revoke", sync_to_thread=True, include_in_schema=False)
def get_revoking(frame: FrameHere, key_id: KeyId) -> Page:
    """Ask whether this is meant."""
    return _revoking(frame, key_id)


@post(f"{KEYS}/{{key_id:str}}/revoke", status_code=200, sync_to_thread=True, include_in_schema=False)
def post_revoking(frame: FrameHere, key_id: KeyId, data: Form[Revoking]) -> Response[Any]:
    """Revoke it, once its name has been typed."""
    line = key_rings.get_key(frame, key_id)
    if data.typed.strip() != line.name:
        return _revoking(frame, key_id, f"That is not the name of the key: type {line.name}")
    key_rings.revoke_key(frame, key_id)
    return frame.go(f"/accounts/{frame.account.id}/settings/keys", "key-revoked")


def _page(frame: Frame, error: RegistryError | None = None, made: key_rings.MadeKey | None = None) -> Page:
    return frame.page(
        "keys.html",
        title="API keys",
        status=400 if error else 200,
        lines=key_rings.list_keys(frame),
        error=str(error or ""),
        made=made,
        edge_url=frame.console.edge_url,
    )


def _revoking(frame: Frame, key_id: str, error: str = "") -> Page:
    line = key_rings.get_key(frame, key_id)
    return frame.page(
        "key_revoke.html", title="Revoke an API key", status=400 if error else 200, line=line, error=error
    )


ROUTES = (get_keys, post_key, get_revoking, post_revoking)
