"""A Django site whose view verifies access tokens with PyJWT. KEY is the issuer's key as JSON, which never changes."""

import json
import os
from functools import wraps
from typing import Any

import django
import jwt
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from bench.peers.pyjwt.stock import STOCK

ISSUER, AUDIENCE, SCOPE = os.environ["ISSUER"], os.environ["AUDIENCE"], os.environ["SCOPE"]
KEY = jwt.PyJWK(json.loads(os.environ["KEY"])).key


def with_token(view: Any) -> Any:
    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponse:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            claims = jwt.decode(token, KEY, algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)
        except jwt.PyJWTError:
            return JsonResponse({"error": "invalid_token"}, status=401, headers={"WWW-Authenticate": "Bearer"})
        if scheme.lower() != "bearer" or SCOPE not in claims.get("scope", "").split():
            return JsonResponse({"error": "insufficient_scope"}, status=403)
        return view(request, claims)  # type: ignore[no-any-return]

    return checked


@with_token
def me(_request: HttpRequest, claims: dict[str, Any]) -> HttpResponse:
    return JsonResponse({"subject": claims["sub"]})


urlpatterns = [path("me", me)]
settings.configure(ROOT_URLCONF=__name__, **STOCK)
django.setup()
application = get_wsgi_application()
