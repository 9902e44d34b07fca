"""The liveness probe of a web process."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase, JsonResponse

LIVE = "/health/live"


def answer_first(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer the probe before any other middleware.

    A probe uses the IP address as host name, and an unavailable database or provider is no reason to kill this
    process.
    """

    def handle(request: HttpRequest) -> HttpResponseBase:
        if request.path_info == LIVE and request.method in {"GET", "HEAD"}:
            return JsonResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})
        return get_response(request)

    return handle
