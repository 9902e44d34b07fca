"""For Django: a decorator that requires an access token, a middleware that does for all paths, and the metadata's URL.

The setting ``VESTIBULE_VERIFY`` has the arguments of ``Verifier``, and ``public`` with the paths that need no token.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from vestibule_verify.errors import AccessRefused
from vestibule_verify.guards import Guard, requires
from vestibule_verify.tokens import AccessToken
from vestibule_verify.verifier import Verifier

SETTING = "VESTIBULE_VERIFY"
KEY = "vestibule_access_token"  # the attribute of a request
View = Callable[..., Any]


@dataclass(frozen=True)
class DjangoRequest:
    """A request of Django."""

    request: HttpRequest

    @property
    def method(self) -> str:
        return self.request.method or "GET"

    @property
    def url(self) -> str:
        return self.request.build_absolute_uri()

    @property
    def query(self) -> str:
        return str(self.request.META.get("QUERY_STRING", ""))

    def values(self, header: str) -> Sequence[str]:
        found = self.request.headers.get(header)
        return [] if found is None else [found]


@cache
def verifier() -> Verifier:
    """Return the verifier of this process, by the setting. Raises ValueError and TypeError if that is wrong."""
    return Verifier(**{name: value for name, value in _settings().items() if name != "public"})


def token_of(request: HttpRequest) -> AccessToken:
    """Return the access token of a request that was let in. Raises AttributeError elsewhere."""
    token: AccessToken = getattr(request, KEY)
    return token


def protected(guard: Guard | None = None, *, tenant_from: str = "") -> Callable[[View], View]:
    """Require an access token for a view, and what the guard requires.

    ``tenant_from`` names the argument of the view that is a tenant. A site that a browser cannot talk to by its cookies
    needs no protection from forged forms, so the view is exempt from that.
    """
    needed = guard or requires()

    def decorate(view: View) -> View:
        if iscoroutinefunction(view):

            @wraps(view)
            async def waiting(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
                try:
                    found = _for_tenant(needed, tenant_from, kwargs)
                    setattr(request, KEY, await verifier().verify_async(DjangoRequest(request), found))
                    response: HttpResponseBase = await view(request, *args, **kwargs)
                except AccessRefused as refused:
                    return response_to(refused)
                return response

            return csrf_exempt(waiting)

        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                found = _for_tenant(needed, tenant_from, kwargs)
                setattr(request, KEY, verifier().verify(DjangoRequest(request), found))
                response: HttpResponseBase = view(request, *args, **kwargs)
            except AccessRefused as refused:
                return response_to(refused)
            return response

        return csrf_exempt(checked)

    return decorate


class AccessTokenMiddleware:
    """Requires an access token for every path, but for the metadata and those that ``public`` names, exactly.

    It also answers refusals that views raise.
    """

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        public: Collection[str] = _settings().get("public", ())
        self._public = frozenset(public) | {verifier().metadata_path}
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._waiting(request)
        try:
            if request.path not in self._public:
                setattr(request, KEY, verifier().verify(DjangoRequest(request)))
        except AccessRefused as refused:
            return response_to(refused)
        response: HttpResponseBase = self._get_response(request)
        return response

    async def _waiting(self, request: HttpRequest) -> HttpResponseBase:
        try:
            if request.path not in self._public:
                setattr(request, KEY, await verifier().verify_async(DjangoRequest(request)))
        except AccessRefused as refused:
            return response_to(refused)
        response: HttpResponseBase = await self._get_response(request)
        return response

    def process_exception(self, _request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return response_to(exception) if isinstance(exception, AccessRefused) else None


@require_safe
def metadata_view(_request: HttpRequest) -> HttpResponse:
    """Return the metadata (RFC 9728)."""
    return JsonResponse(verifier().metadata(), headers={"Access-Control-Allow-Origin": "*"})


def metadata_url() -> URLPattern:
    """Return the URL of the metadata, for the root of the site's URLs."""
    return path(verifier().metadata_path.removeprefix("/"), metadata_view)


def response_to(refused: AccessRefused) -> HttpResponse:
    return JsonResponse(refused.as_json(), status=refused.status, headers=dict(refused.headers))


def _settings() -> dict[str, Any]:
    found: dict[str, Any] = getattr(settings, SETTING)
    return found


def _for_tenant(guard: Guard, tenant_from: str, arguments: dict[str, Any]) -> Guard:
    return guard.in_tenant(str(arguments[tenant_from])) if tenant_from else guard
