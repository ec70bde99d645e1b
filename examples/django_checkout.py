"""A Django checkout view that reports each purchase; in `urls.py`: `path("checkout", checkout_view(queue))`."""

import json
from collections.abc import Callable

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_POST

from headgate_client import InvalidEvent, Queue, custom_data, event, user_data


def checkout_view(queue: Queue) -> Callable[[HttpRequest], JsonResponse]:
    """The view. Make one queue a process, as in `AppConfig.ready`; with `full=Drop()` no customer ever waits for it."""

    @require_POST
    def checkout(request: HttpRequest) -> JsonResponse:
        order = json.loads(request.body)
        # … charge the card, store the order …
        try:
            purchase = event(
                "PURCHASE",
                user_data(
                    email=order["email"],
                    phone=order.get("phone"),
                    client_ip_address=request.META.get("REMOTE_ADDR"),
                    client_user_agent=request.META.get("HTTP_USER_AGENT"),
                ),
                custom_data=custom_data(value=order["total"], currency="EUR", order_id=order["id"]),
                event_id=f"order-{order['id']}",
            )
        except InvalidEvent as why:
            # the order stands; only its report does not
            return JsonResponse({"order": order["id"], "not_reported": str(why)})
        return JsonResponse({"order": order["id"], "event_id": queue.put(purchase)})

    return checkout
