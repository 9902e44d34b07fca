"""The Django back end with our own verifier, all checks on, and the settings of the peer."""

import os

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from bench.peers.pyjwt.stock import STOCK
from vestibule_verify.django import protected, token_of
from vestibule_verify.guards import requires

settings.configure(
    ROOT_URLCONF=__name__,
    VESTIBULE_VERIFY={"issuer": os.environ["ISSUER"], "audience": os.environ["AUDIENCE"]},
    **STOCK,
)
django.setup()


@protected(requires(scope=os.environ["SCOPE"]))
def me(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"subject": token_of(request).subject})


urlpatterns = [path("me", me)]
application = get_wsgi_application()
