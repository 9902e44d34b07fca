"""The page on which somebody downloads all that is kept about them."""

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.organizations.middleware import without_tenant
from accounts.privacy import exporting
from accounts.sign_in.reauthentication import gate


@without_tenant
@require_http_methods(["GET", "HEAD", "POST"])
@gate.reauthentication_required
def own_data(request: HttpRequest, user: User) -> HttpResponseBase:
    """GET tells what it will be, POST gives it out: whoever finds a browser open does not get at it."""
    return answer(user) if request.method == "POST" else render(request, "accounts/data.html")


def answer(person: User) -> StreamingHttpResponse:
    """Give out what is kept about a person, as a file."""
    exporting.begin(person)
    response = StreamingHttpResponse(exporting.export(person), content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="kept-{timezone.now():%Y-%m-%d}.json"'
    return response
