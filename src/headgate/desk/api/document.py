"""The document of the inside API, for whoever may use it: `/api/openapi.json`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from litestar import Litestar, Request, Router, get
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ControllerRouterHandler

from headgate.desk.frame import provide_frame


def document(handlers: Sequence[ControllerRouterHandler]) -> dict[str, Any]:
    """The document of these handlers.

    They are put into an application of their own for it, which is never served: the framework would bring its own
    pages along, on paths that are none of ours.
    """
    described = Litestar(
        route_handlers=[Router("/", route_handlers=handlers)],
        dependencies={"frame": Provide(provide_frame, sync_to_thread=False)},
        openapi_config=OpenAPIConfig(
            title="Headgate, inside",
            version=version("headgate"),
            description="What the console shows and does. The public API, which takes events, has its own, on its own port.",
            components=Components(
                security_schemes={"token": SecurityScheme(type="http", scheme="bearer", description="Of a user.")}
            ),
            security=[{"token": []}],
            use_handler_docstrings=True,
        ),
        logging_config=None,
    )
    return _with_problems(described.openapi_schema.to_schema())


def _with_problems(made: dict[str, Any]) -> dict[str, Any]:
    """With what is answered when something is wrong: the framework would tell of its own form, which is not ours."""
    components = made["components"]
    components["schemas"]["Problem"] = {
        "title": "Problem",
        "description": "What is wrong, and what to do about it.",
        "type": "object",
        "properties": {"code": {"type": "integer", "description": "The status."}, "description": {"type": "string"}},
        "required": ["code", "description"],
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    components["responses"] = {
        "Refused": {
            "description": "The request is not as it has to be, or not for whom it is from.",
            "content": content,
        },
        "Failed": {"description": "Something is away; with `Retry-After` where waiting helps.", "content": content},
    }
    for path in made["paths"].values():
        for operation in path.values():
            responses = operation["responses"]
            responses.pop("400", None)
            responses["4XX"] = {"$ref": "#/components/responses/Refused"}
            responses["5XX"] = {"$ref": "#/components/responses/Failed"}
    return made


@get("/api/openapi.json", sync_to_thread=True, include_in_schema=False)
def get_document(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The document."""
    made: dict[str, Any] = request.app.state.document()
    return made
