"""The documentation page of each kind of problem, to which the ``type`` of a problem document leads."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.organizations.middleware import without_tenant
from api.problems import KINDS


@require_safe
@without_tenant
def problem(request: HttpRequest, code: str) -> HttpResponse:
    """Explain a kind of problem to a person who reads a log. It needs no database and no session."""
    if code not in KINDS:
        raise Http404
    return render(None, "api/problem.html", {"problem": KINDS[code]})
