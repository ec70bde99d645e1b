"""A Flask checkout that reports each purchase: `flask --app flask_checkout:from_environment run`."""

import os
from typing import Any

from flask import Flask, request

from headgate_client import Client, Drop, InvalidEvent, Queue, custom_data, event, user_data


def make_app(queue: Queue) -> Flask:
    """The shop. The queue sends in the background, so that no customer waits for it."""
    app = Flask(__name__)

    @app.post("/checkout")
    def checkout() -> dict[str, Any]:
        order = request.get_json()
        # … charge the card, store the order …
        try:
            customer = user_data(email=order["email"], client_ip_address=request.remote_addr)
            bought = custom_data(value=order["total"], currency="EUR", order_id=order["id"])
            purchase = event("PURCHASE", customer, custom_data=bought, event_id=f"order-{order['id']}")
        except InvalidEvent as why:
            # the order stands; only its report does not
            app.logger.warning("order %s is not reported: %s", order["id"], why)
            return {"event_id": None}
        # the page gives the same id to the pixel: the purchase counts once
        return {"event_id": queue.put(purchase)}

    return app


def from_environment() -> Flask:
    """The shop as it runs in production."""
    client = Client(*(os.environ[f"HEADGATE_API_{name}"] for name in ("URL", "KEY", "GROUP")))
    return make_app(Queue(client, full=Drop()))
