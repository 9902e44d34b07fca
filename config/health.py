"""Whether this process is alive, for whatever watches over it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase, JsonResponse

LIVE = "/health/live"


def answer_first(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer before anything else looks at the request.

    A watcher asks by address, not by the site's name, and a database or a provider that is away is no reason
    to kill this process.
    """

    def handle(request: HttpRequest) -> HttpResponseBase:
        if request.path_info == LIVE and request.method in {"GET", "HEAD"}:
            return JsonResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})
        return get_response(request)

    return handle
