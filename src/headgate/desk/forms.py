"""Forms: `data: Form[X]` reads the fields of a form into a struct `X` whose fields are text with defaults."""

from __future__ import annotations

from typing import Annotated, TypeVar

from litestar.enums import RequestEncodingType
from litestar.params import Body

_T = TypeVar("_T")
#: bytes of a form that somebody may send who is not signed in
SMALL = 16 * 1024
Form = Annotated[_T, Body(media_type=RequestEncodingType.URL_ENCODED)]
