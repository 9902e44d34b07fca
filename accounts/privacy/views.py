"""The page where people download their personal data."""

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
    """GET explains, POST exports. It requires reauthentication, because a stranger may find an open browser."""
    return answer(user) if request.method == "POST" else render(request, "accounts/data.html")


def answer(person: User) -> StreamingHttpResponse:
    """Return a person's personal data as a file."""
    exporting.begin(person)
    response = StreamingHttpResponse(exporting.export(person), content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="kept-{timezone.now():%Y-%m-%d}.json"'
    return response
