"""A FastAPI checkout that reports each purchase: `uvicorn --factory fastapi_checkout:from_environment`."""

import os

from fastapi import FastAPI, Request
from pydantic import BaseModel

from headgate_client import AsyncClient, AsyncQueue, Drop, InvalidEvent, custom_data, event, user_data


class Order(BaseModel):
    """What the page sends."""

    id: str
    email: str
    total: str


def make_app(queue: AsyncQueue) -> FastAPI:
    """The shop. The queue sends in the background and is emptied when the shop closes."""
    app = FastAPI(on_shutdown=[queue.close])

    @app.post("/checkout")
    async def checkout(order: Order, request: Request) -> dict[str, str]:
        try:  # the card is charged and the order stored: whatever is in it, only its report may fail
            customer = user_data(email=order.email, client_ip_address=request.client.host if request.client else None)
            bought = custom_data(value=order.total, currency="EUR", order_id=order.id)
            purchase = event("PURCHASE", customer, custom_data=bought, event_id=f"order-{order.id}")
        except InvalidEvent as why:
            return {"not_reported": str(why)}
        return {"event_id": await queue.put(purchase)}

    return app


def from_environment() -> FastAPI:
    """The shop as it runs in production."""
    client = AsyncClient(*(os.environ[f"HEADGATE_API_{name}"] for name in ("URL", "KEY", "GROUP")))
    return make_app(AsyncQueue(client, full=Drop()))
